"""Is this instance alive, and is it ready: `/healthz` and `/readyz`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

import redis
from django.conf import settings
from django.db import Error as DatabaseProblem
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from convoys.models import Sweep
from convoys.models.triggers import missing
from convoys.queries.desk import health
from convoys.services.alerting.nobody import alerts_for_nobody

logger = logging.getLogger(__name__)
# So many turns without a success are a fault; before the first success it is not ready.
SWEEPS_MISSED = 4


class NotReadyError(Exception):
    """Why one part is not ready, in a sentence without addresses, secrets or names."""


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while this process answers. Asks nothing else: a restart would not mend the database."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when every part works, else 503; each part by name with "ok" or what is wrong with it.

    `ages` are whole seconds, null where there is nothing: of the last successful sweep, and of the
    oldest message that has not left. `counts` are messages that wait, those that were given up, and
    episodes with nobody to tell. A mail server that is away is told here and on the desk, and is no
    reason to take the pages off line.
    """
    parts = {name: _state_of(name, check) for name, check in CHECKS.items()}
    ready = all(state == "ok" for state in parts.values())
    contents = {"ready": ready, "checks": parts} | _how_it_does()
    return JsonResponse(contents, status=200 if ready else 503)


def _how_it_does() -> dict[str, dict[str, int | None]]:
    now = timezone.now()
    try:
        seen, nobody = health(now), len(alerts_for_nobody())
    except DatabaseProblem:
        return {"ages": {}, "counts": {}}
    named = {"sweep_seconds": seen.last_sweep_at, "oldest_unsent_seconds": seen.oldest_unsent_at}
    return {
        "ages": {name: int((now - at).total_seconds()) if at else None for name, at in named.items()},
        "counts": {"unsent": seen.waiting, "failed": seen.failed, "nobody_to_tell": nobody},
    }


def _state_of(name: str, check: Callable[[], None]) -> str:
    try:
        check()
    except NotReadyError as problem:
        logger.warning("not ready: %s: %s", name, problem)
        return str(problem)
    except DatabaseProblem as problem:
        logger.warning("not ready: %s: %s", name, type(problem).__name__)
        return "the database does not answer"
    return "ok"


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _redis() -> None:
    client = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=settings.REDIS_TIMEOUT,
        socket_connect_timeout=settings.REDIS_TIMEOUT,
    )
    try:
        client.ping()
    except redis.RedisError:
        raise NotReadyError("Redis does not answer") from None
    finally:
        client.close()


def _sweep() -> None:
    """Alerts go out only while the sweep runs; its age shows worker and beat at once."""
    last = Sweep.objects.filter(name="detect").values_list("last_success_at", flat=True).first()
    if last is None:
        raise NotReadyError("no sweep for due alerts has succeeded yet")
    age = abs(timezone.now() - last)  # a success in the future is from before the clock was set back
    if age > timedelta(seconds=SWEEPS_MISSED * settings.ALERT_SWEEP_SECONDS):
        raise NotReadyError(f"the last successful sweep for due alerts is {age.total_seconds():.0f} s old")


def _triggers() -> None:
    absent = missing(connection)
    if absent:
        raise NotReadyError(f"triggers are missing: {', '.join(sorted(absent))}")


CHECKS: dict[str, Callable[[], None]] = {
    "database": _database,
    "redis": _redis,
    "sweep": _sweep,
    "triggers": _triggers,
}

"""The desk's front page: what needs somebody now, how the system does, the daily round."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import site
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.models import ApiToken, Organisation, User
from accounts.role_admin import has_role
from accounts.roles import Role
from convoys.admin.rows import rows_of
from convoys.admin.still_there import round_for
from convoys.clocks import instance_zone
from convoys.models import (
    AccountOffered,
    Agreement,
    Alert,
    Claim,
    ControlPoint,
    Convoy,
    Event,
    LedgerEntry,
    MailSettings,
    Message,
    Place,
    Policy,
    Route,
    Subscription,
    Webhook,
)
from convoys.queries import desk
from convoys.queries.offered import undecided
from convoys.services.alerting.nobody import alerts_for_nobody
from convoys.vocabulary import State

ROWS = 25  # rows of one table; the list of convoys has them all


# Where else the desk goes, in this order: the model's admin and its name.
ELSEWHERE = [
    (Convoy, _lazy("Convoys")), (ControlPoint, _lazy("Control points")), (Route, _lazy("Routes")),
    (Agreement, _lazy("Agreements")), (Place, _lazy("Places")), (Organisation, _lazy("Organisations")),
    (User, _lazy("People and roles")), (ApiToken, _lazy("Tokens")), (Policy, _lazy("Alert policies")),
    (Subscription, _lazy("Subscriptions")), (Alert, _lazy("Alerts raised")), (Message, _lazy("Messages")),
    (MailSettings, _lazy("Mail settings")),
    (Webhook, _lazy("Webhooks")), (AccountOffered, _lazy("Partners' accounts")),
    (Event, _lazy("Events")), (Claim, _lazy("Claims")), (LedgerEntry, _lazy("Ledger")),
]  # fmt: skip


def elsewhere(request: HttpRequest) -> list[tuple[str, Any]]:
    """Address and name of each list that this person may open."""
    found = []
    for model, name in ELSEWHERE:
        model_admin = site.get_model_admin(model)
        if model_admin.has_view_permission(request):
            options = model._meta
            found.append((reverse(f"admin:{options.app_label}_{options.model_name}_changelist"), name))
    return found


def front_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """A fixed number of queries, however many convoys there are."""
    now = timezone.now()
    real = desk.desk_convoys().filter(is_exercise=False)
    held = list(desk.open_in(State.HELD)[:ROWS])
    stopped = list(desk.stopped_too_long()[:ROWS])
    silent = list(real.filter(desk.silent(now)).order_by("last_reported_at", "reference")[:ROWS])
    overdue = list(real.filter(desk.overdue(now)).order_by("due_at", "reference")[:ROWS])
    exercises = [
        *desk.open_in(State.HELD, True)[:ROWS], *desk.open_in(State.STOPPED, True)[:ROWS],
        *desk.open_in(State.DISPATCHED, True)[:ROWS],
    ]  # fmt: skip
    open_ids = list(
        real.filter(status__in=[State.HELD, State.STOPPED, State.DISPATCHED]).values_list("pk", flat=True)
    )
    contested = desk.contested_among(open_ids)
    steps = desk.next_steps([convoy.pk for convoy in [*held, *exercises]])
    failed, nobody = desk.failed_messages(), alerts_for_nobody()
    webhooks = desk.disabled_webhooks()
    waiting = list(undecided()[:ROWS])
    disputed = list(real.filter(pk__in=contested).order_by("reference")[:ROWS])
    may_record = has_role(request, Role.DESK_OFFICER)
    counts = {
        "held": desk.open_in(State.HELD).count(),
        "stopped": desk.stopped_too_long().count(),
        "silent": real.filter(desk.silent(now)).count(),
        "contested": len(contested),
        "failed": len(failed) + len(nobody) + len(webhooks),
    }
    return TemplateResponse(
        request,
        "admin/index.html",
        context
        | {
            "title": _("What needs me now"),
            "now": now,
            "local_now": now.astimezone(instance_zone()),
            "zone": instance_zone(),
            "counts": counts,
            "held": rows_of(held, now, steps, contested),
            "stopped": rows_of(stopped, now),
            "silent": rows_of(silent, now),
            "overdue": rows_of(overdue, now),
            "contested": rows_of(disputed, now, contested=contested),
            "exercises": rows_of(exercises, now, steps),
            "failed": failed,
            "nobody": nobody,
            "disabled_webhooks": webhooks,
            "waiting": waiting,
            "may_coordinate": has_role(request, Role.COORDINATOR),
            "health": desk.health(now),
            "silence_days": round(desk.silence_limit().total_seconds() / 86400),
            "may_record": may_record,
            "may_subscribe_others": has_role(request, Role.COORDINATOR),
            "round": round_for(request) if may_record else None,
            "elsewhere": elsewhere(request),
        },
    )

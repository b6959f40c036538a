"""One log line a request: what was asked, how it ended, how long it took; never who asked."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from convoytracker.logs import request_id

logger = logging.getLogger("convoytracker.request")
# What a caller may call its request: no line ends, no spaces, nothing that a log could be read wrong by.
SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
QUIET = ("/healthz", "/readyz", "/static/")


class RequestLogMiddleware:
    """Give the request an id, or keep the one it came with; send it back, and log the route, not the path.

    The route (`u/<token>/`) has no tokens and no names of convoys in it; the path has.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Not reset afterwards: Django logs the traceback of a failure once this has returned.
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id.set(given if SANE.fullmatch(given) else uuid.uuid4().hex[:16])
        started = time.monotonic()
        response = self.get_response(request)
        response["X-Request-ID"] = request_id.get()
        if not request.path.startswith(QUIET):
            match = request.resolver_match
            logger.info(
                "%s /%s %d %d ms",
                request.method,
                match.route if match else "(no such page)",
                response.status_code,
                (time.monotonic() - started) * 1000,
            )
        return response

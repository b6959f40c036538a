"""So many requests a minute for each token, or for each person signed in; counted in the cache."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.models import ApiToken

if TYPE_CHECKING:
    from rest_framework.views import APIView

WINDOW_SECONDS = 60
POLICY = "minute"


class PerTokenThrottle(BaseThrottle):
    """A counter per token and minute. It guards the server from a loop gone wild, not from attackers.

    Every answer says what is left, by the fields of draft-ietf-httpapi-ratelimit-headers-10.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        if not request.user.is_authenticated:
            return True
        who = f"token-{request.auth.pk}" if isinstance(request.auth, ApiToken) else f"user-{request.user.pk}"
        now, quota = int(time.time()), settings.API_REQUESTS_PER_MINUTE
        count = _count(f"api-requests:{who}:{now // WINDOW_SECONDS}")
        self.seconds_left = WINDOW_SECONDS - now % WINDOW_SECONDS
        view.headers["RateLimit-Policy"] = f'"{POLICY}";q={quota};w={WINDOW_SECONDS}'
        view.headers["RateLimit"] = f'"{POLICY}";r={max(quota - count, 0)};t={self.seconds_left}'
        return count <= quota

    def wait(self) -> float:
        """Seconds until the next minute begins."""
        return self.seconds_left


def _count(key: str) -> int:
    """This request's number in its minute."""
    try:
        return int(cache.incr(key))
    except ValueError:  # the first
        if cache.add(key, 1, 2 * WINDOW_SECONDS):
            return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # evicted in between: counting starts again
        return 1

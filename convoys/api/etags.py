"""Whether an answer is still the one that the asker has: entity tags (RFC 9110, 8.8.3 and 13.1.2).

A tag that is made from what the answer depends on is there before the answer is, so that who has the
answer already costs next to nothing. Why it hashes what it does: docs/decisions/0008-entity-tags.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from enum import Enum
from functools import partial
from typing import Any

import orjson
from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.http import parse_etags
from django.utils.translation import get_language
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.roles import role_of
from convoys.queries.as_of import Moment
from convoys.queries.record_version import record_version
from convoys.queries.visibility import viewer_of
from convoys.services.checking import CLOCK_SKEW
from convoytracker.release import release

READING = frozenset({"GET", "HEAD"})
SALT = "convoys.api.etags"


class Basis(Enum):
    """What an answer depends on besides the request, and so what its tag is made from.

    RECORD: the ledger, master data, and what the asker may see; nothing that the clock changes.
    RELEASE: nothing, until the next release. ANSWER: something else; the tag is that of the body.
    """

    RECORD = "record"
    RELEASE = "release"
    ANSWER = "answer"


class Unchanged(Exception):
    """The asker named the tag that the answer would have: there is nothing to read or to send."""


def circumstances() -> tuple[Any, ...]:
    """What shapes every answer, whatever is asked: our code, and the settings that it words answers by."""
    return (
        release(),
        settings.SITE_URL,
        settings.INSTANCE_TIME_ZONE,
        settings.SILENT_AFTER_HOURS,
        get_language(),
    )


def tag_beforehand(request: Request, basis: Basis, moment: Moment, by_now: bool) -> str | None:
    """The tag of the answer to come; None where only the body can tell.

    `by_now`: the answer leaves out what has not begun yet. A report may be dated a little ahead, so
    that for a while after the last one the clock alone brings something new.
    """
    if basis is Basis.ANSWER:
        return None
    parts: list[Any] = [
        *circumstances(),
        request.accepted_media_type,
        request.build_absolute_uri(),  # whole: links in the answer repeat it
    ]
    if basis is Basis.RECORD:
        version = record_version()
        if version is None:
            return None
        settles_at = version.head_at and version.head_at + (CLOCK_SKEW if by_now else timedelta())
        # Without `by_now`: a clock that was set back hides the newest entries until it has caught up.
        if settles_at and settles_at > timezone.now() and (by_now or not moment.is_now):
            return None
        user = request.user if isinstance(request.user, User) else None
        viewer = viewer_of(user)
        parts += [viewer.is_staff, viewer.organisation, role_of(user).name]
        # As resolved: a date of today means now until its day is over.
        parts += [moment.as_of, moment.known_at]
        parts += [version.size, version.root, version.master_data]
    return _weak(repr(parts))


def _weak(told: str | bytes) -> str:
    """Weak, since the same answer may go out compressed or not; keyed, so that nobody can make one up."""
    return f'W/"{salted_hmac(SALT, told, algorithm="sha256").hexdigest()[:32]}"'


def tags_named(request: Request) -> list[str]:
    """What `If-None-Match` says: tags, or `*` alone for any answer at all."""
    return parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))


def is_named(request: Request, tag: str) -> bool:
    """Whether the asker has the answer with this tag, by weak comparison. `*` names none in particular."""
    opaque = tag.removeprefix("W/")
    return any(named.removeprefix("W/") == opaque for named in tags_named(request))


def tag_by_body(request: Request) -> Callable[[Response], None]:
    """To be called when the body is rendered: tags it, and leaves it away where the asker has it."""
    return partial(_tag_rendered, request)


class RowsSeen:
    """The tag of what is written away row by row: that of its rows, since no file is kept to be read."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def passing(self, rows: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """The rows, noticed as they pass."""
        for row in rows:
            self._digest.update(orjson.dumps(row, option=orjson.OPT_SORT_KEYS) + b"\n")
            yield row

    def tag(self, *format_of_it: object) -> str:
        return _weak(repr((format_of_it, self._digest.digest())))


def _tag_rendered(request: Request, response: Response) -> None:
    # The type too: two formats of nothing are both empty.
    tag = _weak(repr((response.headers.get("Content-Type"), response.content)))
    response["ETag"] = tag
    if is_named(request, tag) or tags_named(request) == ["*"]:
        response.status_code = 304
        response.content = b""
        del response["Content-Type"]

"""The day that an answer is about: `as_of` what was so then, `known_at` what was known by then.

Both default to now. Visibility is always asked of now.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from convoys.api.parameters import BadValueError, read_each
from convoys.clocks import end_of_day, instance_zone, start_of_day
from convoys.errors import InvalidInput
from convoys.queries.as_of import Moment

ASKED = ("as_of", "known_at")
FIRST_DAY = datetime(1900, 1, 1, tzinfo=UTC)
# A plus sign that was not escaped in an address arrives as a space.
SHAPE = r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+ -]\d{2}:\d{2}))?"
SENTENCE = "Give a date (2023-09-12) or an instant with its zone (2023-09-12T12:00Z)."

AS_KNOWN_NOW, AS_KNOWN_ON, AS_REPORTED_BY = "as known now", "as known on", "as reported by"


def past_instant(text: str) -> datetime:
    """A moment of today or before. Raises BadValueError."""
    if not re.fullmatch(SHAPE, text, re.ASCII):
        raise BadValueError(SENTENCE)
    try:
        at = Moment.parse(as_of=text).asked
    except InvalidInput:
        raise BadValueError(SENTENCE) from None
    if at > end_of_day(timezone.now().astimezone(instance_zone()).date()):
        raise BadValueError("That day has not come yet. Give today or a day before it.")
    if at < FIRST_DAY:
        raise BadValueError("Give a day from 1900 on.")
    return at


def first_instant(text: str) -> datetime:
    """The same where a stretch begins: a date is the beginning of that day. Raises BadValueError."""
    at = past_instant(text)
    is_day = len(text) == len("2023-09-12")
    return start_of_day(at.astimezone(instance_zone()).date(), instance_zone()) if is_day else at


def _asked(given: list[str]) -> datetime | None:
    """What is left of today counts as now, which is None."""
    at = past_instant(given[0])
    return at if at <= timezone.now() else None


def moment_of(request: Request) -> Moment:
    """The moment that the query asks about. Raises a problem that names the parameters at fault."""
    return Moment(**read_each(request, dict.fromkeys(ASKED, _asked)))


PARAMETERS = [
    OpenApiParameter(
        name,
        {"type": "string", "pattern": f"^{SHAPE}$"},
        description=f"{meaning} A date is the end of that day in the tracker's zone; left out: now.",
    )
    for name, meaning in (
        ("as_of", "Answer with what was so at this moment."),
        ("known_at", "Answer with what was known by this moment."),
    )
]


class MomentSerializer(serializers.Serializer):
    """What the answer is about. Null is now.

    `basis` is how to say it: of history that was loaded afterwards it is known only what was
    reported by then, not what the desk knew.
    """

    as_of = serializers.SerializerMethodField()
    known_at = serializers.SerializerMethodField()
    backfilled = serializers.SerializerMethodField()
    basis = serializers.SerializerMethodField()

    @extend_schema_field({"type": ["string", "null"], "format": "date-time"})
    def get_as_of(self, moment: Moment) -> str | None:
        return _shown(moment.as_of)

    @extend_schema_field({"type": ["string", "null"], "format": "date-time"})
    def get_known_at(self, moment: Moment) -> str | None:
        return _shown(moment.known_at)

    def get_backfilled(self, moment: Moment) -> bool | None:
        """Whether it rests on history loaded afterwards; null where the answer is about now."""
        return None if moment.is_now else bool(self.context["backfilled"])

    @extend_schema_field({"type": "string", "enum": [AS_KNOWN_NOW, AS_KNOWN_ON, AS_REPORTED_BY]})
    def get_basis(self, moment: Moment) -> str:
        if moment.known_at is None:
            return AS_KNOWN_NOW
        return AS_REPORTED_BY if self.context["backfilled"] else AS_KNOWN_ON


class OfADaySerializer(serializers.Serializer):
    """For what can be asked about another moment: says which one the answer is about."""

    moment = serializers.SerializerMethodField()

    @extend_schema_field(MomentSerializer)
    def get_moment(self, row: Any) -> Any:
        return self.context["moment"]


def _shown(at: datetime | None) -> str | None:
    return at.astimezone(instance_zone()).isoformat() if at else None


def moment_shown(moment: Moment, is_backfilled: bool) -> dict[str, Any]:
    """The `moment` of an answer."""
    return dict(MomentSerializer(moment, context={"backfilled": is_backfilled}).data)

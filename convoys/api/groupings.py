"""What figures over holds share: by what they are grouped, and over which stretch of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from convoys.api.moments import SHAPE, first_instant, past_instant
from convoys.api.parameters import BadValueError, wrong
from convoys.queries.api_names import Names
from convoys.queries.hold_groups import GROUPINGS, UNKNOWN
from convoys.vocabulary import Cause, Precision

DAY_LENGTH = len("2023-09-12")
OVERLAPPING_HELP = "Whether a hold may count in several groups, so that they sum to more than the total."

GROUP_BY = OpenApiParameter(
    "group_by",
    {"type": "string", "enum": list(GROUPINGS), "default": "convoy"},
    description="What to group by.",
)


class GroupSerializer(serializers.Serializer):
    """One convoy, route, control point, cause, sponsor or alleged holder; `key` null is unknown."""

    key = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_null=True)


class End(NamedTuple):
    """An end of a stretch of time, and how exactly it is meant: a date counts by days."""

    at: datetime
    precision: str


def grouping(given: list[str]) -> str:
    """One of GROUPINGS. Raises BadValueError."""
    if given[0] not in GROUPINGS:
        raise BadValueError(f"Give one of: {', '.join(GROUPINGS)}.")
    return given[0]


def end_of_stretch(given: list[str]) -> End:
    """A date or an instant of the past. Raises BadValueError."""
    precision = Precision.DAY if len(given[0]) == DAY_LENGTH else Precision.MINUTE
    return End(past_instant(given[0]), precision)


def refuse_backward(start: End | None, end: End | None) -> None:
    """Raise a problem where a stretch ends before it begins."""
    if start and end and start.at > end.at:
        raise wrong("from", "It is later than `to`.")


def first_of_stretch(given: list[str]) -> End:
    """The same where all of a day given belongs to the stretch. Raises BadValueError."""
    return End(first_instant(given[0]), Precision.MINUTE)


def stretch_parameters(since: str, until: str) -> list[OpenApiParameter]:
    """`from` and `to` for the OpenAPI file, with what they mean here."""
    schema = {"type": "string", "pattern": f"^{SHAPE}$"}
    return [
        OpenApiParameter(name, schema, description=meaning)
        for name, meaning in (("from", since), ("to", until))
    ]


def groups_shown(
    serializer: type[serializers.Serializer], groups: Sequence[Any], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The figures of each group as the serializer shows them, with its key and what the key is called."""
    shown = serializer(groups, many=True).data
    return [
        row | {"key": None if group.key == UNKNOWN else group.key, "name": names.get(group.key)}
        for row, group in zip(shown, groups, strict=True)
    ]


def names_of(group_by: str, keys: Iterable[str]) -> dict[str, str]:
    """What the keys are called; a convoy by its reference."""
    known = set(keys) - {UNKNOWN}
    if group_by == "convoy":
        return {key: key for key in known}
    if group_by == "cause":
        return {cause.value: str(cause.label) for cause in Cause if cause.value in known}
    kinds = {"route": "routes", "control_point": "places"}
    kind = kinds.get(group_by, "organisations")
    names = Names({kind: known})
    shown = {"routes": names.route, "places": names.place, "organisations": names.organisation}[kind]
    return {key: found["name"] for key in known if (found := shown(key)) is not None}

"""Figures over many convoys, each with the rule by which it is counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from convoys.api.base import ReadView
from convoys.api.fields import TonnesField
from convoys.api.moments import SHAPE, MomentSerializer, past_instant
from convoys.api.parameters import BadValueError, read_each, wrong
from convoys.queries.api_names import Names
from convoys.queries.tonne_days import GROUPINGS, OVERLAPPING, UNKNOWN, Group, Window, tonne_days
from convoys.queries.visibility import visible_convoys
from convoys.vocabulary import Cause, Precision

THOUSANDTH = Decimal("0.001")
DAY_LENGTH = len("2023-09-12")


class TonneDaysSerializer(serializers.Serializer):
    """Tonne-days as decimal strings. `high` null: a tonnage among them has no upper end."""

    low = TonnesField(help_text="Open holds counted to their last report.")
    high = TonnesField(help_text="Open holds counted to the moment asked.")
    holds = serializers.IntegerField()
    unknown_tonnage = serializers.IntegerField(help_text="Holds of unknown tonnage: in no figure, never 0.")


class TonneDaysGroupSerializer(TonneDaysSerializer):
    """One convoy, route, control point, cause, sponsor or alleged holder; `key` null is unknown."""

    key = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_null=True)


AnswerSerializer = inline_serializer(
    "TonneDaysAnswer",
    {
        "group_by": serializers.ChoiceField(choices=list(GROUPINGS)),
        "total": TonneDaysSerializer(help_text="Of every hold once."),
        "results": TonneDaysGroupSerializer(many=True),
        "overlapping": serializers.BooleanField(
            help_text="Whether a hold may count in several groups, so that they sum to more than the total."
        ),
        "not_confirmed": TonneDaysGroupSerializer(
            many=True, help_text="Holds that nobody has reported on for the silence limit; in no total above."
        ),
        "not_confirmed_total": TonneDaysSerializer(),
        "counting_rule": serializers.CharField(),
        "moment": MomentSerializer(),
    },
)


def _grouping(given: list[str]) -> str:
    if given[0] not in GROUPINGS:
        raise BadValueError(f"Give one of: {', '.join(GROUPINGS)}.")
    return given[0]


def _end(given: list[str]) -> tuple[datetime, str]:
    """An end of the window, and how exactly it is meant: a date counts by days."""
    precision = Precision.DAY if len(given[0]) == DAY_LENGTH else Precision.MINUTE
    return past_instant(given[0]), precision


class TonneDays(ReadView):
    """What holds cost: tonnes multiplied by days held, of the convoys that you may see.

    As of any moment, and within a stretch of time. Exercises are left out.
    """

    is_of_a_day = True

    def valid_parameters(self) -> Iterable[str]:
        return ("group_by", "from", "to")

    @extend_schema(
        responses=AnswerSerializer,
        parameters=[
            OpenApiParameter(
                "group_by",
                {"type": "string", "enum": list(GROUPINGS), "default": "convoy"},
                description="What to sum by.",
            ),
            *(
                OpenApiParameter(
                    name,
                    {"type": "string", "pattern": f"^{SHAPE}$"},
                    description=f"{meaning} A date counts by days; its own day is day 0.",
                )
                for name, meaning in (("from", "Count from here."), ("to", "Count up to here."))
            ),
        ],
        operation_id="tonne_days",
    )
    def get(self, request: Request) -> Response:
        asked = read_each(request, {"group_by": _grouping, "from": _end, "to": _end})
        window = _window(asked["from"], asked["to"])
        group_by = asked["group_by"] or "convoy"
        found = tonne_days(visible_convoys(self.viewer), self.viewer, group_by, self.moment, window)
        self.is_backfilled = found.is_backfilled
        names = _names(group_by, [*found.groups, *found.not_confirmed])

        def rows(groups: Sequence[Group]) -> list[dict[str, Any]]:
            return [_figures(group) | {"key": _key(group), "name": names.get(group.key)} for group in groups]

        return Response(
            {
                "group_by": group_by,
                "total": _figures(found.total),
                "results": rows(found.groups),
                "overlapping": group_by in OVERLAPPING,
                "not_confirmed": rows(found.not_confirmed),
                "not_confirmed_total": _figures(found.not_confirmed_total),
                "counting_rule": found.counting_rule,
                **self.moment_shown(),
            }
        )


def _window(start: tuple[datetime, str] | None, end: tuple[datetime, str] | None) -> Window:
    if start and end and start[0] > end[0]:
        raise wrong("from", "It is later than `to`.")
    window = Window()
    if start:
        window = replace(window, start=start[0], start_precision=start[1])
    if end:
        window = replace(window, end=end[0], end_precision=end[1])
    return window


def _key(group: Group) -> str | None:
    return None if group.key == UNKNOWN else group.key


def _figures(group: Group) -> dict[str, Any]:
    return {
        "low": _tonnes(group.low),
        "high": _tonnes(group.high),
        "holds": group.holds,
        "unknown_tonnage": group.unknown_tonnage,
    }


def _tonnes(value: Decimal | None) -> str | None:
    return f"{value.quantize(THOUSANDTH):f}" if value is not None else None


def _names(group_by: str, groups: Sequence[Group]) -> dict[str, str]:
    """What the keys are called; a convoy by its reference."""
    keys = {group.key for group in groups} - {UNKNOWN}
    if group_by == "convoy":
        return {key: key for key in keys}
    if group_by == "cause":
        return {cause.value: str(cause.label) for cause in Cause if cause.value in keys}
    kinds = {"route": "routes", "control_point": "places"}
    kind = kinds.get(group_by, "organisations")
    names = Names({kind: keys})
    shown = {"routes": names.route, "places": names.place, "organisations": names.organisation}[kind]
    return {key: found["name"] for key in keys if (found := shown(key)) is not None}

"""Figures over many convoys, each with the rule by which it is counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from convoys.api.base import ReadView
from convoys.api.etags import Basis
from convoys.api.fields import TonnesField
from convoys.api.formats import tables
from convoys.api.groupings import (
    GROUP_BY,
    OVERLAPPING_HELP,
    End,
    GroupSerializer,
    end_of_stretch,
    grouping,
    groups_shown,
    names_of,
    refuse_backward,
    stretch_parameters,
)
from convoys.api.moments import MomentSerializer
from convoys.api.parameters import read_each
from convoys.queries.hold_groups import GROUPINGS, OVERLAPPING
from convoys.queries.tonne_days import Window, tonne_days
from convoys.queries.visibility import visible_convoys


class TonneDaysSerializer(serializers.Serializer):
    """Tonne-days as decimal strings. `high` null: a tonnage among them has no upper end."""

    low = TonnesField(help_text="Open holds counted to their last report.")
    high = TonnesField(help_text="Open holds counted to the moment asked.")
    holds = serializers.IntegerField()
    unknown_tonnage = serializers.IntegerField(help_text="Holds of unknown tonnage: in no figure, never 0.")


class TonneDaysGroupSerializer(GroupSerializer, TonneDaysSerializer):
    """One convoy, route, control point, cause, sponsor or alleged holder; `key` null is unknown."""


AnswerSerializer = inline_serializer(
    "TonneDaysAnswer",
    {
        "group_by": serializers.ChoiceField(choices=list(GROUPINGS)),
        "total": TonneDaysSerializer(help_text="Of every hold once."),
        "results": TonneDaysGroupSerializer(many=True),
        "overlapping": serializers.BooleanField(help_text=OVERLAPPING_HELP),
        "not_confirmed": TonneDaysGroupSerializer(
            many=True, help_text="Holds that nobody has reported on for the silence limit; in no total above."
        ),
        "not_confirmed_total": TonneDaysSerializer(),
        "counting_rule": serializers.CharField(),
        "moment": MomentSerializer(),
    },
)


class TonneDays(ReadView):
    """What holds cost: tonnes multiplied by days held, of the convoys that you may see.

    As of any moment, and within a stretch of time. Exercises are left out.
    """

    is_of_a_day = True
    basis = Basis.RECORD
    table = tables.TONNE_DAYS
    runs_on = True

    def valid_parameters(self) -> Iterable[str]:
        return ("group_by", "from", "to")

    @extend_schema(
        responses=AnswerSerializer,
        parameters=[
            GROUP_BY,
            *stretch_parameters(
                "Count from here. A date counts by days; its own day is day 0.",
                "Count up to here. A date counts by days; its own day is day 0.",
            ),
        ],
        operation_id="tonne_days",
    )
    def get(self, request: Request) -> Response:
        asked = read_each(request, {"group_by": grouping, "from": end_of_stretch, "to": end_of_stretch})
        window = _window(asked["from"], asked["to"])
        group_by = asked["group_by"] or "convoy"
        found = tonne_days(visible_convoys(self.viewer), self.viewer, group_by, self.moment, window)
        self.is_backfilled = found.is_backfilled
        names = names_of(group_by, (group.key for group in (*found.groups, *found.not_confirmed)))
        return Response(
            {
                "group_by": group_by,
                "total": TonneDaysSerializer(found.total).data,
                "results": groups_shown(TonneDaysSerializer, found.groups, names),
                "overlapping": group_by in OVERLAPPING,
                "not_confirmed": groups_shown(TonneDaysSerializer, found.not_confirmed, names),
                "not_confirmed_total": TonneDaysSerializer(found.not_confirmed_total).data,
                "counting_rule": found.counting_rule,
                **self.moment_shown(),
            }
        )


def _window(start: End | None, end: End | None) -> Window:
    refuse_backward(start, end)
    window = Window()
    if start:
        window = replace(window, start=start.at, start_precision=start.precision)
    if end:
        window = replace(window, end=end.at, end_precision=end.precision)
    return window

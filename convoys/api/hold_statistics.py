"""Figures over holds: what is held at a moment, and how long holds lasted."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from convoys.api.base import ReadView
from convoys.api.etags import Basis
from convoys.api.fields import CodeField, InstantField, TonnesField
from convoys.api.formats import tables
from convoys.api.groupings import (
    GROUP_BY,
    OVERLAPPING_HELP,
    GroupSerializer,
    end_of_stretch,
    first_of_stretch,
    grouping,
    groups_shown,
    names_of,
    refuse_backward,
    stretch_parameters,
)
from convoys.api.moments import MomentSerializer
from convoys.api.parameters import read_each
from convoys.queries.durations import durations
from convoys.queries.held_now import held_now
from convoys.queries.hold_groups import GROUPINGS, OVERLAPPING
from convoys.queries.visibility import visible_convoys
from convoys.vocabulary import Precision

THOUSANDTH = Decimal("0.001")


class DaysField(serializers.DecimalField):
    """Elapsed days as a decimal string with three places; null where there is no hold."""

    def __init__(self, **more: Any) -> None:
        super().__init__(max_digits=12, decimal_places=3, allow_null=True, read_only=True, **more)

    def to_representation(self, value: Decimal) -> Any:
        return super().to_representation(value.quantize(THOUSANDTH))


# --- held now


class HeldSerializer(serializers.Serializer):
    """Held convoys and their tonnes. `tonnes_high` null: a tonnage among them has no upper end."""

    convoys = serializers.IntegerField()
    tonnes_low = TonnesField(source="low")
    tonnes_high = TonnesField(source="high")
    unknown_tonnage = serializers.IntegerField(help_text="Convoys of unknown tonnage: in no sum, never 0.")
    longest_held_since = InstantField(
        lambda group: group.first.opened_at if group.first else None,
        lambda group, context: group.zone,
        allow_null=True,
        help_text="When the hold began that has lasted longest.",
    )
    longest_held_precision = CodeField(Precision, source="first.opened_precision", allow_null=True)


class HeldGroupSerializer(GroupSerializer, HeldSerializer):
    """One convoy, route, control point, cause, sponsor or alleged holder; `key` null is unknown."""


HeldNowAnswer = inline_serializer(
    "HeldNowAnswer",
    {
        "group_by": serializers.ChoiceField(choices=list(GROUPINGS)),
        "total": HeldSerializer(help_text="Of every convoy once."),
        "results": HeldGroupSerializer(many=True),
        "overlapping": serializers.BooleanField(help_text=OVERLAPPING_HELP),
        "not_confirmed": HeldGroupSerializer(
            many=True,
            help_text="Convoys on which nobody has reported for the silence limit; in no total above.",
        ),
        "not_confirmed_total": HeldSerializer(),
        "counting_rule": serializers.CharField(),
        "moment": MomentSerializer(),
    },
)


class HeldNow(ReadView):
    """How much is held: convoys and tonnes of those that you may see, and since when.

    Now or as of any moment. Exercises are left out.
    """

    is_of_a_day = True
    basis = Basis.RECORD
    table = tables.HELD_NOW
    runs_on = True

    def valid_parameters(self) -> Iterable[str]:
        return ("group_by",)

    @extend_schema(responses=HeldNowAnswer, parameters=[GROUP_BY], operation_id="held_now")
    def get(self, request: Request) -> Response:
        group_by = read_each(request, {"group_by": grouping})["group_by"] or "convoy"
        found = held_now(visible_convoys(self.viewer), self.viewer, group_by, self.moment)
        self.is_backfilled = found.is_backfilled
        names = names_of(group_by, (group.key for group in (*found.groups, *found.not_confirmed)))
        return Response(
            {
                "group_by": group_by,
                "total": HeldSerializer(found.total).data,
                "results": groups_shown(HeldSerializer, found.groups, names),
                "overlapping": group_by in OVERLAPPING,
                "not_confirmed": groups_shown(HeldSerializer, found.not_confirmed, names),
                "not_confirmed_total": HeldSerializer(found.not_confirmed_total).data,
                "counting_rule": found.counting_rule,
                **self.moment_shown(),
            }
        )


# --- durations


class LengthSerializer(serializers.Serializer):
    """How many holds lasted at least so many days and less than so many; `below` null has no end."""

    at_least = serializers.IntegerField()
    below = serializers.IntegerField(allow_null=True)
    holds = serializers.IntegerField()


class OpenSerializer(serializers.Serializer):
    """Holds that had not ended by the moment asked. The longest of them has lasted so far, in days."""

    holds = serializers.IntegerField()
    not_confirmed = serializers.IntegerField(
        help_text="Those of them that nobody has reported on for the silence limit."
    )
    longest_low = DaysField(help_text="Counted to its last report.")
    longest_high = DaysField(help_text="Counted to the moment asked.")


class DurationsSerializer(serializers.Serializer):
    """Holds that have ended, in elapsed days, and beside them those that are open."""

    holds = serializers.IntegerField(help_text="Those that have ended.")
    shortest = DaysField()
    median = DaysField()
    longest = DaysField()
    lengths = LengthSerializer(many=True)
    open = OpenSerializer()


class DurationsGroupSerializer(GroupSerializer, DurationsSerializer):
    """One convoy, route, control point, cause, sponsor or alleged holder; `key` null is unknown."""


DurationsAnswer = inline_serializer(
    "DurationsAnswer",
    {
        "group_by": serializers.ChoiceField(choices=list(GROUPINGS)),
        "total": DurationsSerializer(help_text="Of every hold once."),
        "results": DurationsGroupSerializer(many=True),
        "overlapping": serializers.BooleanField(help_text=OVERLAPPING_HELP),
        "counting_rule": serializers.CharField(),
        "moment": MomentSerializer(),
    },
)


class HoldDurations(ReadView):
    """How long holds lasted, of the convoys that you may see.

    As of any moment, and within a stretch of time. Exercises are left out.
    """

    is_of_a_day = True
    basis = Basis.RECORD
    table = tables.DURATIONS
    runs_on = True

    def valid_parameters(self) -> Iterable[str]:
        return ("group_by", "from", "to")

    @extend_schema(
        responses=DurationsAnswer,
        parameters=[
            GROUP_BY,
            *stretch_parameters(
                "Holds that had not ended before this. A date is the beginning of that day.",
                "Holds that had begun by this. A date is the end of that day.",
            ),
        ],
        operation_id="hold_durations",
    )
    def get(self, request: Request) -> Response:
        asked = read_each(request, {"group_by": grouping, "from": first_of_stretch, "to": end_of_stretch})
        start, end = asked["from"], asked["to"]
        refuse_backward(start, end)
        group_by = asked["group_by"] or "convoy"
        ends = (start.at if start else None, end.at if end else None)
        found = durations(visible_convoys(self.viewer), self.viewer, group_by, self.moment, *ends)
        self.is_backfilled = found.is_backfilled
        names = names_of(group_by, (group.key for group in found.groups))
        return Response(
            {
                "group_by": group_by,
                "total": DurationsSerializer(found.total).data,
                "results": groups_shown(DurationsSerializer, found.groups, names),
                "overlapping": group_by in OVERLAPPING,
                "counting_rule": found.counting_rule,
                **self.moment_shown(),
            }
        )

"""Holds as a list of their own: when each began and ended, before which point, and who says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from convoys.api.base import ListOfADay
from convoys.api.etags import Basis
from convoys.api.filters import (
    a_reference,
    by_route,
    by_sponsor,
    exercises,
    of_its_convoy,
)
from convoys.api.formats import tables
from convoys.api.groupings import end_of_stretch, first_of_stretch, refuse_backward, stretch_parameters
from convoys.api.moments import moment_of
from convoys.api.parameters import on_record, one_of, read_each, yes_or_no
from convoys.api.serializers.episodes import EpisodeOfListSerializer
from convoys.models import ControlPoint, Place, StateInterval
from convoys.queries import api_episodes, api_record
from convoys.queries.api_convoys import convoys_on_record_at
from convoys.queries.api_names import Names
from convoys.queries.hold_groups import held_for
from convoys.queries.holds import holds_within, rests_on_loaded, still_open
from convoys.queries.visibility import viewer_of, visible_convoys
from convoys.vocabulary import KINDS, Cause

WAYS_TO_END = {kind.ends_hold.replace(" ", "_"): kind.ends_hold for kind in KINDS.values() if kind.ends_hold}


def _of_convoy(rows: QuerySet[Any], reference: str, request: Request) -> QuerySet[Any]:
    """A convoy that the asker may not see answers as one that does not exist."""
    convoys = convoys_on_record_at(viewer_of(request.user), moment_of(request))
    found = convoys.filter(reference=reference).values_list("pk", flat=True).first() if reference else None
    if found is None:
        raise Http404
    return rows.filter(convoy=found)


def _open(rows: QuerySet[Any], wanted: bool, request: Request) -> QuerySet[Any]:
    is_open = still_open(moment_of(request))
    return rows.filter(is_open if wanted else ~is_open)


def _caused(rows: QuerySet[Any], causes: list[str], request: Request) -> QuerySet[Any]:
    return held_for(rows, viewer_of(request.user), moment_of(request), causes)


def _ended(rows: QuerySet[Any], codes: list[str], request: Request) -> QuerySet[Any]:
    ways = [WAYS_TO_END[code] for code in codes]
    return rows.filter(~still_open(moment_of(request)), ended__in=ways)


PARAMETERS = (
    a_reference(_of_convoy),
    on_record(
        "control_point",
        "Codes of control points that a convoy was kept from passing.",
        "held_before",
        ControlPoint,
    ),
    on_record("place", "Codes of places where a convoy stood.", "stands_at", Place),
    of_its_convoy(by_route()),
    of_its_convoy(by_sponsor()),
    one_of(
        "cause",
        "Causes that accounts in force allege, divided by commas: what is said, not what is so.",
        "",
        Cause.values,
        _caused,
    ),
    yes_or_no(
        "open", "`true`: holds that had not ended by the moment asked about; `false`: those that had.", _open
    ),
    one_of("ended", "How it ended, divided by commas.", "", WAYS_TO_END, _ended),
    exercises("convoy__is_exercise", unless_named=frozenset({"convoy"})),
)


class EpisodeList(ListOfADay):
    """Holds of the convoys that you may see, in the order in which they began.

    Each with the claims about the event that opened it, by which its holders and causes are alleged.
    Asked about another moment: those that had begun by then, of what was known then.
    """

    basis = Basis.RECORD
    table = tables.EPISODES
    goes_by_now = True
    key = "opening_chain"
    orders = {"held_since": "starts_at"}
    parameters = PARAMETERS
    serializer_class = EpisodeOfListSerializer
    is_sparse = True

    def valid_parameters(self) -> Iterable[str]:
        return [*super().valid_parameters(), "from", "to"]

    @extend_schema(
        parameters=stretch_parameters(
            "Holds that had not ended before this. A date is the beginning of that day.",
            "Holds that had begun by this. A date is the end of that day.",
        ),
        operation_id="episodes_list",
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[StateInterval]:
        asked = read_each(self.request, {"from": first_of_stretch, "to": end_of_stretch})
        start, end = asked["from"], asked["to"]
        refuse_backward(start, end)
        ends = (start.at if start else None, end.at if end else None)
        holds = holds_within(visible_convoys(self.viewer), self.moment, *ends)
        return holds.select_related("convoy")

    def rows_of(self, page: Sequence[StateInterval]) -> Sequence[api_episodes.EpisodeTold]:
        if not self.moment.is_now:
            on_page = StateInterval.objects.filter(pk__in=[hold.pk for hold in page])
            self.is_backfilled = rests_on_loaded(on_page, self.moment)
        return api_episodes.tell_episodes(self.viewer, page, self.moment)

    def context_of(self, rows: Sequence[api_episodes.EpisodeTold]) -> dict[str, Any]:
        claims = [claim for row in rows for claim in row.claims]
        return {
            "names": Names(api_episodes.named_in(rows), api_record.named_in((), claims)),
            "chains": api_episodes.readable_chains(self.viewer, rows),
            "viewer": self.viewer,
        }

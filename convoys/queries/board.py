"""The situation now, for one viewer: figures, open convoys, routes with what stands on them, changes.

Exercises are left out of everything here but `exercises_of`. Every function runs a fixed number of
queries, however many convoys there are.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, F, Prefetch, Q, QuerySet
from django.utils import timezone

from convoys.models import Convoy, ConvoyOrganisation, Event, Part, Route, RouteStop, StateInterval
from convoys.queries.figures import Figures, OpenConvoy, figures_over
from convoys.queries.visibility import Viewer, visible_convoys, visible_events
from convoys.vocabulary import State

ROWS = 50  # rows of one table on the first page; the list of convoys has them all
MOVING = (State.HELD, State.STOPPED, State.DISPATCHED)
SPONSORS = Prefetch(
    "organisations",
    queryset=ConvoyOrganisation.objects.filter(part=Part.SPONSOR)
    .select_related("organisation")
    .order_by("position"),
    to_attr="sponsor_links",
)

# The places of a route in order, with names, access and sides.
STOPS = (
    RouteStop.objects.select_related(
        "place", "place__control_point", "place__control_point__side_a", "place__control_point__side_b"
    )
    .prefetch_related(
        "place__names", "place__control_point__side_a__names", "place__control_point__side_b__names"
    )
    .order_by("position")
)


def _rank(status: str) -> int:
    return MOVING.index(State(status)) if status in MOVING else len(MOVING)


def with_places(convoys: QuerySet[Convoy]) -> QuerySet[Convoy]:
    """The convoys with all that a row of a table shows of them."""
    places = ("origin", "destination", "stands_at", "heading", "held_before__place")
    return convoys.select_related(*places, "route").prefetch_related(
        *(f"{place}__names" for place in places), SPONSORS
    )


def registered(viewer: Viewer) -> QuerySet[Convoy]:
    """All convoys this viewer may know of that are on record, without exercises."""
    return visible_convoys(viewer).filter(is_exercise=False).exclude(status="")


def figures(viewer: Viewer, now: datetime | None = None) -> Figures:
    """The headline figures as they are at this moment."""
    now = now or timezone.now()
    rows = (
        registered(viewer)
        .filter(status__in=MOVING)
        .values_list(
            "status",
            "trucks",
            "tonnes_low",
            "tonnes_high",
            "status_since",
            "status_precision",
            "last_reported_at",
            "last_reported_precision",
            "stands_at__time_zone",
        )
    )
    planned = registered(viewer).filter(status=State.PLANNED).count()
    return figures_over((OpenConvoy(*row[:8], row[8] or "") for row in rows), planned, now)


def open_convoys(viewer: Viewer, state: State) -> list[Convoy]:
    """Open convoys in this state, longest there first, at most ROWS."""
    convoys = registered(viewer).filter(status=state)
    return list(with_places(convoys).order_by(F("status_since").asc(nulls_last=True), "reference")[:ROWS])


def exercises_of(viewer: Viewer) -> list[Convoy]:
    """Convoys for training and demonstration, held ones first: shown apart, counted nowhere."""
    convoys = visible_convoys(viewer).filter(is_exercise=True).exclude(status="")
    newest = list(with_places(convoys).order_by("-registered_at", "reference")[:ROWS])
    return sorted(newest, key=lambda convoy: (_rank(convoy.status), convoy.reference))


def routes_in_use(viewer: Viewer, exercises: bool = False) -> list[Route]:
    """Routes on which this viewer has an open convoy, most held first, with their places in order.

    Either those of exercises or those of real convoys, never both.
    """
    mine = visible_convoys(viewer).filter(is_exercise=exercises, status__in=MOVING)
    return list(
        Route.objects.filter(convoys__in=mine)
        .annotate(
            held=Count("convoys", filter=Q(convoys__in=mine, convoys__status=State.HELD), distinct=True),
        )
        .order_by("-held", "name")
        .prefetch_related(Prefetch("stops", queryset=STOPS))
    )


def recent_changes(viewer: Viewer, limit: int = 9) -> list[Event]:
    """The newest entries on convoys in order of recording, those that became known last first."""
    events = (
        visible_events(viewer)
        .filter(convoy__is_exercise=False)
        .exclude(kind__in=("visibility_changed", "note"))
    )
    return list(
        events.select_related("convoy", "place", "held_before__place", "heading")
        .prefetch_related("place__names", "held_before__place__names", "heading__names")
        .order_by("-known_from", "-sequence")[:limit]
    )


def ended_holds(viewer: Viewer, limit: int = 8) -> list[StateInterval]:
    """Holds that have ended, as we know it now, latest end first."""
    return list(
        StateInterval.objects.filter(
            convoy__in=registered(viewer), state=State.HELD, ends_at__isnull=False, known_until=None
        )
        .select_related("convoy", "stands_at", "held_before__place")
        .prefetch_related("stands_at__names", "held_before__place__names")
        .order_by("-ends_at", "convoy__reference")[:limit]
    )

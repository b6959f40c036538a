"""The situation at a moment, for one viewer: open convoys, routes with what stands on them, changes.

Exercises are left out of everything here but `exercises_of`. Every function runs a fixed number of
queries, however many convoys there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, prefetch_related_objects

from convoys.models import Agreement, Convoy, ConvoyOrganisation, Event, Part, Route, RouteStop, StateInterval
from convoys.queries.access import points_of, set_access_back
from convoys.queries.as_of import Moment, intervals_at, known_then, set_back
from convoys.queries.visibility import Viewer, visible_claims, visible_convoys, visible_events
from convoys.replay import History
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

PLACES = ("origin", "destination", "stands_at", "heading", "held_before__place")

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
    """The convoys with all that a row of a table shows of them, as they are now."""
    return convoys.select_related(*PLACES, "route").prefetch_related(
        *(f"{place}__names" for place in PLACES), SPONSORS
    )


def load_at(convoys: Sequence[Convoy], moment: Moment) -> dict[int, History]:
    """Set these convoys to the moment, with all that a row of a table shows of them.

    A fixed number of queries, none where the moment is now. Returns the histories, by key.
    """
    if moment.is_now or not convoys:
        return {}
    histories = set_back(convoys, moment)
    for convoy in convoys:
        links = [link for link in convoy.organisations.all() if link.part == Part.SPONSOR]
        convoy.sponsor_links = links  # type: ignore[attr-defined]
    links = [link for convoy in convoys for link in convoy.organisations.all()]
    prefetch_related_objects(links, "organisation")
    prefetch_related_objects(list(convoys), *(f"{place}__names" for place in PLACES), "route")
    return histories


def real_convoys(viewer: Viewer) -> QuerySet[Convoy]:
    """All convoys that this viewer may know of, on record or not, without exercises."""
    return visible_convoys(viewer).filter(is_exercise=False)


def registered(viewer: Viewer) -> QuerySet[Convoy]:
    """All convoys this viewer may know of that are on record now, without exercises."""
    return real_convoys(viewer).exclude(status="")


@dataclass(frozen=True)
class OpenConvoys:
    """Open convoys by state, longest there first, at most ROWS of each.

    `is_backfilled`: whether any of it comes from history that was loaded afterwards.
    """

    by_state: dict[str, list[Convoy]]
    is_backfilled: bool = False

    @property
    def all(self) -> list[Convoy]:
        return [convoy for convoys in self.by_state.values() for convoy in convoys]


def open_convoys(viewer: Viewer, moment: Moment) -> OpenConvoys:
    """What was held, stopped and on the road at the moment."""
    if moment.is_now:
        return OpenConvoys({str(state): _open_now(viewer, state) for state in MOVING})
    keys = [
        key
        for state in MOVING
        for key in intervals_at(moment, [state])
        .filter(convoy__in=real_convoys(viewer))
        .order_by("opened_at", "convoy__reference")
        .values_list("convoy", flat=True)[:ROWS]
    ]
    found = Convoy.objects.in_bulk(keys)
    convoys = [found[key] for key in keys]
    histories = load_at(convoys, moment)
    by_state: dict[str, list[Convoy]] = {str(state): [] for state in MOVING}
    for convoy in convoys:
        by_state[convoy.status].append(convoy)
    return OpenConvoys(by_state, is_backfilled(histories))


def is_backfilled(histories: dict[int, History]) -> bool:
    """Whether any entry of these histories was loaded afterwards."""
    return any(step.event.backfilled for history in histories.values() for step in history.steps)


def _open_now(viewer: Viewer, state: State) -> list[Convoy]:
    convoys = registered(viewer).filter(status=state)
    return list(with_places(convoys).order_by(F("status_since").asc(nulls_last=True), "reference")[:ROWS])


def exercises_of(viewer: Viewer) -> list[Convoy]:
    """Convoys for training and demonstration as they are now, held ones first: counted nowhere."""
    convoys = visible_convoys(viewer).filter(is_exercise=True).exclude(status="")
    newest = list(with_places(convoys).order_by("-registered_at", "reference")[:ROWS])
    return sorted(newest, key=lambda convoy: (_rank(convoy.status), convoy.reference))


def routes_in_use(viewer: Viewer, exercises: bool = False) -> list[Route]:
    """Routes on which this viewer has an open convoy now, most held first, with their places in order.

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


def routes_of(convoys: Sequence[Convoy], moment: Moment) -> list[Route]:
    """The routes of these convoys, most held first, with the access of the moment."""
    held = Counter(convoy.route_id for convoy in convoys if convoy.status == State.HELD)
    codes = {convoy.route_id for convoy in convoys if convoy.route_id}
    routes = list(Route.objects.filter(pk__in=codes).prefetch_related(Prefetch("stops", queryset=STOPS)))
    set_access_back(points_of(routes), moment)
    return sorted(routes, key=lambda route: (-held[route.pk], route.name))


def agreements_on(viewer: Viewer, routes: Sequence[Route], moment: Moment) -> list[Agreement]:
    """What is said to have been agreed about any of these routes, by the moment and as known then."""
    found = Agreement.objects.filter(routes__in=routes)
    if not moment.is_now:
        steps = known_then(visible_events(viewer), moment).filter(effective_at__lte=moment.asked)
        claims = known_then(visible_claims(viewer), moment)
        told = Exists(steps.filter(agreement=OuterRef("pk")))
        found = found.filter(told | Exists(claims.filter(target_agreement=OuterRef("pk"))))
    return list(found.distinct().order_by("code"))


def recent_changes(viewer: Viewer, moment: Moment, limit: int = 9) -> list[Event]:
    """The newest entries on convoys known then, those that became known last first."""
    events = (
        known_then(visible_events(viewer), moment)
        .filter(convoy__is_exercise=False)
        .exclude(kind__in=("visibility_changed", "note"))
    )
    if moment.as_of is not None:
        events = events.filter(effective_at__lte=moment.as_of)
    return list(
        events.select_related("convoy", "place", "held_before__place", "heading")
        .prefetch_related("place__names", "held_before__place__names", "heading__names")
        .order_by("-known_from", "-sequence")[:limit]
    )


def ended_holds(
    convoys: QuerySet[Convoy], moment: Moment, limit: int = 8, **where: str
) -> list[StateInterval]:
    """Holds of these convoys that had ended by the moment, as known then, latest end first.

    `where` narrows them.
    """
    ended = StateInterval.objects.filter(convoy__in=convoys, state=State.HELD, **where)
    ended = known_then(ended, moment).filter(ends_at__isnull=False)
    until = Q(known_until=None)
    if moment.known_at is not None:
        until |= Q(known_until__gt=moment.known_at)
    if moment.as_of is not None:
        ended = ended.filter(ends_at__lte=moment.as_of)
    return list(
        ended.filter(until)
        .select_related("convoy", "stands_at", "held_before__place")
        .prefetch_related("stands_at__names", "held_before__place__names")
        .order_by("-ends_at", "convoy__reference")[:limit]
    )

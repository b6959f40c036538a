"""The list of convoys: found by words, state and route, as they were on the day shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db.models import Exists, OuterRef, Q, QuerySet

from convoys.board.day import Day, the_present
from convoys.board.rows import Row, rows_of
from convoys.models import Convoy, Part
from convoys.queries.as_of import Moment, intervals_at
from convoys.queries.board import is_backfilled, load_at, with_places
from convoys.queries.day_filters import FiltersOfADay
from convoys.queries.visibility import Viewer, visible_convoys
from convoys.vocabulary import State


def found(viewer: Viewer, asked: Mapping[str, str], moment: Moment) -> QuerySet[Convoy]:
    """The convoys on record at the moment that match what was so then; words are looked for as things
    are named now. Exercises are asked as they are now."""
    state = asked.get("status", "")
    convoys = _in_state(visible_convoys(viewer), state if state in State.values else "", moment)
    words = asked.get("q", "").replace("\x00", "").strip()[:100]
    route = asked.get("route", "").replace("\x00", "")
    now = visible_convoys(viewer)
    then = FiltersOfADay(moment)
    if words:
        now = now.filter(
            Q(reference__icontains=words)
            | Q(other_references__number__icontains=words)
            # Sponsors alone: whom else a convoy is shared with must not be found out by asking.
            | Q(organisations__part=Part.SPONSOR, organisations__organisation__name__icontains=words)
            | Q(origin__names__name__icontains=words)
            | Q(destination__names__name__icontains=words)
            | Q(stands_at__names__name__icontains=words)
        ).distinct()
    if route:
        now = now.filter(route=route)
    if words or route:
        matching = Q(pk__in=now.values("pk"))
        if not moment.is_now:
            of_then = (then.found_by(words) if words else Q()) & (then.on_route(route) if route else Q())
            matching = Q(is_exercise=True) & matching | Q(is_exercise=False) & of_then
        convoys = convoys.filter(matching)
    return with_places(convoys).order_by("is_exercise", "-registered_at", "reference")


def _in_state(convoys: QuerySet[Convoy], state: str, moment: Moment) -> QuerySet[Convoy]:
    """On record at the moment, in this state if one is given; exercises always as they are now."""
    now = Q(status=state) if state else ~Q(status="")
    if moment.is_now:
        return convoys.filter(now)
    then = Exists(intervals_at(moment, [state] if state else []).filter(convoy=OuterRef("pk")))
    return convoys.filter(Q(is_exercise=True) & now | Q(is_exercise=False) & then)


def rows_at(convoys: Sequence[Convoy], day: Day) -> tuple[list[Row], bool]:
    """Rows of the list in the given order, and whether they come from history loaded afterwards."""
    then = [convoy for convoy in convoys if not convoy.is_exercise]
    histories = load_at(then, day.moment)
    now = [convoy for convoy in convoys if convoy.is_exercise]
    rows = rows_of(then, day, in_order=True) + rows_of(now, the_present(), in_order=True)
    return rows, is_backfilled(histories)

"""Questions about another day that the API asks besides `as_of`: what was declared, and by what record.

Which convoys fit a filter on a day is decided by the database, from the entries that were in force
then; the page at hand alone is replayed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from convoys.models import ControlPoint, Convoy, Event, Route
from convoys.queries.access import points_of, set_access_back
from convoys.queries.as_of import Moment, intervals_at, known_then
from convoys.replay import History
from convoys.vocabulary import Act, State


def in_force_at(events: QuerySet[Event], moment: Moment) -> QuerySet[Event]:
    """Of these entries the last known of each chain, unless it was taken back or came later."""
    newer = Event.objects.filter(chain=OuterRef("chain"), sequence__gt=OuterRef("sequence"))
    standing = known_then(events, moment).exclude(act=Act.RETRACT).exclude(Exists(known_then(newer, moment)))
    return standing if moment.as_of is None else standing.filter(effective_at__lte=moment.as_of)


def declared_at(
    convoys: QuerySet[Convoy], moment: Moment, item: str, codes: Sequence[str]
) -> QuerySet[Convoy]:
    """Of these convoys those whose declaration named one of the codes at the moment.

    The item stands as the last event in force stated it, as replay has it; of a list one code is enough.
    """
    stated = Event.objects.filter(convoy=OuterRef(OuterRef("pk")), declares__has_key=item)
    stating = in_force_at(stated, moment)
    last = stating.order_by("-effective_at", "-chain").values("sequence")[:1]
    named = Event.objects.annotate(stated=Cast(KeyTextTransform(item, "declares"), TextField()))
    # A list comes as JSON text, in which a code stands between quotation marks; one code comes bare.
    fits = reduce(or_, (Q(stated=code) | Q(stated__contains=f'"{code}"') for code in codes))
    return convoys.filter(Exists(named.filter(fits, sequence=Subquery(last))))


def held_before_at(convoys: QuerySet[Convoy], moment: Moment, points: Sequence[str]) -> QuerySet[Convoy]:
    """Of these convoys those that were held before one of the control points at the moment."""
    holds = intervals_at(moment, [State.HELD]).filter(convoy=OuterRef("pk"), held_before__in=points)
    return convoys.filter(Exists(holds))


def rests_on_backfilled(histories: Iterable[History]) -> bool:
    """Whether any entry of these histories was loaded afterwards."""
    return any(step.event.backfilled for history in histories for step in history.steps)


def set_points_back(points: Sequence[ControlPoint], moment: Moment) -> bool:
    """Set the access of these control points to the moment's; returns whether backfilled entries say so."""
    if moment.is_now:
        return False
    set_access_back(points, moment)
    changes = Event.objects.filter(control_point__in={point.pk for point in points}, kind="access_changed")
    return in_force_at(changes.filter(backfilled=True), moment).exists()


def set_routes_back(routes: Sequence[Route], moment: Moment) -> bool:
    """The same for the control points on routes whose stops are loaded."""
    return set_points_back(points_of(routes), moment)

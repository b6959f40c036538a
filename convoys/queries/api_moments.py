"""Questions about another day that the API asks besides `as_of`: what was declared, and by what record.

Which convoys fit a filter on a day is decided by the database, from the entries that were in force
then; the page at hand alone is replayed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

from django.db.models import (
    BooleanField,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
)  # fmt: skip
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from convoys.models import ControlPoint, Convoy, Event, Route
from convoys.queries.access import points_of, set_access_back
from convoys.queries.as_of import Moment, in_force_at, intervals_at
from convoys.replay import History
from convoys.vocabulary import State


def declared_at(
    convoys: QuerySet[Convoy], moment: Moment, item: str, codes: Sequence[str]
) -> QuerySet[Convoy]:
    """Of these convoys those whose declaration named one of the codes at the moment.

    The item stands as the last event in force stated it, as replay has it; of a list one code is enough.
    """
    # A list comes as JSON text, in which a code stands between quotation marks; one code comes bare.
    fits = reduce(or_, (Q(stated=code) | Q(stated__contains=f'"{code}"') for code in codes))
    stated = Event.objects.filter(convoy=OuterRef("pk"), declares__has_key=item)
    stated = stated.annotate(stated=Cast(KeyTextTransform(item, "declares"), TextField()))
    named = ExpressionWrapper(fits, BooleanField())
    last = in_force_at(stated, moment).order_by("-effective_at", "-chain").values(named=named)[:1]
    # Convoy by convoy, so that a page is full before all are asked; a join with the record asks all first.
    return convoys.filter(Subquery(last, output_field=BooleanField()))


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

"""The access of control points on another day: their projected columns set to what was so then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from convoys.models import ControlPoint, Event, Route
from convoys.queries.as_of import Moment, known_then
from convoys.replay import in_force


def set_access_back(points: Iterable[ControlPoint], moment: Moment) -> None:
    """Set access and its date on these objects to the moment's. One query; none for now.

    Folded from the whole record, as the columns are: access must not differ from reader to reader.
    """
    if moment.is_now:
        return
    found = list(points)
    by_point: dict[str, list[Event]] = defaultdict(list)
    changes = Event.objects.filter(control_point__in={point.pk for point in found}, kind="access_changed")
    for event in known_then(changes, moment).order_by("sequence"):
        by_point[event.control_point_id or ""].append(event)
    for point in found:
        standing = [event for event in in_force(by_point[point.pk]) if event.effective_at <= moment.asked]
        last = standing[-1] if standing else None
        point.__dict__.update(
            access=last.access if last else "",
            access_since=last.occurred_at if last else None,
            access_precision=last.precision if last else "",
        )


def points_of(routes: Iterable[Route]) -> list[ControlPoint]:
    """Every control point object that these routes' loaded stops hold, repeats included."""
    return [
        stop.place.control_point
        for route in routes
        for stop in route.stops.all()
        if getattr(stop.place, "control_point", None) is not None
    ]

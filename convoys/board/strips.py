"""Routes as strips: places in order, each with the convoys that stand there and whether the way is open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from convoys.board.day import Day
from convoys.board.rows import clock_of
from convoys.clocks import zone_named
from convoys.models import ControlPoint, Convoy, Place, Route
from convoys.templatetags.look import moment
from convoys.vocabulary import ACCESS_WORST_FIRST, Access, Bound, ControlPointType, State

LONGEST_LYING = 9  # a road of more places is drawn upright at any width


@dataclass(frozen=True)
class Load:
    """One convoy on a strip, in a line."""

    convoy: Convoy
    span: str
    is_silent_span: bool


@dataclass(frozen=True)
class AccessNote:
    """A control point's access, and since when."""

    code: str
    name: str
    access: str
    since: SafeString | str


@dataclass
class Stop:
    """One place of a strip: town, stretch of road or control point; broken where access is not open.

    `point` is the control point's code, for its page.
    """

    name: str
    note: str
    kind: str
    is_broken: bool
    point: str = ""
    loads: list[Load] = field(default_factory=list)


@dataclass
class Strip:
    route: Route
    stops: list[Stop]
    access: str
    access_label: str
    access_notes: list[AccessNote]
    elsewhere: list[Load]
    held: int = 0

    @property
    def is_long(self) -> bool:
        return len(self.stops) > LONGEST_LYING


def _control_point(place: Place) -> ControlPoint | None:
    return getattr(place, "control_point", None)


def _kind(point: ControlPoint | None) -> str:
    if point is None:
        return "town"
    return "road" if point.type == ControlPointType.STRETCH else "gate"


def note_of(point: ControlPoint | None) -> str:
    """What kind of control point it is, and between which places."""
    if point is None:
        return ""
    if point.side_a and point.side_b:
        names = {"a": point.side_a.display_name, "b": point.side_b.display_name}
        if point.type == ControlPointType.STRETCH:
            return _("stretch of road between %(a)s and %(b)s") % names
        return _("control point between %(a)s and %(b)s") % names
    return point.get_type_display()


def load_of(convoy: Convoy, day: Day) -> Load:
    clock = clock_of(convoy, day)
    shown = clock is not None and convoy.status in (State.HELD, State.STOPPED)
    return Load(convoy, clock.headline if shown and clock else "", bool(clock and clock.if_still))


def strip_of(route: Route, convoys: Iterable[Convoy], day: Day) -> Strip:
    """The road with these convoys on it; the first control point that is not open breaks the line."""
    stops, by_place, points, broken = [], {}, [], False
    for stop in route.stops.all():
        point = _control_point(stop.place)
        if point is not None and point.access:
            points.append(point)
            broken = broken or point.access != Access.OPEN
        shown = Stop(stop.place.display_name, note_of(point), _kind(point), broken, point.pk if point else "")
        by_place[stop.place_id] = shown
        stops.append(shown)
    elsewhere: list[Load] = []
    held = 0
    for convoy in convoys:
        held += convoy.status == State.HELD
        where = by_place.get(convoy.stands_at_id or "")
        (where.loads if where else elsewhere).append(load_of(convoy, day))
    access = next(
        (access for access in ACCESS_WORST_FIRST if any(point.access == access for point in points)), ""
    )
    return Strip(
        route=route,
        stops=stops,
        access=str(access),
        access_label=str(Access(access).label) if access else "",
        access_notes=[_access_note(point, day.at) for point in points],
        elsewhere=elsewhere,
        held=held,
    )


def _access_note(point: ControlPoint, now: datetime) -> AccessNote:
    """Whose account it is stands with the events of the point, on its own page."""
    zone = zone_named(point.place.time_zone)
    since: SafeString | str = ""
    if point.access_since:
        since = moment(
            point.access_since, point.access_precision, Bound.AT, zone, "short", now.astimezone(zone).year
        )
    return AccessNote(point.pk, point.place.display_name, str(Access(point.access).label), since)

"""What the desk's forms offer to choose from: places along the way first, organisations by name.

Read once per request, in a fixed number of queries, however many places and organisations there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from accounts.models import Organisation
from convoys.clocks import instance_zone, zone_named
from convoys.models import ControlPoint, Place, Route, RouteStop

Pairs = list[tuple[str, str]]


@dataclass
class Choices:
    """Places by code, those of the way in travelling order, and organisations by any of their names."""

    places: dict[str, Place] = field(default_factory=dict)
    way: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    routes: Pairs = field(default_factory=list)
    organisations: Pairs = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)

    def name_of(self, code: str | None) -> str:
        return str(self.places[code]) if code in self.places else code or ""

    def organisation_named(self, code: str | None) -> str:
        return dict(self.organisations).get(code or "", code or "")

    def zone_of(self, *codes: str | None) -> ZoneInfo:
        """The zone of the first of these places that names one, else the instance's."""
        for code in codes:
            if code in self.places:
                return zone_named(self.places[code].time_zone)
        return instance_zone()

    def along_the_way(self) -> Pairs:
        return [(code, self.name_of(code)) for code in self.way]

    def points_of_the_way(self) -> Pairs:
        return [(code, self.name_of(code)) for code in self.way if code in self.points]

    def every_place(self) -> Pairs:
        return sorted(((code, str(place)) for code, place in self.places.items()), key=_by_name)

    def every_point(self) -> Pairs:
        return sorted(((code, self.name_of(code)) for code in self.points), key=_by_name)


def _by_name(pair: tuple[str, str]) -> str:
    return pair[1].casefold()


def choices_for(is_exercise: bool, route: str | None = None, near: Iterable[str | None] = ()) -> Choices:
    """Choices for a subject on this route; `near` are places that belong to it beside the route's.

    Exercises choose among the invented places and organisations, real convoys among the real ones.
    """
    places = {
        place.code: place for place in Place.objects.filter(is_exercise=is_exercise).prefetch_related("names")
    }
    stops = RouteStop.objects.filter(route=route).order_by("position") if route else RouteStop.objects.none()
    way = [code for code in dict.fromkeys([*stops.values_list("place_id", flat=True)]) if code in places]
    beside = [code for code in dict.fromkeys(near) if code in places and code not in way]
    organisations = Organisation.objects.filter(is_exercise=is_exercise).prefetch_related("names")
    codes: dict[str, str] = {}
    for organisation in organisations:
        for other in organisation.names.all():
            codes.setdefault(other.name.casefold(), organisation.code)
    for organisation in organisations:
        codes[organisation.name.casefold()] = codes[organisation.code] = organisation.code
    return Choices(
        places=places,
        way=[str(code) for code in beside if code] + way,
        points=[code for code in ControlPoint.objects.values_list("pk", flat=True) if code in places],
        routes=list(Route.objects.filter(is_exercise=is_exercise).values_list("code", "name")),
        organisations=[(organisation.code, organisation.name) for organisation in organisations],
        codes=codes,
    )

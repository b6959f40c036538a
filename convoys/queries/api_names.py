"""Names for the codes on one page of the API: places with every party's name, organisations, routes.

Rows name places and organisations by code, which is their key. One page asks once for each kind,
however many rows and columns name them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from accounts.models import Organisation
from convoys.clocks import zone_named
from convoys.models import Place, Route

Shown = dict[str, Any]


class Names:
    """What codes stand for. Each `named` holds codes of places, organisations and routes by those words.

    `whole_places`: with kind, country, zone and where they are.
    """

    def __init__(self, *named: Mapping[str, Iterable[str | None]], whole_places: bool = False) -> None:
        def codes(kind: str) -> set[str]:
            return {code for codes in named for code in codes.get(kind, ()) if code}

        found = Place.objects.filter(pk__in=codes("places")).prefetch_related("names")
        shown = _whole_place if whole_places else _place_shown
        self._places = {place.code: shown(place) for place in found}
        self._zones = {place.code: place.time_zone for place in found}
        self._organisations = _named(Organisation, codes("organisations"))
        self._routes = _named(Route, codes("routes"))

    def place(self, code: str | None) -> Shown | None:
        """Code, all parties' names as one text, and each party's own; None where unknown."""
        return self._places.get(code) if code else None

    def organisation(self, code: str | None) -> Shown | None:
        """Code and our neutral name; None where unknown."""
        return self._organisations.get(code) if code else None

    def route(self, code: str | None) -> Shown | None:
        return self._routes.get(code) if code else None

    def zone(self, code: str | None, otherwise: str = "") -> ZoneInfo:
        """The place's time zone, else the one named, else the instance's."""
        return zone_named((self._zones.get(code) if code else "") or otherwise)


def place_names(place: Place) -> list[Shown]:
    """Each party's name for a place, without other spellings. Prefetch `names`."""
    shown = [name for name in place.names.all() if not name.is_alias]
    shown.sort(key=lambda name: (name.name.casefold(), name.party))
    return [{"party": name.party, "name": name.name, "language": name.language} for name in shown]


def _place_shown(place: Place) -> Shown:
    return {"code": place.code, "name": place.display_name, "names": place_names(place)}


def _whole_place(place: Place) -> Shown:
    return _place_shown(place) | {
        "kind": place.kind,
        "country": place.country or None,
        "time_zone": place.time_zone or None,
        "latitude": None if place.latitude is None else f"{place.latitude:f}",
        "longitude": None if place.longitude is None else f"{place.longitude:f}",
        "coordinate_source": place.coordinate_source or None,
        "exercise": place.is_exercise,
    }


def _named(model: type[Organisation] | type[Route], codes: set[str]) -> dict[str, Shown]:
    rows = model._default_manager.filter(pk__in=codes).values_list("code", "name") if codes else ()
    return {code: {"code": code, "name": name} for code, name in rows}

"""Places of a case with each party's names, and the control points among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from accounts.models import NamingParty
from convoys.models import ControlPoint, Place, PlaceName
from convoys.services.importing import cells
from convoys.services.importing.organisations import NAME_COLUMNS
from convoys.services.importing.tables import Row


def keep_places(rows: Iterable[Row]) -> int:
    """Add the places that are not there yet; what the desk has edited stays. Returns how many."""
    known = set(Place.objects.values_list("code", flat=True))
    fresh = [row for row in rows if row["code"] not in known]
    Place.objects.bulk_create(
        Place(
            code=row["code"],
            kind=row["kind"],
            country=row["country"],
            latitude=cells.decimal(row, "latitude"),
            longitude=cells.decimal(row, "longitude"),
            coordinate_source=row["coordinate_source"],
            time_zone=row["time_zone"],
            note=row["note"],
        )
        for row in fresh
    )
    PlaceName.objects.bulk_create(name for row in fresh for name in _names(row))
    return len(fresh)


def _names(row: Row) -> Iterator[PlaceName]:
    for column, party in NAME_COLUMNS:
        if row[column]:
            yield PlaceName(place_id=row["code"], name=row[column], party=party)
    for alias in cells.codes(row, "aliases"):
        yield PlaceName(place_id=row["code"], name=alias, party=NamingParty.OTHER, is_alias=True)


def keep_control_points(rows: Iterable[Row]) -> int:
    """Add the control points that are not there yet. A note on one joins the note of its place."""
    known = set(ControlPoint.objects.values_list("place_id", flat=True))
    fresh = [row for row in rows if row["place"] not in known]
    ControlPoint.objects.bulk_create(
        ControlPoint(
            place_id=row["place"],
            type=row["type"],
            side_a_id=row["side_a"] or None,
            side_b_id=row["side_b"] or None,
        )
        for row in fresh
    )
    for row in fresh:
        if row["note"]:
            note = Place.objects.values_list("note", flat=True).get(code=row["place"])
            Place.objects.filter(code=row["place"]).update(note="\n".join(filter(None, (note, row["note"]))))
    return len(fresh)

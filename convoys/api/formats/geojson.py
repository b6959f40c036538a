"""Master data as features for maps (RFC 7946): control points as points, routes as lines.

Never a convoy: where a vehicle stands is on no map of ours. Coordinates are those on record, WGS 84,
longitude first, with at most five decimals; the properties say who gave them. No borders are drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import orjson

from convoys.api.formats.columns import Row

Position = tuple[float, float]
Geometry = dict[str, Any] | None


@dataclass(frozen=True)
class Features:
    """What rows look like on a map, and what their files are called."""

    name: str
    geometry_of: Callable[[Row], Geometry]


def point(row: Row) -> Geometry:
    """Where a control point is; None where nobody says."""
    at = _position(row)
    return {"type": "Point", "coordinates": at} if at else None


def line(row: Row) -> Geometry:
    """Through the places of a route of which it is known where they are; None where these are not two."""
    known = [at for stop in row["places"] if (at := _position(stop["place"]))]
    if len(known) < 2:
        return None
    pieces = _cut_at_antimeridian(known)
    if len(pieces) == 1:
        return {"type": "LineString", "coordinates": pieces[0]}
    return {"type": "MultiLineString", "coordinates": pieces}


def _position(place: Row) -> Position | None:
    latitude, longitude = place.get("latitude"), place.get("longitude")
    return None if latitude is None or longitude is None else (float(longitude), float(latitude))


def _cut_at_antimeridian(line: Sequence[Position]) -> list[list[Position]]:
    """A line that goes the short way across 180° in pieces, as RFC 7946, 3.1.9 has it."""
    pieces = [[line[0]]]
    for (west, south), (east, north) in pairwise(line):
        if abs(east - west) > 180:
            side = 180.0 if west > 0 else -180.0
            share = (side - west) / (east + 2 * side - west)
            latitude = round(south + share * (north - south), 5)
            pieces[-1].append((side, latitude))
            pieces.append([(-side, latitude)])
        pieces[-1].append((east, north))
    return pieces


class Box:
    """The bounding box of what was drawn; none where a line was cut, since it would span the earth."""

    def __init__(self) -> None:
        self.positions: tuple[float, float, float, float] | None = None
        self.is_cut = False

    def add(self, geometry: Geometry) -> None:
        if geometry is None:
            return
        if geometry["type"] == "MultiLineString":
            self.is_cut = True
            return
        given = geometry["coordinates"]
        for longitude, latitude in [given] if geometry["type"] == "Point" else given:
            west, south, east, north = self.positions or (longitude, latitude, longitude, latitude)
            self.positions = (
                min(west, longitude), min(south, latitude), max(east, longitude), max(north, latitude),
            )  # fmt: skip

    def shown(self) -> dict[str, Any]:
        return {"bbox": self.positions} if self.positions and not self.is_cut else {}


def collection(
    rows: Iterable[Row],
    features: Features,
    fields: frozenset[str] | None,
    beside: Callable[[], Mapping[str, Any]],
) -> Iterator[bytes]:
    """A feature collection, feature by feature. `beside` says last what else goes with it."""
    box = Box()
    yield b'{"type":"FeatureCollection","features":['
    separator = b""
    for row in rows:
        geometry = features.geometry_of(row)
        box.add(geometry)
        yield separator + orjson.dumps(
            {
                "type": "Feature",
                "id": row["code"],
                "geometry": geometry,
                "properties": {key: row[key] for key in row if fields is None or key in fields},
            }
        )
        separator = b","
    more = orjson.dumps({**box.shown(), **beside()})
    yield b"]" + (b"," + more[1:] if more != b"{}" else b"}")


CONTROL_POINTS = Features("control-points", point)
ROUTES = Features("routes", line)

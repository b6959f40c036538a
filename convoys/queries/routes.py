"""Routes as replay needs them. Routes are read as of now, so this needs no moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property

from convoys.models import RouteStop
from convoys.replay import Routes


def route_positions() -> Routes:
    """Route code -> place code -> position, of every route: a cluster has dozens, not thousands.

    Read when replay first asks: few histories turn on what lies beyond what.
    """
    return _Positions()


class _Positions(Mapping[str, Mapping[str, int]]):
    @cached_property
    def _read(self) -> dict[str, dict[str, int]]:
        positions: dict[str, dict[str, int]] = defaultdict(dict)
        for route, place, position in RouteStop.objects.values_list("route_id", "place_id", "position"):
            positions[route][place] = position
        return dict(positions)

    def __getitem__(self, route: str) -> Mapping[str, int]:
        return self._read[route]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)

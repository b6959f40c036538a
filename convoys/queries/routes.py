"""Routes as replay needs them. Routes are read as of now, so this needs no moment."""

from __future__ import annotations

from collections import defaultdict

from convoys.models import RouteStop
from convoys.replay import Routes


def route_positions() -> Routes:
    """Route code -> place code -> position, of every route: a cluster has dozens, not thousands."""
    positions: dict[str, dict[str, int]] = defaultdict(dict)
    for route, place, position in RouteStop.objects.values_list("route_id", "place_id", "position"):
        positions[route][place] = position
    return positions

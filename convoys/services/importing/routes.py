"""Routes of a case, and what is said to have been agreed about them."""

from __future__ import annotations

from collections.abc import Iterable

from convoys.models import Agreement, Route, RouteStop
from convoys.services.importing import cells
from convoys.services.importing.tables import Row


def keep_routes(rows: Iterable[Row], names: Iterable[Row]) -> int:
    """Add the routes that are not there yet, with their places in travelling order. Returns how many."""
    named = {row["route"]: row for row in names}
    known = set(Route.objects.values_list("code", flat=True))
    stops = [row for row in rows if row["route"] not in known]
    fresh = list(dict.fromkeys(row["route"] for row in stops))
    Route.objects.bulk_create(
        Route(
            code=code,
            name=named[code]["name"] if code in named else code,
            desk_email=named[code]["desk_email"] if code in named else "",
        )
        for code in fresh
    )
    RouteStop.objects.bulk_create(
        RouteStop(route_id=row["route"], position=cells.whole(row, "position") or 0, place_id=row["place"])
        for row in stops
    )
    return len(fresh)


def keep_agreements(rows: Iterable[Row]) -> int:
    """Add the agreements that are not there yet. Returns how many."""
    known = set(Agreement.objects.values_list("code", flat=True))
    fresh = [row for row in rows if row["code"] not in known]
    for row in fresh:
        agreement = Agreement.objects.create(code=row["code"], title=row["title"], note=row["note"])
        agreement.routes.set(Route.objects.filter(code__in=cells.codes(row, "routes")))
    return len(fresh)

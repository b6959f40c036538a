"""What a convoy's row names, shown whole where the query asks so: its sponsors and its route."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch, QuerySet

from accounts.models import Organisation
from convoys.api.serializers.places import OrganisationSerializer, RouteSerializer
from convoys.models import Convoy, Route, RouteStop
from convoys.queries import api_convoys, api_moments
from convoys.queries.api_names import Names
from convoys.queries.as_of import Moment

ByCode = dict[str, dict[str, Any]]


def routes() -> QuerySet[Route]:
    """Routes with their stops in travelling order."""
    stops = RouteStop.objects.select_related("place__control_point").order_by("position")
    return Route.objects.prefetch_related(Prefetch("stops", queryset=stops))


def names_on(rows: Sequence[Route], whole_places: bool = False) -> dict[str, Any]:
    """What the serializer of routes needs besides."""
    places = {stop.place_id for route in rows for stop in route.stops.all()}
    return {"names": Names({"places": places}, whole_places=whole_places)}


def sponsors_shown(convoys: Sequence[Convoy]) -> ByCode:
    """Every sponsor of these convoys, by code. Two queries."""
    codes = {code for convoy in convoys for code in api_convoys.sponsor_codes(convoy)}
    found = Organisation.objects.filter(pk__in=codes).prefetch_related("names")
    return {row["code"]: row for row in OrganisationSerializer(found, many=True).data}


def routes_shown(convoys: Sequence[Convoy], moment: Moment) -> tuple[ByCode, bool]:
    """Every route of these convoys, by code, with its access at the moment; and whether backfilled entries
    say so. A fixed number of queries."""
    found = list(routes().filter(pk__in={convoy.route_id for convoy in convoys} - {None}))
    is_backfilled = api_moments.set_routes_back(found, moment)
    shown = RouteSerializer(found, many=True, context=names_on(found)).data
    return {row["code"]: row for row in shown}, is_backfilled

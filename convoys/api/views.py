"""The resources of version 1: what each reads, in which order, and what is shown of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts.models import Organisation
from convoys.api import filters
from convoys.api.base import DetailView, ListOfADay, ListView
from convoys.api.convoy_filters import CONVOYS, is_number
from convoys.api.etags import Basis
from convoys.api.expanding import names_on, routes, routes_shown, sponsors_shown
from convoys.api.formats import geojson, tables
from convoys.api.kept import ListOfKept
from convoys.api.kept_details import KeptDetail
from convoys.api.serializers.convoys import ConvoyDetailSerializer, ConvoySerializer
from convoys.api.serializers.places import (
    AgreementDetailSerializer,
    AgreementSerializer,
    ControlPointDetailSerializer,
    ControlPointSerializer,
    OrganisationSerializer,
    RouteDetailSerializer,
    RouteSerializer,
)
from convoys.models import Agreement, ControlPoint, Convoy, Route
from convoys.queries import api_convoys, api_moments, api_record
from convoys.queries.api_names import Names
from convoys.queries.convoy_filters import referred_to_as
from convoys.replay import History

# --- convoys

EXPANDABLE = ("sponsors", "route", "places")
# Keys whose instants are shown in the zone of the event that they come from.
REPORTED_AT = ("status_since", "held_since", "last_reported_at", "silent_from", "tracking_ended_at")
OUT_OF_THE_RECORD = ("cargo_account", "episodes", "contested", "events", "claims")


class ConvoyList(ListOfKept):
    """Convoys that you may see, by reference.

    Exercises are left out unless you ask for them. Asked about another moment: those that were on
    record then, each as it stood, narrowed by what was so then.
    """

    basis = Basis.RECORD
    table = tables.CONVOYS
    key = "reference"
    orders = {"reference": "reference", "held_since": "held_since", "last_reported_at": "last_reported_at"}
    orders_of_now = frozenset({"held_since", "last_reported_at"})
    parameters = CONVOYS
    serializer_class = ConvoySerializer
    is_sparse = True
    expandable = EXPANDABLE
    zones: api_convoys.Zones

    def rows_of(self, page: Sequence[Convoy]) -> Sequence[Convoy]:
        if self.moment.is_now:
            self.zones = api_convoys.zones_of(page) if self.shape.wants(*REPORTED_AT) else {}
        else:
            histories = api_convoys.set_rows_back(page, self.moment)
            self.zones = api_convoys.zones_in(histories)
            self.is_backfilled = api_moments.rests_on_backfilled(histories.values())
        return page

    def context_of(self, rows: Sequence[Convoy]) -> dict[str, Any]:
        named = api_convoys.named_in(rows, self.shape.fields)
        names = Names(named, whole_places=self.shape.expands("places"))
        return {"names": names, "zones": self.zones} | _expanded(self, rows)


def _expanded(view: ListView | DetailView, rows: Sequence[Convoy]) -> dict[str, Any]:
    """What the query asks to see whole, for the serializer."""
    context: dict[str, Any] = {}
    if view.shape.expands("sponsors") and view.shape.wants("sponsors"):
        context["sponsors"] = sponsors_shown(rows)
    if view.shape.expands("route") and view.shape.wants("route"):
        context["routes"], is_backfilled = routes_shown(rows, view.moment)
        view.is_backfilled = view.is_backfilled or is_backfilled
    return context


class ConvoyDetail(KeptDetail):
    """One convoy with its events, each with its claims, its cargo, other references and holds.

    Asked about another moment: what had happened by then of what was known by then.
    """

    basis = Basis.RECORD
    lookup_field = "reference"
    serializer_class = ConvoyDetailSerializer
    is_of_a_day = True
    is_sparse = True
    expandable = EXPANDABLE

    def find(self, reference: str) -> tuple[Convoy, dict[str, Any]]:
        if not filters.is_reference(reference):
            raise Http404
        convoy, history, zones = self._found(reference)
        # Whoever asks for other keys alone gets the row, which costs a fraction of the record.
        told = api_record.NOTHING_TOLD
        if self.shape.wants(*OUT_OF_THE_RECORD):
            told = api_record.tell_subject(self.viewer, convoy, self.moment, history)
        convoy.told = told  # type: ignore[attr-defined]
        named = (
            api_convoys.named_in([convoy], self.shape.fields),
            api_record.named_in(told.events, told.claims),
        )
        holds = {"places": api_record.places_of_holds(told)}
        return convoy, {
            "names": Names(*named, holds, whole_places=self.shape.expands("places")),
            "zones": zones,
            "chains": {row.event.chain for row in told.events},
            "viewer": self.viewer,
        } | _expanded(self, [convoy])

    def _found(self, reference: str) -> tuple[Convoy, History | None, api_convoys.Zones]:
        """The convoy as it stood, with its history where another moment than now is asked about."""
        convoys = api_convoys.convoys_on_record_at(self.viewer, self.moment)
        if self.moment.is_now:
            prepared = api_convoys.with_sponsors(convoys).prefetch_related("cargo_lines", "other_references")
            convoy = get_object_or_404(prepared, reference=reference)
            return convoy, None, api_convoys.zones_of([convoy]) if self.shape.wants(*REPORTED_AT) else {}
        convoy = get_object_or_404(convoys, reference=reference)
        histories = api_convoys.set_rows_back([convoy], self.moment)
        self.is_backfilled = api_moments.rests_on_backfilled(histories.values())
        return convoy, histories[convoy.pk], api_convoys.zones_in(histories)


class ConvoyByOtherReference(ConvoyDetail):
    """The same by a waybill, a sponsor's own number or a clearance, which each issuer gives once.

    Asked about another moment: by what was its number then.
    """

    def find(self, issuer: str, number: str) -> tuple[Convoy, dict[str, Any]]:  # type: ignore[override]
        if not (is_number(issuer) and is_number(number)):
            raise Http404
        convoys = api_convoys.convoys_on_record_at(self.viewer, self.moment)
        found = referred_to_as(convoys, self.moment, [number], issuer).order_by("reference")
        reference = found.values_list("reference", flat=True).first()
        if reference is None:
            raise Http404
        return super().find(reference)


# --- master data


class RouteList(ListOfADay):
    """Routes with their places in travelling order, by code; their access is that of the moment."""

    basis = Basis.RECORD
    table = tables.ROUTES
    features = geojson.ROUTES
    key = "code"
    parameters = filters.MASTER_DATA
    serializer_class = RouteSerializer
    is_sparse = True
    expandable = ("places",)

    def get_queryset(self) -> QuerySet[Route]:
        return routes()

    def rows_of(self, page: Sequence[Route]) -> Sequence[Route]:
        self.is_backfilled = api_moments.set_routes_back(page, self.moment)
        return page

    def context_of(self, rows: Sequence[Route]) -> dict[str, Any]:
        return names_on(rows, whole_places=self.shape.expands("places"))


class RouteDetail(DetailView):
    """One route with its places in travelling order; its access is that of the moment."""

    basis = Basis.RECORD
    serializer_class = RouteDetailSerializer
    is_sparse = True
    is_of_a_day = True
    expandable = ("places",)

    def find(self, code: str) -> tuple[Route, dict[str, Any]]:
        route = get_object_or_404(routes(), code=code)
        self.is_backfilled = api_moments.set_routes_back([route], self.moment)
        return route, names_on([route], whole_places=self.shape.expands("places"))


def control_points() -> QuerySet[ControlPoint]:
    return ControlPoint.objects.select_related("place").prefetch_related("place__names")


def _sides(rows: Sequence[ControlPoint]) -> dict[str, Any]:
    return {"places": {code for point in rows for code in (point.side_a_id, point.side_b_id)}}


class ControlPointList(ListOfADay):
    """Places that can be closed, each with its access as last reported by the moment, by code."""

    basis = Basis.RECORD
    table = tables.CONTROL_POINTS
    features = geojson.CONTROL_POINTS
    parameters = filters.CONTROL_POINTS
    serializer_class = ControlPointSerializer
    is_sparse = True

    def get_queryset(self) -> QuerySet[ControlPoint]:
        return control_points()

    def rows_of(self, page: Sequence[ControlPoint]) -> Sequence[ControlPoint]:
        self.is_backfilled = api_moments.set_points_back(page, self.moment)
        return page

    def context_of(self, rows: Sequence[ControlPoint]) -> dict[str, Any]:
        return {"names": Names(_sides(rows))}


class ControlPointDetail(DetailView):
    """One control point with its history of access and the claims about it."""

    basis = Basis.RECORD
    serializer_class = ControlPointDetailSerializer
    is_sparse = True
    is_of_a_day = True

    def find(self, code: str) -> tuple[ControlPoint, dict[str, Any]]:
        point = get_object_or_404(control_points(), pk=code)
        api_moments.set_points_back([point], self.moment)
        told = api_record.tell_subject(self.viewer, point, self.moment)
        self.is_backfilled = api_record.rests_on_backfilled(told)
        point.told = told  # type: ignore[attr-defined]
        names = Names(_sides([point]), api_record.named_in(told.events, told.claims))
        return point, {"names": names, "viewer": self.viewer}


class OrganisationList(ListView):
    """Sponsors, carriers, consignees, sources and parties, by code."""

    basis = Basis.RECORD
    table = tables.ORGANISATIONS
    key = "code"
    parameters = filters.MASTER_DATA
    serializer_class = OrganisationSerializer
    is_sparse = True

    def get_queryset(self) -> QuerySet[Organisation]:
        return Organisation.objects.prefetch_related("names")


class OrganisationDetail(DetailView):
    """One organisation."""

    basis = Basis.RECORD
    serializer_class = OrganisationSerializer
    is_sparse = True

    def find(self, code: str) -> tuple[Organisation, dict[str, Any]]:
        return get_object_or_404(Organisation.objects.prefetch_related("names"), code=code), {}


class AgreementList(ListView):
    """What is said to have been agreed about routes, by code."""

    basis = Basis.RECORD
    table = tables.AGREEMENTS
    key = "code"
    parameters = filters.MASTER_DATA
    serializer_class = AgreementSerializer
    is_sparse = True

    def get_queryset(self) -> QuerySet[Agreement]:
        return Agreement.objects.prefetch_related("routes")


class AgreementDetail(DetailView):
    """One agreement with its steps, each as told, and the claims about it."""

    basis = Basis.RECORD
    serializer_class = AgreementDetailSerializer
    is_sparse = True
    is_of_a_day = True

    def find(self, code: str) -> tuple[Agreement, dict[str, Any]]:
        agreement = get_object_or_404(Agreement.objects.prefetch_related("routes"), code=code)
        told = api_record.tell_subject(self.viewer, agreement, self.moment)
        self.is_backfilled = api_record.rests_on_backfilled(told)
        agreement.told = told  # type: ignore[attr-defined]
        return agreement, {
            "names": Names(api_record.named_in(told.events, told.claims)),
            "viewer": self.viewer,
        }

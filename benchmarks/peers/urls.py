"""The bare view that returns what one statement made, and REST framework's ModelViewSet."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework import serializers, viewsets
from rest_framework.routers import SimpleRouter

from accounts.models import Organisation
from benchmarks.peers import statements
from convoys.models import Convoy, ConvoyOrganisation, Route


def _raw(statement: str, parameters: Any) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return HttpResponse(cursor.fetchone()[0], content_type="application/json")


def raw_list(request: HttpRequest) -> HttpResponse:
    return _raw(statements.LIST, [request.GET.get("after", "")])


def raw_detail(request: HttpRequest, reference: str) -> HttpResponse:
    return _raw(statements.DETAIL, [reference])


def raw_feed(request: HttpRequest) -> HttpResponse:
    return _raw(statements.FEED, {"after": int(request.GET["after"])})


class OrganisationRow(serializers.ModelSerializer):
    class Meta:
        model = Organisation
        fields = ["code", "name"]


class SponsorRow(serializers.ModelSerializer):
    organisation = OrganisationRow()

    class Meta:
        model = ConvoyOrganisation
        fields = ["organisation", "part"]


class RouteRow(serializers.ModelSerializer):
    class Meta:
        model = Route
        fields = ["code", "name"]


class ConvoyRow(serializers.ModelSerializer):
    route = RouteRow()
    organisations = SponsorRow(many=True)
    carrier = OrganisationRow()
    consignee = OrganisationRow()

    class Meta:
        model = Convoy
        fields = "__all__"


class Convoys(viewsets.ModelViewSet):
    queryset = (
        Convoy.objects.filter(is_exercise=False)
        .select_related("route", "carrier", "consignee")
        .prefetch_related("organisations__organisation")
        .order_by("reference")
    )
    serializer_class = ConvoyRow


router = SimpleRouter(trailing_slash=False)
router.register("stock/convoys", Convoys)

urlpatterns = [
    path("raw/convoys", raw_list),
    path("raw/convoys/<str:reference>", raw_detail),
    path("raw/events", raw_feed),
    path("", include(router.urls)),
]

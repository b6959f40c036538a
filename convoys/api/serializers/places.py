"""Master data: routes, control points, organisations, agreements. Read as of now, but for access."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Organisation, OrganisationType
from convoys.api.fields import (
    CodeField,
    InstantField,
    PlaceField,
    PlaceNameSerializer,
    PlaceSerializer,
    RouteNameSerializer,
    TextField,
)
from convoys.api.moments import OfADaySerializer
from convoys.api.serializers.claims import ClaimSerializer
from convoys.api.serializers.events import EventSerializer
from convoys.api.serializers.rows import RowSerializer
from convoys.clocks import zone_named
from convoys.models import ControlPoint, Place, Route
from convoys.queries.api_names import place_names
from convoys.queries.contested import POINTS
from convoys.vocabulary import ACCESS_WORST_FIRST, Access, ControlPointType, PlaceKind, Precision


def _access_of(place: Place) -> str | None:
    point = getattr(place, "control_point", None)
    return (point.access or None) if point is not None else None


class RouteStopSerializer(RowSerializer):
    """A place of a route, in travelling order; `access` where it is a control point with a history."""

    position = serializers.IntegerField()
    place = PlaceField(source="place_id")
    kind = CodeField(PlaceKind, source="place.kind")
    access = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ChoiceField(choices=Access.choices, allow_null=True))
    def get_access(self, stop: Any) -> str | None:
        return _access_of(stop.place)


class RouteSerializer(RowSerializer):
    """An ordered list of places. Its access is the worst of its control points' with a history."""

    is_sparse = True

    code = serializers.CharField()
    name = serializers.CharField()
    exercise = serializers.BooleanField(source="is_exercise")
    access = serializers.SerializerMethodField()
    places = RouteStopSerializer(many=True, source="stops.all")

    @extend_schema_field(serializers.ChoiceField(choices=Access.choices, allow_null=True))
    def get_access(self, route: Route) -> str | None:
        known = {_access_of(stop.place) for stop in route.stops.all()}
        return next((access.value for access in ACCESS_WORST_FIRST if access in known), None)


class RouteDetailSerializer(OfADaySerializer, RouteSerializer):
    """The same, and the moment that it is told of."""


class ControlPointSerializer(RowSerializer):
    """A place that can be closed. Who operates it is a claim, and stands among its claims."""

    is_sparse = True

    code = serializers.CharField(source="place_id")
    name = serializers.CharField(source="place.display_name")
    names = serializers.SerializerMethodField()
    type = CodeField(ControlPointType)
    country = TextField(source="place.country", help_text="ISO 3166; null at a border.")
    latitude = serializers.DecimalField(
        max_digits=8, decimal_places=5, source="place.latitude", allow_null=True, help_text="WGS 84."
    )
    longitude = serializers.DecimalField(
        max_digits=8, decimal_places=5, source="place.longitude", allow_null=True
    )
    coordinate_source = TextField(source="place.coordinate_source", help_text="Who says where it is.")
    exercise = serializers.BooleanField(source="place.is_exercise")
    sides = serializers.SerializerMethodField()
    access = CodeField(Access, allow_null=True)
    access_since = InstantField(
        lambda point: point.access_since,
        lambda point, context: zone_named(point.place.time_zone),
        allow_null=True,
    )
    access_precision = CodeField(Precision, allow_null=True)

    @extend_schema_field(PlaceNameSerializer(many=True))
    def get_names(self, point: ControlPoint) -> Any:
        return place_names(point.place)

    @extend_schema_field(PlaceSerializer(many=True))
    def get_sides(self, point: ControlPoint) -> Any:
        return [self.context["names"].place(code) for code in (point.side_a_id, point.side_b_id) if code]


class ControlPointDetailSerializer(OfADaySerializer, ControlPointSerializer):
    """A control point with its history of access, and the claims about who operates it."""

    contested = serializers.ListField(
        child=serializers.ChoiceField(choices=POINTS),
        source="told.contested",
        help_text="What the claims in force contradict each other on, of its events and of itself.",
    )
    events = EventSerializer(many=True, source="told.events")
    claims = ClaimSerializer(many=True, source="told.claims")


class PartyNameSerializer(RowSerializer):
    party = serializers.CharField()
    name = serializers.CharField()


class OrganisationSerializer(RowSerializer):
    """A sponsor, carrier, consignee, source or party. `name` is ours and neutral."""

    is_sparse = True

    code = serializers.CharField()
    name = serializers.CharField()
    names = serializers.SerializerMethodField()
    type = serializers.ChoiceField(choices=OrganisationType.choices)
    country = TextField(help_text="ISO 3166 of its seat; null where disputed or unknown.")
    iati_identifier = TextField()
    exercise = serializers.BooleanField(source="is_exercise")

    @extend_schema_field(PartyNameSerializer(many=True))
    def get_names(self, organisation: Organisation) -> list[dict[str, str]]:
        """Names that parties use. One that is a party's verdict stands only in that party's claims."""
        names = [name for name in organisation.names.all() if not name.is_verdict]
        names.sort(key=lambda name: (name.name.casefold(), name.party))
        return [{"party": name.party, "name": name.name} for name in names]


class AgreementSerializer(RowSerializer):
    """Something said to have been agreed about routes."""

    is_sparse = True

    code = serializers.CharField()
    title = serializers.CharField()
    routes = RouteNameSerializer(many=True)
    exercise = serializers.BooleanField(source="is_exercise")


class AgreementDetailSerializer(OfADaySerializer, AgreementSerializer):
    """An agreement with its steps, each as told, and the claims about it."""

    contested = serializers.ListField(
        child=serializers.ChoiceField(choices=POINTS),
        source="told.contested",
        help_text="What the claims in force contradict each other on, of its events and of itself.",
    )
    events = EventSerializer(many=True, source="told.events")
    claims = ClaimSerializer(many=True, source="told.claims")

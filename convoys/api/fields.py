"""Fields that several serializers share: instants in their zone, names for codes, codes or null."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any, cast

from django.db.models import TextChoices
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from convoys.clocks import instance_zone
from convoys.queries.api_names import Names
from convoys.vocabulary import PlaceKind


@extend_schema_field(OpenApiTypes.DATETIME)
class InstantField(serializers.Field):
    """An instant with the offset of the zone in which it was reported, else of the instance's.

    `at` picks the instant from the row; `zone` the zone, or None for the instance's.
    """

    def __init__(
        self,
        at: Callable[[Any], datetime | None],
        zone: Callable[[Any, Any], tzinfo] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(source="*", read_only=True, **more)
        self.at, self.zone = at, zone

    def to_representation(self, row: Any) -> Any:
        at = self.at(row)
        if at is None:
            return None
        return at.astimezone(self.zone(row, self.context) if self.zone else instance_zone()).isoformat()


class CodeField(serializers.ChoiceField):
    """A code of a closed list; null where none is stated."""

    def __init__(self, choices: type[TextChoices], **more: Any) -> None:
        super().__init__(choices=choices.choices, read_only=True, **more)

    def to_representation(self, value: str) -> Any:
        return value or None


class TonnesField(serializers.DecimalField):
    """Metric tonnes as a decimal string with three places; null is unknown."""

    def __init__(self, **more: Any) -> None:
        super().__init__(max_digits=12, decimal_places=3, allow_null=True, read_only=True, **more)


class TextField(serializers.CharField):
    """A text, or null where there is none."""

    def __init__(self, **more: Any) -> None:
        super().__init__(allow_null=True, read_only=True, **more)

    def to_representation(self, value: Any) -> Any:
        return value or None


class PlaceNameSerializer(serializers.Serializer):
    party = serializers.CharField(help_text="Whose usage: hy, az, or other.")
    name = serializers.CharField()
    language = serializers.CharField()


class PlaceSerializer(serializers.Serializer):
    """A place with its name in every party's usage, none before another but by the alphabet."""

    code = serializers.CharField()
    name = serializers.CharField(help_text="All parties' names: “Berdzor / Lachin”.")
    names = PlaceNameSerializer(many=True)
    # What `expand=places` adds.
    kind = serializers.ChoiceField(choices=PlaceKind.choices, required=False)
    country = serializers.CharField(required=False, allow_null=True, help_text="ISO 3166; null at a border.")
    time_zone = serializers.CharField(
        required=False, allow_null=True, help_text="IANA name; null: the tracker's own."
    )
    latitude = serializers.CharField(required=False, allow_null=True)
    longitude = serializers.CharField(required=False, allow_null=True)
    coordinate_source = serializers.CharField(required=False, allow_null=True)
    exercise = serializers.BooleanField(required=False)


class OrganisationNameSerializer(serializers.Serializer):
    """An organisation by code and our own neutral name."""

    code = serializers.CharField()
    name = serializers.CharField()


class RouteNameSerializer(serializers.Serializer):
    code = serializers.CharField()
    name = serializers.CharField()


def either(*components: str) -> dict[str, Any]:
    """By code and name, or whole where `expand` asks for it."""
    return {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in components]}


class NamedField(serializers.Field):
    """A code, shown with its names out of the page's `Names`."""

    def __init__(self, **more: Any) -> None:
        super().__init__(read_only=True, **more)

    @property
    def names(self) -> Names:
        return cast(Names, self.context["names"])


@extend_schema_field(PlaceSerializer)
class PlaceField(NamedField):
    def to_representation(self, code: str) -> Any:
        return self.names.place(code)


@extend_schema_field(OrganisationNameSerializer)
class OrganisationField(NamedField):
    def to_representation(self, code: str) -> Any:
        return self.names.organisation(code)


@extend_schema_field(either("RouteName", "Route"))
class RouteField(NamedField):
    def to_representation(self, code: str) -> Any:
        return self.context.get("routes", {}).get(code) or self.names.route(code)


@extend_schema_field(OrganisationNameSerializer(many=True))
class OrganisationsField(NamedField):
    def to_representation(self, codes: list[str]) -> Any:
        shown = (self.names.organisation(code) for code in codes)
        return [organisation for organisation in shown if organisation is not None]

"""Convoys: the row that lists show, and the whole story of one."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from convoys.api.fields import (
    CodeField,
    InstantField,
    OrganisationField,
    PlaceField,
    RouteField,
    TextField,
    TonnesField,
    either,
)
from convoys.api.moments import OfADaySerializer
from convoys.api.serializers.claims import ClaimSerializer
from convoys.api.serializers.events import EventSerializer
from convoys.api.serializers.rows import RowSerializer
from convoys.clocks import silent_from, zone_named
from convoys.models import Convoy
from convoys.queries.api_convoys import sponsor_codes
from convoys.queries.cargo import account_fields
from convoys.queries.contested import POINTS
from convoys.replay import Episode
from convoys.vocabulary import (
    FINAL_STATES,
    SECTOR_OF,
    Bound,
    CargoCategory,
    CargoPart,
    Precision,
    ShortfallReason,
    State,
)


def _zone(convoy: Convoy, context: Any, column: str) -> ZoneInfo:
    """The zone of the event that an instant of the row comes from."""
    return zone_named(context["zones"].get((convoy.pk, getattr(convoy, column)), ""))


def _reported(column: str, **more: Any) -> InstantField:
    return InstantField(
        lambda convoy: getattr(convoy, column),
        lambda convoy, context: _zone(convoy, context, column),
        allow_null=True,
        **more,
    )


class ConvoySerializer(RowSerializer):
    """A convoy as it stands, or stood at the moment asked about.

    Instants only: how long something lasts is for you to compute.

    Null is unknown, never 0. `tonnes_low` without `tonnes_high` means at least.
    """

    is_sparse = True

    reference = serializers.CharField()
    exercise = serializers.BooleanField(
        source="is_exercise", help_text="For training and demonstration: no figure."
    )
    status = CodeField(State)
    status_since = _reported("status_since")
    status_precision = CodeField(Precision, allow_null=True)
    held_since = _reported("held_since", help_text="Since when it is held now; null where it is not.")
    held_precision = CodeField(Precision, allow_null=True)
    last_reported_at = _reported("last_reported_at", help_text="Latest report of its position or state.")
    last_reported_precision = CodeField(Precision, allow_null=True)
    silent_from = serializers.SerializerMethodField()
    tracking_ended_at = _reported("tracking_ended_at")
    origin = PlaceField(source="origin_id", allow_null=True)
    destination = PlaceField(source="destination_id", allow_null=True)
    route = RouteField(source="route_id", allow_null=True)
    stands_at = PlaceField(source="stands_at_id", allow_null=True, help_text="Where it was last reported.")
    control_point = PlaceField(
        source="held_before_id",
        allow_null=True,
        help_text="The control point that it is kept from passing now.",
    )
    heading = PlaceField(source="heading_id", allow_null=True)
    heading_back = serializers.BooleanField()
    sponsors = serializers.SerializerMethodField()
    carrier = OrganisationField(source="carrier_id", allow_null=True)
    consignee = OrganisationField(source="consignee_id", allow_null=True)
    trucks = serializers.IntegerField(allow_null=True)
    tonnes_low = TonnesField()
    tonnes_high = TonnesField()
    planned_departure_at = InstantField(
        lambda convoy: convoy.planned_departure_at,
        lambda convoy, context: context["names"].zone(convoy.origin_id),
        allow_null=True,
    )
    due_at = InstantField(
        lambda convoy: convoy.due_at,
        lambda convoy, context: context["names"].zone(convoy.destination_id),
        allow_null=True,
    )

    @extend_schema_field({"type": ["string", "null"], "format": "date-time"})
    def get_silent_from(self, convoy: Convoy) -> str | None:
        """From then on, without another report, the convoy is silent; null where none is awaited."""
        if convoy.last_reported_at is None or convoy.status in FINAL_STATES or convoy.tracking_ended_at:
            return None
        zone = _zone(convoy, self.context, "last_reported_at")
        at = silent_from(convoy.last_reported_at, convoy.last_reported_precision, zone)
        return at.astimezone(zone).isoformat()

    @extend_schema_field({"type": "array", "items": either("OrganisationName", "Organisation")})
    def get_sponsors(self, convoy: Convoy) -> Any:
        names, whole = self.context["names"], self.context.get("sponsors", {})
        return [whole.get(code) or names.organisation(code) for code in sponsor_codes(convoy)]


class CargoLineSerializer(RowSerializer):
    """One kind of goods. Tonnes stand only where a source gives tonnes for that line."""

    line = serializers.IntegerField()
    category = CodeField(CargoCategory)
    sector = serializers.SerializerMethodField()
    description = TextField()
    quantity = serializers.DecimalField(max_digits=14, decimal_places=3, allow_null=True)
    unit = TextField()
    tonnes_low = TonnesField()
    tonnes_high = TonnesField()

    def get_sector(self, line: Any) -> str | None:
        """Sector code of the HDX Humanitarian API; mixed and other goods have none."""
        return SECTOR_OF.get(line.category)


class OtherReferenceSerializer(RowSerializer):
    issuer = serializers.CharField()
    number = serializers.CharField()


class EpisodeSerializer(RowSerializer):
    """One hold: from when, until when, and how it ended. Only `released` is called released."""

    held_since = InstantField(
        lambda episode: episode.opening.occurred_at,
        lambda episode, context: zone_named(episode.opening.time_zone),
    )
    held_precision = CodeField(Precision, source="opening.precision")
    held_bound = CodeField(Bound, source="opening.bound")
    ended_at = InstantField(
        lambda episode: episode.closing.occurred_at if episode.closing else None,
        lambda episode, context: zone_named(episode.closing.time_zone),
        allow_null=True,
    )
    ended_precision = CodeField(Precision, source="closing.precision", allow_null=True)
    ended_bound = CodeField(Bound, source="closing.bound", allow_null=True)
    ended = TextField(help_text="How: released, turned back, delivered, …; null while it lasts.")
    end_inferred = serializers.BooleanField(source="is_end_inferred", help_text="Nobody reported its end.")
    stands_at = PlaceField(allow_null=True)
    control_point = PlaceField(source="held_before", allow_null=True)
    opened_by = serializers.SerializerMethodField()
    ended_by = serializers.SerializerMethodField()

    def get_opened_by(self, episode: Episode) -> int | None:
        """Chain of the event that opened it, where you may read that event."""
        return self._if_visible(episode.opening.chain)

    def get_ended_by(self, episode: Episode) -> int | None:
        """Chain of the event that ended it, where you may read that event."""
        return self._if_visible(episode.closing.chain) if episode.closing else None

    def _if_visible(self, chain: int) -> int | None:
        return chain if chain in self.context["chains"] else None


class AmountSerializer(RowSerializer):
    """Tonnes. Low without high means at least; both null is unknown."""

    low = TonnesField()
    high = TonnesField()


class CargoAccountSerializer(RowSerializer):
    """What became of the cargo, from the reports that you may read.

    `parts` by what became of them, what the end of the journey takes without a figure included;
    `open` is in no part. `shortfall` and `excess` are what is missing, or too much, for certain.
    `is_partial`: reports that you may not read change these sums.
    """

    declared = AmountSerializer(allow_null=True)
    parts = serializers.DictField(child=AmountSerializer())
    lost_by_mode = serializers.DictField(child=AmountSerializer())
    without_figure = serializers.ListField(child=serializers.ChoiceField(choices=CargoPart.choices))
    accounted = AmountSerializer()
    open = AmountSerializer(allow_null=True)
    closed_by = CodeField(CargoPart, allow_null=True)
    takes_rest = serializers.BooleanField()
    shortfall = AmountSerializer(allow_null=True)
    shortfall_reason = CodeField(ShortfallReason, allow_null=True)
    excess = AmountSerializer(allow_null=True)
    is_partial = serializers.BooleanField()


class ConvoyDetailSerializer(OfADaySerializer, ConvoySerializer):
    """A convoy with everything on record that you may read.

    `events` stand in the order of what happened, inferred steps among them; entries that were
    superseded or retracted are there and say so. `claims` are those about the convoy's figures and
    other items of its declaration.
    """

    other_references = OtherReferenceSerializer(many=True)
    cargo = CargoLineSerializer(many=True, source="cargo_lines")
    cargo_account = serializers.SerializerMethodField()
    episodes = EpisodeSerializer(many=True, source="told.history.episodes")
    contested = serializers.ListField(
        child=serializers.ChoiceField(choices=POINTS),
        source="told.contested",
        help_text="What the claims in force contradict each other on.",
    )
    events = EventSerializer(many=True, source="told.events")
    claims = ClaimSerializer(many=True, source="told.claims")

    @extend_schema_field(CargoAccountSerializer)
    def get_cargo_account(self, convoy: Any) -> dict[str, Any]:
        return account_fields(convoy.told.cargo)

"""Events: what happened, by the desk's reading, with the claims it rests on."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from convoys.api.fields import CodeField, InstantField, OrganisationField, PlaceField, TextField, TonnesField
from convoys.api.serializers.claims import ClaimSerializer, EntrySerializer
from convoys.queries.api_record import EventTold
from convoys.queries.contested import POINTS
from convoys.vocabulary import KINDS, Access, Act, Bound, DecidedBy, LossMode, Precision, ShortfallReason


class EventSerializer(EntrySerializer):
    """One entry of the record about a convoy, a control point or an agreement: exactly one is set.

    `superseded_by` or `retracted` say that it is not what holds now. Where `inferred` is true
    nobody reported the step: the event of chain `implied_by` proves it, and `sequence` and `chain`
    are null. `occurred_at` is the first instant of the period that `precision` names.
    """

    # The three that an inferred step does not have.
    sequence = serializers.IntegerField(source="entry.sequence", allow_null=True)
    chain = serializers.IntegerField(source="own_chain", allow_null=True)
    act = CodeField(Act, source="entry.act", allow_null=True)
    type = serializers.SerializerMethodField()
    inferred = serializers.BooleanField(source="is_inferred")
    implied_by = serializers.SerializerMethodField()
    convoy = serializers.CharField(source="event.convoy.reference", allow_null=True)
    control_point = PlaceField(source="event.control_point_id", allow_null=True)
    agreement = serializers.CharField(source="event.agreement_id", allow_null=True)
    kind = serializers.ChoiceField(choices=list(KINDS), source="event.kind")
    occurred_at = InstantField(lambda told: told.event.occurred_at, lambda told, context: told.zone)
    precision = CodeField(Precision, source="event.precision")
    bound = CodeField(Bound, source="event.bound")
    time_zone = serializers.CharField(source="event.time_zone")
    time_as_printed = TextField(source="words.time_as_printed")
    place = PlaceField(source="event.place_id", allow_null=True)
    held_before = PlaceField(
        source="event.held_before_id", allow_null=True, help_text="The control point it is kept from passing."
    )
    heading = PlaceField(source="event.heading_id", allow_null=True)
    decided_by = CodeField(DecidedBy, source="event.decided_by", allow_null=True)
    decided_by_organisation = OrganisationField(source="event.decided_by_organisation_id", allow_null=True)
    access = CodeField(Access, source="event.access", allow_null=True)
    loss_mode = CodeField(LossMode, source="event.loss_mode", allow_null=True)
    trucks = serializers.IntegerField(source="event.trucks", allow_null=True)
    tonnes_low = TonnesField(source="event.tonnes_low")
    tonnes_high = TonnesField(source="event.tonnes_high")
    damaged_tonnes_low = TonnesField(source="event.damaged_tonnes_low")
    damaged_tonnes_high = TonnesField(source="event.damaged_tonnes_high")
    refused_tonnes_low = TonnesField(source="event.refused_tonnes_low")
    refused_tonnes_high = TonnesField(source="event.refused_tonnes_high")
    shortfall_reason = CodeField(ShortfallReason, source="event.shortfall_reason", allow_null=True)
    other_convoy = serializers.CharField(
        allow_null=True, help_text="The convoy that it goes on as; null also where you may not know of it."
    )
    next_carrier = OrganisationField(source="event.next_carrier_id", allow_null=True)
    declares = serializers.SerializerMethodField()
    text = TextField(source="words.text", help_text="The text of a note.")
    contested = serializers.ListField(
        child=serializers.ChoiceField(choices=POINTS),
        help_text="What claims in force contradict each other on.",
    )
    claims = ClaimSerializer(many=True)

    @extend_schema_field({"type": "string", "const": "event"})
    def get_type(self, told: EventTold) -> str:
        return "event"

    def get_implied_by(self, told: EventTold) -> int | None:
        return told.event.chain if told.is_inferred else None

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_declares(self, told: EventTold) -> dict[str, Any]:
        """Items of the declaration that it states, as item to value, in codes; null: now unknown.

        A partner is told that a convoy is shared with it, not with whom besides.
        """
        declares = dict(told.event.declares)
        viewer = self.context["viewer"]
        shared_with = declares.get("visible_to")
        if isinstance(shared_with, list) and not viewer.is_staff:
            declares["visible_to"] = [code for code in shared_with if code == viewer.organisation]
        return declares

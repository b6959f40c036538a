"""Claims: who says what. Every claim has the same keys, whoever speaks and whatever it is about."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from convoys.api.fields import (
    CodeField,
    InstantField,
    OrganisationField,
    OrganisationsField,
    PlaceField,
    TextField,
    TonnesField,
)
from convoys.api.serializers.rows import RowSerializer
from convoys.canonical import target_of
from convoys.models.event import Entry
from convoys.queries.api_record import ClaimTold
from convoys.vocabulary import Access, Act, Audience, ConvoyLink, Order, Precision, SpeakerKind, Stance


class RetractionSerializer(RowSerializer):
    """When and why an entry was taken back. It stays readable."""

    sequence = serializers.IntegerField()
    recorded_at = serializers.DateTimeField()
    reason = serializers.CharField(allow_null=True)


class TargetSerializer(RowSerializer):
    """What a claim is about."""

    type = serializers.ChoiceField(choices=["event", "claim", "convoy", "control_point", "agreement"])
    chain = serializers.IntegerField(allow_null=True, help_text="Of an event or a claim: its chain.")
    code = serializers.CharField(allow_null=True, help_text="Of anything else: its reference or code.")
    item = serializers.CharField(allow_null=True, help_text="Of a convoy: which item of its declaration.")


class AllegedSerializer(RowSerializer):
    """What a claim alleges; whatever it does not say is null or empty."""

    holders = OrganisationsField(source="claim.alleged_holders")
    causes = serializers.ListField(child=serializers.CharField(), source="claim.alleged_causes")
    at = InstantField(
        lambda told: told.claim.alleged_at,
        lambda told, context: context["names"].zone(told.claim.alleged_place_id, told.time_zone),
        allow_null=True,
    )
    precision = CodeField(Precision, source="claim.alleged_precision", allow_null=True)
    place = PlaceField(source="claim.alleged_place_id", allow_null=True)
    place_words = TextField(source="words.alleged_place_words")
    access = CodeField(Access, source="claim.alleged_access", allow_null=True)
    order = CodeField(Order, source="claim.alleged_order", allow_null=True)
    trucks = serializers.IntegerField(source="claim.alleged_trucks", allow_null=True)
    tonnes_low = TonnesField(source="claim.alleged_tonnes_low")
    tonnes_high = TonnesField(source="claim.alleged_tonnes_high")
    link = CodeField(
        ConvoyLink, source="claim.alleged_link", allow_null=True, help_text="What the convoy is to `convoy`."
    )
    convoy = serializers.CharField(source="claim.alleged_convoy.reference", allow_null=True)


class EntrySerializer(RowSerializer):
    """What every entry of the record has: its place in the ledger and in its chain, and its fate."""

    sequence = serializers.IntegerField(source="entry.sequence")
    chain = serializers.IntegerField(source="entry.chain")
    act = CodeField(Act, source="entry.act")
    supersedes = serializers.IntegerField(source="entry.supersedes", allow_null=True)
    superseded_by = serializers.IntegerField(source="fate.superseded_by", allow_null=True)
    retracted = serializers.BooleanField(source="fate.is_retracted")
    retraction = serializers.SerializerMethodField()
    reason = TextField(source="words.reason", help_text="Why it corrects or retracts.")
    known_from = InstantField(lambda told: told.entry.known_from)
    recorded_at = InstantField(lambda told: told.entry.recorded_at)
    backfilled = serializers.BooleanField(
        source="entry.backfilled", help_text="Loaded as history: known from the day of its documents."
    )
    audience = CodeField(Audience, source="entry.audience", help_text="Who may read it.")
    erased = serializers.BooleanField(source="is_erased", help_text="An administrator took the words out.")

    @extend_schema_field(RetractionSerializer(allow_null=True))
    def get_retraction(self, told: Any) -> dict[str, Any] | None:
        entry: Entry | None = told.fate.retraction
        if entry is None:
            return None
        return {
            "sequence": entry.sequence,
            "recorded_at": InstantField(lambda row: row.recorded_at).to_representation(entry),
            "reason": told.fate.reason,
        }


class ClaimSerializer(EntrySerializer):
    """What one speaker says in one document. Claims stand side by side; none is merged or averaged.

    `speaker` and `publisher` are names; `…_organisation` is set where they are an organisation on
    record. `verbatim` false means that `statement` is our summary. `withheld` true means that the
    source is confidential: of it you see only `speaker_kind`.
    """

    target = serializers.SerializerMethodField()
    speaker = serializers.SerializerMethodField()
    speaker_organisation = OrganisationField(source="words.speaker_organisation", allow_null=True)
    speaker_kind = CodeField(SpeakerKind, source="claim.speaker_kind")
    person = TextField(source="words.person")
    publisher = serializers.SerializerMethodField()
    publisher_organisation = OrganisationField(source="words.publisher_organisation", allow_null=True)
    title = TextField(source="words.title")
    link = TextField(source="words.link")
    language = TextField(source="words.language")
    said_on = serializers.DateField(source="claim.said_on", allow_null=True)
    reported_on = serializers.DateField(source="claim.reported_on", allow_null=True)
    stance = CodeField(Stance, source="claim.stance")
    statement = TextField(source="words.statement")
    verbatim = serializers.BooleanField(source="claim.is_verbatim")
    alleged = AllegedSerializer(source="*")
    document_sha256 = serializers.SerializerMethodField(
        help_text="Digest of the kept document; the pages serve it at /documents/<sha256>."
    )
    withheld = serializers.BooleanField(source="is_withheld")

    @extend_schema_field(TargetSerializer)
    def get_target(self, told: ClaimTold) -> dict[str, Any]:
        return {"chain": None, "code": None, "item": None} | target_of(told.claim)

    def get_document_sha256(self, told: ClaimTold) -> str | None:
        return None if told.is_withheld else told.claim.document_sha256 or None

    def get_speaker(self, told: ClaimTold) -> str | None:
        return self._named(told, "speaker")

    def get_publisher(self, told: ClaimTold) -> str | None:
        return self._named(told, "publisher")

    def _named(self, told: ClaimTold, part: str) -> str | None:
        organisation = self.context["names"].organisation(told.words.get(f"{part}_organisation"))
        return organisation["name"] if organisation else told.words.get(part) or None

"""Rows of the change feed: entries as the details show them, and what they changed in what you see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from convoys.api.fields import InstantField
from convoys.api.serializers.claims import ClaimSerializer
from convoys.api.serializers.events import EventSerializer
from convoys.api.serializers.rows import RowSerializer
from convoys.queries.feed import FeedRow
from convoys.vocabulary import SubjectType


class SubjectSerializer(RowSerializer):
    """What an entry is about in the end."""

    type = serializers.ChoiceField(choices=SubjectType.values)
    code = serializers.CharField(help_text="The reference of a convoy, the code of anything else.")


class SightSerializer(RowSerializer):
    """What every row of the feed has: what you are to fetch and to forget because of it."""

    visible = serializers.ListField(
        child=serializers.CharField(),
        help_text="Convoys of which you may see more, or less, from this entry on: fetch each anew.",
    )
    withdrawn = serializers.ListField(
        child=serializers.CharField(),
        help_text="Convoys that you may not see any more: forget all that you hold of each.",
    )


class FeedEventSerializer(SightSerializer, EventSerializer):
    """An event, or a correction or retraction of one. Its claims are rows of their own."""

    subject = SubjectSerializer(source="about")
    # Claims are told apart, and what they contradict each other on moves with them: see the details.
    claims = contested = inferred = implied_by = None  # type: ignore[assignment]


class FeedClaimSerializer(SightSerializer, ClaimSerializer):
    """A claim, or a correction or retraction of one."""

    type = serializers.SerializerMethodField()
    subject = SubjectSerializer(source="about")

    @extend_schema_field({"type": "string", "const": "claim"})
    def get_type(self, row: FeedRow) -> str:
        return row.type


class FeedErasureSerializer(SightSerializer):
    """An administrator took the words out of an entry that you may read: forget them."""

    sequence = serializers.IntegerField()
    type = serializers.SerializerMethodField()
    erased_sequence = serializers.IntegerField(source="erased")
    recorded_at = InstantField(lambda row: row.recorded_at)
    subject = SubjectSerializer(source="about")

    @extend_schema_field({"type": "string", "const": "erasure"})
    def get_type(self, row: FeedRow) -> str:
        return row.type


class FeedVisibilitySerializer(SightSerializer):
    """An entry that is not for you changed what you may see. More than that you are not told."""

    sequence = serializers.IntegerField()
    type = serializers.SerializerMethodField()
    withdrawn_chain = serializers.IntegerField(
        source="chain",
        allow_null=True,
        help_text="An event or a claim that you may not read any more: forget it, and the claims on it.",
    )

    @extend_schema_field({"type": "string", "const": "visibility"})
    def get_type(self, row: FeedRow) -> str:
        return row.type


SERIALIZERS: Mapping[str, type[serializers.Serializer]] = {
    "event": FeedEventSerializer,
    "claim": FeedClaimSerializer,
    "erasure": FeedErasureSerializer,
    "visibility": FeedVisibilitySerializer,
}


def shown(rows: list[FeedRow], context: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each row as its type has it."""
    by_type = {name: serializer(context=dict(context)) for name, serializer in SERIALIZERS.items()}
    return [by_type[row.type].to_representation(row) for row in rows]

"""Holds as a list of their own."""

from __future__ import annotations

from rest_framework import serializers

from convoys.api.serializers.claims import ClaimSerializer
from convoys.api.serializers.convoys import EpisodeSerializer
from convoys.queries.contested import POINTS


class EpisodeOfListSerializer(EpisodeSerializer):
    """A hold of one convoy. What it is said to be held for and by whom stands in its claims alone.

    `claims` are those about the event that opened it, and the answers to them.
    """

    is_sparse = True

    convoy = serializers.CharField(help_text="Its reference.")
    exercise = serializers.BooleanField(source="is_exercise")
    contested = serializers.ListField(
        child=serializers.ChoiceField(choices=POINTS),
        help_text="What claims in force about its opening contradict each other on.",
    )
    claims = ClaimSerializer(many=True)

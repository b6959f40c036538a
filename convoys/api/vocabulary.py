"""Every code list with its labels, so that a program need not guess what a code means."""

from __future__ import annotations

from typing import Any

from django.db.models import TextChoices
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import NamingParty, OrganisationType
from convoys import vocabulary
from convoys.api.base import ReadView
from convoys.api.etags import Basis
from convoys.api.formats import tables
from convoys.models import Part
from convoys.transitions import TRANSITIONS
from convoys.vocabulary.outside import outside_codes

LISTS: dict[str, type[TextChoices]] = {
    "states": vocabulary.State,
    "precisions": vocabulary.Precision,
    "bounds": vocabulary.Bound,
    "audiences": vocabulary.Audience,
    "acts": vocabulary.Act,
    "stances": vocabulary.Stance,
    "speaker_kinds": vocabulary.SpeakerKind,
    "decided_by": vocabulary.DecidedBy,
    "access": vocabulary.Access,
    "orders": vocabulary.Order,
    "loss_modes": vocabulary.LossMode,
    "cargo_parts": vocabulary.CargoPart,
    "cargo_categories": vocabulary.CargoCategory,
    "causes": vocabulary.Cause,
    "shortfall_reasons": vocabulary.ShortfallReason,
    "convoy_links": vocabulary.ConvoyLink,
    "items": vocabulary.Item,
    "place_kinds": vocabulary.PlaceKind,
    "control_point_types": vocabulary.ControlPointType,
    "parts": Part,
    "organisation_types": OrganisationType,
    "naming_parties": NamingParty,
}


class CodeSerializer(serializers.Serializer):
    """One code of ours, what it means, and the nearest code of other schemes, by the scheme's name."""

    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a serializer's own `label` is another thing
    outside = serializers.DictField(child=serializers.CharField())


class KindSerializer(CodeSerializer):
    """A kind of event."""

    subjects = serializers.ListField(
        child=serializers.ChoiceField(choices=vocabulary.SubjectType.choices),
        help_text="What such an event is about.",
    )
    changes_state_from = serializers.ListField(
        child=serializers.ChoiceField(choices=vocabulary.State.choices),
        help_text="The states out of which it leads; empty where it changes none, and of `registered`.",
    )
    reports = serializers.BooleanField(
        help_text="Whether it reports the convoy's position or state, and so breaks a silence."
    )
    after_final = serializers.BooleanField(help_text="Whether it may follow a final state.")


VocabularySerializer = type(
    "VocabularySerializer",
    (serializers.Serializer,),
    {
        "__doc__": "Code lists by name, each in the order in which people read it.",
        "kinds": KindSerializer(many=True),
        **{name: CodeSerializer(many=True) for name in LISTS},
    },
)


class Vocabulary(ReadView):
    """Every code that answers and parameters use, with its label and its nearest outside code.

    The same for everybody until the next release. UN/CEFACT Recommendation 24 has no code for a hold
    at a checkpoint: 90 is the nearest. Of `causes` the first nine are the types of ACAPS, after OCHA's
    access monitoring framework.
    """

    basis = Basis.RELEASE
    table = tables.VOCABULARY

    @extend_schema(responses=VocabularySerializer, operation_id="vocabulary", tags=["vocabulary"])
    def get(self, request: Request) -> Response:
        return Response(VocabularySerializer(every_list()).data)


def every_list() -> dict[str, list[dict[str, Any]]]:
    outside = outside_codes()
    lists = {
        name: [
            {"code": code, "label": str(label), "outside": outside.get(name, {}).get(code, {})}
            for code, label in choices.choices
        ]
        for name, choices in LISTS.items()
    }
    return {"kinds": [_kind(kind, outside["kinds"]) for kind in vocabulary.KINDS.values()], **lists}


def _kind(kind: vocabulary.Kind, outside: dict[str, dict[str, str]]) -> dict[str, Any]:
    return {
        "code": kind.code,
        "label": str(kind.label),
        "outside": outside.get(kind.code, {}),
        "subjects": sorted(kind.subjects),
        "changes_state_from": [state for state in TRANSITIONS.get(kind.code, {}) if state],
        "reports": kind.reports,
        "after_final": kind.after_final,
    }

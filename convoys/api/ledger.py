"""The ledger for those who would rather check than believe: its head, proofs, and what leaves are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from convoys.api.base import ReadView
from convoys.api.etags import Basis
from convoys.api.fields import InstantField
from convoys.api.parameters import LARGEST_INTEGER, a_whole_number, read_each, wrong
from convoys.canonical import VERSION
from convoys.models import EntryType
from convoys.queries import api_ledger
from convoys.queries.ledger_rows import GROUPS
from convoys.queries.proofs import consistency_proof, inclusion_proof

HASH = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
SALT = {"type": ["string", "null"], "pattern": "^[0-9a-f]{32}$"}


@extend_schema_field(HASH)
class HashField(serializers.Field):
    """A SHA-256 in hexadecimal."""

    def __init__(self, **more: Any) -> None:
        super().__init__(read_only=True, **more)

    def to_representation(self, value: bytes) -> str:
        return value.hex()


class LedgerHeadSerializer(serializers.Serializer):
    """How many entries there are and the root over them. Keep one, and nobody can rewrite what it covers."""

    size = serializers.IntegerField()
    root = HashField()  # type: ignore[assignment]  # a serializer's own `root` is another thing
    time = InstantField(
        lambda head: head.time, allow_null=True, help_text="Of the newest entry; null where there is none."
    )


class GroupSerializer(serializers.Serializer):
    """A group of an entry's fields: digest = SHA-256(salt ‖ canonical JSON of fields).

    Where `salt` and `fields` are null they were erased, or are not for you; the digest still serves.
    """

    digest = HashField()
    salt = serializers.SerializerMethodField()
    # A serializer's own `fields` and `get_fields` are other things.
    fields = serializers.SerializerMethodField(method_name="fields_told")  # type: ignore[assignment]

    @extend_schema_field(SALT)
    def get_salt(self, group: api_ledger.GroupTold) -> str | None:
        return group.salt.hex() if group.salt is not None else None

    @extend_schema_field({"type": ["object", "null"], "additionalProperties": True})
    def fields_told(self, group: api_ledger.GroupTold) -> Any:
        return group.fields


class GroupsSerializer(serializers.Serializer):
    open = GroupSerializer()
    detail = GroupSerializer()
    words = GroupSerializer()


class LedgerEntrySerializer(serializers.Serializer):
    """What one entry's leaf is computed from: SHA-256(0 ‖ canonical JSON of v, type and the digests).

    `erased` true: an administrator took the words out. `withheld` names the groups that are not for
    you.
    """

    sequence = serializers.IntegerField()
    v = serializers.SerializerMethodField(help_text="Version of the canonical form.")
    type = serializers.ChoiceField(choices=EntryType.values)
    leaf_hash = HashField()
    groups = GroupsSerializer()
    erased = serializers.BooleanField(source="is_erased")
    withheld = serializers.ListField(child=serializers.ChoiceField(choices=list(GROUPS)))

    def get_v(self, entry: api_ledger.EntryTold) -> int:
        return VERSION


InclusionProofSerializer = inline_serializer(
    "InclusionProof",
    {
        "sequence": serializers.IntegerField(),
        "size": serializers.IntegerField(),
        "leaf_hash": HashField(),
        "path": serializers.ListField(child=HashField(), help_text="From the leaf's sibling upwards."),
        "root": HashField(),
    },
)
ConsistencyProofSerializer = inline_serializer(
    "ConsistencyProof",
    {
        "from": serializers.IntegerField(),
        "to": serializers.IntegerField(),
        "from_root": HashField(),
        "to_root": HashField(),
        "path": serializers.ListField(child=HashField()),
    },
)


def _size(name: str, meaning: str) -> OpenApiParameter:
    schema = {"type": "integer", "minimum": 1, "maximum": LARGEST_INTEGER}
    return OpenApiParameter(name, schema, description=meaning)


SEQUENCE = OpenApiParameter(
    "sequence", {"type": "integer", "minimum": 1, "maximum": LARGEST_INTEGER}, OpenApiParameter.PATH
)


class Head(ReadView):
    """The ledger's head now. Every mail and page carries one."""

    basis = Basis.RECORD

    @extend_schema(responses=LedgerHeadSerializer, operation_id="ledger_head")
    def get(self, request: Request) -> Response:
        return Response(LedgerHeadSerializer(api_ledger.head_told()).data)


class Entry(ReadView):
    """One entry as you may have it: fields and salts of what you may see, of the rest the digest."""

    basis = Basis.RECORD

    @extend_schema(responses=LedgerEntrySerializer, parameters=[SEQUENCE], operation_id="ledger_entry")
    def get(self, request: Request, sequence: int) -> Response:
        told = api_ledger.entry_told(self.viewer, sequence) if sequence <= LARGEST_INTEGER else None
        if told is None:
            raise Http404
        return Response(LedgerEntrySerializer(told).data)


class Inclusion(ReadView):
    """The proof that an entry that you may see stands at its place in the ledger (RFC 6962, 2.1.1)."""

    basis = Basis.RECORD

    def valid_parameters(self) -> Iterable[str]:
        return ("size",)

    @extend_schema(
        responses=InclusionProofSerializer,
        parameters=[SEQUENCE, _size("size", "Of the ledger to prove it in; left out: of the ledger now.")],
        operation_id="ledger_inclusion",
    )
    def get(self, request: Request, sequence: int) -> Response:
        now = api_ledger.head_told().size
        size = read_each(request, {"size": a_whole_number})["size"]
        if sequence > LARGEST_INTEGER or not api_ledger.is_visible(self.viewer, sequence):
            raise Http404
        size = now if size is None else size
        if not sequence <= size <= now:
            raise wrong("size", f"Give a size from {sequence} to {now}.")
        proof = inclusion_proof(sequence, size)
        return Response(
            {
                "sequence": proof.sequence,
                "size": proof.size,
                "leaf_hash": proof.leaf_hash.hex(),
                "path": [step.hex() for step in proof.path],
                "root": proof.root.hex(),
            }
        )


class Consistency(ReadView):
    """The proof that the ledger of an earlier size is the beginning of a later one (RFC 6962, 2.1.2)."""

    basis = Basis.RECORD

    def valid_parameters(self) -> Iterable[str]:
        return ("from", "to")

    @extend_schema(
        responses=ConsistencyProofSerializer,
        parameters=[
            _size("from", "The earlier size: of the head that you noted; left out: of the ledger now."),
            _size("to", "The later size; left out: of the ledger now."),
        ],
        operation_id="ledger_consistency",
    )
    def get(self, request: Request) -> Response:
        now = api_ledger.head_told().size
        asked = read_each(request, {"from": a_whole_number, "to": a_whole_number})
        later = now if asked["to"] is None else asked["to"]
        earlier = later if asked["from"] is None else asked["from"]
        if later > now:
            raise wrong("to", f"Give a size up to {now}.")
        if not 0 < earlier <= later:
            raise wrong("from", f"Give a size from 1 to {later}.")
        proof = consistency_proof(earlier, later)
        return Response(
            {
                "from": proof.old_size,
                "to": proof.new_size,
                "from_root": proof.old_root.hex(),
                "to_root": proof.new_root.hex(),
                "path": [step.hex() for step in proof.path],
            }
        )

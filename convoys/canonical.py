"""What the ledger hashes: each entry as three salted groups of fields in canonical JSON (RFC 8785).

Leaf = SHA-256(0x00 ‖ canonical JSON of {v, type, groups}), where each group enters as the hex of
SHA-256(16 bytes of salt ‖ canonical JSON of its fields). Fields without a value are left out;
decimals are strings with three places, instants UTC with microseconds, people opaque ids.
Groups are built from rows as read back from the database, here and nowhere else, so that the
writer and `verify_ledger` cannot differ.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import rfc8785

from convoys.merkle import leaf_hash
from convoys.models import Claim, Convoy, Erasure, Event
from convoys.models.event import Entry
from convoys.vocabulary import SubjectType

VERSION = 1
Groups = dict[str, dict[str, Any]]

EVENT_DETAIL = (
    "occurred_at", "precision", "bound", "time_zone", "effective_at", "place_id", "held_before_id",
    "heading_id", "decided_by", "decided_by_organisation_id", "access", "loss_mode", "trucks", "tonnes_low",
    "tonnes_high", "declares", "damaged_tonnes_low", "damaged_tonnes_high", "refused_tonnes_low",
    "refused_tonnes_high", "shortfall_reason", "next_carrier_id",
)  # fmt: skip
CLAIM_DETAIL = (
    "document_sha256", "said_on", "reported_on", "alleged_holders", "alleged_causes", "alleged_at",
    "alleged_precision", "alleged_place_id", "alleged_access", "alleged_order", "alleged_trucks",
    "alleged_tonnes_low", "alleged_tonnes_high", "alleged_link",
)  # fmt: skip


def instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def tonnes_text(value: Decimal) -> str:
    return f"{value:.3f}"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return tonnes_text(value)
    return value


def _fields(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    values = ((name.removesuffix("_id"), _plain(getattr(row, name))) for name in names)
    return {name: value for name, value in values if value not in (None, "", [], {})}


def _head(entry: Entry) -> dict[str, Any]:
    head = _fields(entry, ("act", "chain", "supersedes", "audience", "known_from", "recorded_at"))
    head |= {"change_set": str(entry.change_set_id), "backfilled": entry.backfilled}
    if entry.author is not None:
        head["author"] = str(entry.author.public_id)
    return head


def _named(name: str, convoy: Convoy | None) -> dict[str, str]:
    """Another convoy by its reference, never by its row's number."""
    return {name: convoy.reference} if convoy is not None else {}


def subject_of(event: Event) -> dict[str, str]:
    """Type and code of what the event is about."""
    if event.convoy is not None:
        return {"type": SubjectType.CONVOY.value, "code": event.convoy.reference}
    if event.control_point_id is not None:
        return {"type": SubjectType.CONTROL_POINT.value, "code": event.control_point_id}
    return {"type": SubjectType.AGREEMENT.value, "code": str(event.agreement_id)}


def target_of(claim: Claim) -> dict[str, Any]:
    """What the claim is about: a chain, an item of a convoy, a control point or an agreement."""
    if claim.target_event_id is not None:
        return {"type": "event", "chain": claim.target_event_id}
    if claim.target_claim_id is not None:
        return {"type": "claim", "chain": claim.target_claim_id}
    if claim.target_convoy is not None:
        return {"type": "convoy", "code": claim.target_convoy.reference, "item": claim.target_item}
    if claim.target_control_point_id is not None:
        return {"type": "control_point", "code": claim.target_control_point_id}
    return {"type": "agreement", "code": claim.target_agreement_id}


def event_groups(event: Event, words: Mapping[str, Any]) -> Groups:
    """The groups of an event; needs `convoy` and `author` loaded with it."""
    head = _head(event) | {"subject": subject_of(event), "kind": event.kind}
    detail = _fields(event, EVENT_DETAIL) | _named("other_convoy", event.other_convoy)
    return {"open": head, "detail": detail, "words": dict(words)}


def claim_groups(claim: Claim, words: Mapping[str, Any]) -> Groups:
    """The groups of a claim; needs `target_convoy` and `author` loaded with it."""
    head = _head(claim) | {
        "target": target_of(claim),
        "stance": claim.stance,
        "verbatim": claim.is_verbatim,
        "speaker_kind": claim.speaker_kind,
        "confidential": claim.is_confidential,
    }
    detail = _fields(claim, CLAIM_DETAIL) | _named("alleged_convoy", claim.alleged_convoy)
    return {"open": head, "detail": detail, "words": dict(words)}


def erasure_groups(erasure: Erasure, words: Mapping[str, Any]) -> Groups:
    """The groups of an erasure; needs `author` loaded with it."""
    head = {
        "erased": erasure.erased,
        "author": str(erasure.author.public_id),
        "time": instant(erasure.recorded_at),
    }
    return {"open": head, "detail": {}, "words": dict(words)}


def group_digest(salt: bytes, fields: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(bytes(salt) + rfc8785.dumps(dict(fields))).digest()


def entry_leaf(entry_type: str, digests: Mapping[str, bytes]) -> bytes:
    """The leaf hash of an entry from the digests of its three groups."""
    groups = {name: bytes(digests[name]).hex() for name in ("open", "detail", "words")}
    return leaf_hash(rfc8785.dumps({"v": VERSION, "type": str(entry_type), "groups": groups}))

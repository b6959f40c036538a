"""What the ledger hashes: each entry as three salted groups of fields in canonical JSON (RFC 8785).

Leaf = SHA-256(0x00 ‖ canonical JSON of {v, type, groups}), where each group enters as the hex of
SHA-256(16 bytes of salt ‖ canonical JSON of its fields). Fields without a value are left out;
decimals are strings with three places, instants UTC with microseconds, people opaque ids.
Groups are built from columns as read back from the database, here and nowhere else, so that the
writer and `verify_ledger` cannot differ. Millions of entries go through here: what looks terse is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson

from convoys.merkle import leaf_hash
from convoys.models import Claim, EntryType
from convoys.vocabulary import SubjectType

VERSION = 1
Groups = dict[str, dict[str, Any]]
# The columns of an entry's row by name, as `values()` names them.
Row = Mapping[str, Any]

HEAD = ("act", "chain", "supersedes", "audience", "known_from", "recorded_at")
EVENT_DETAIL = (
    "occurred_at", "precision", "bound", "time_zone", "effective_at", "place_id", "held_before_id",
    "heading_id", "decided_by", "decided_by_organisation_id", "access", "loss_mode", "trucks", "tonnes_low",
    "tonnes_high", "declares", "damaged_tonnes_low", "damaged_tonnes_high", "refused_tonnes_low",
    "refused_tonnes_high", "shortfall_reason", "next_carrier_id", "other_convoy__reference",
)  # fmt: skip
CLAIM_DETAIL = (
    "document_sha256", "said_on", "reported_on", "alleged_holders", "alleged_causes", "alleged_at",
    "alleged_precision", "alleged_place_id", "alleged_access", "alleged_order", "alleged_trucks",
    "alleged_tonnes_low", "alleged_tonnes_high", "alleged_link", "alleged_convoy__reference",
)  # fmt: skip
# Everything that the groups of each type of entry are built from.
COLUMNS: dict[str, tuple[str, ...]] = {
    EntryType.EVENT: (
        *HEAD, "change_set_id", "backfilled", "author__public_id",
        "convoy__reference", "control_point_id", "agreement_id", "kind", *EVENT_DETAIL,
    ),
    EntryType.CLAIM: (
        *HEAD, "change_set_id", "backfilled", "author__public_id",
        "target_event_id", "target_claim_id", "target_convoy__reference", "target_item",
        "target_control_point_id", "target_agreement_id", "stance", "is_verbatim", "speaker_kind",
        "is_confidential", *CLAIM_DETAIL,
    ),
    EntryType.ERASURE: ("erased", "author__public_id", "recorded_at"),
}  # fmt: skip


def instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def tonnes_text(value: Decimal) -> str:
    return f"{value:.3f}"


_AS_TEXT: dict[type, Callable[[Any], str]] = {
    datetime: instant, date: date.isoformat, Decimal: tonnes_text,
}  # fmt: skip


def _named(column: str) -> str:
    """What a column is called in the ledger: another row by what it stands for, never by its key."""
    return column.removesuffix("_id").removesuffix("__reference")


_NAMES = {column: _named(column) for columns in COLUMNS.values() for column in columns}


def _fields(row: Row, columns: tuple[str, ...]) -> dict[str, Any]:
    """The columns that have a value; 0 is one."""
    found = {}
    for column in columns:
        value = row[column]
        if value or value == 0:
            as_text = _AS_TEXT.get(type(value))
            found[_NAMES[column]] = value if as_text is None else as_text(value)
    return found


def _head(row: Row) -> dict[str, Any]:
    head = _fields(row, HEAD)
    head["change_set"], head["backfilled"] = str(row["change_set_id"]), row["backfilled"]
    if row["author__public_id"] is not None:
        head["author"] = str(row["author__public_id"])
    return head


def _subject(row: Row) -> dict[str, str]:
    """Type and code of what the event is about."""
    if row["convoy__reference"] is not None:
        return {"type": SubjectType.CONVOY.value, "code": row["convoy__reference"]}
    if row["control_point_id"] is not None:
        return {"type": SubjectType.CONTROL_POINT.value, "code": row["control_point_id"]}
    return {"type": SubjectType.AGREEMENT.value, "code": row["agreement_id"]}


def _target(row: Row) -> dict[str, Any]:
    if row["target_event_id"] is not None:
        return {"type": "event", "chain": row["target_event_id"]}
    if row["target_claim_id"] is not None:
        return {"type": "claim", "chain": row["target_claim_id"]}
    if row["target_convoy__reference"] is not None:
        return {"type": "convoy", "code": row["target_convoy__reference"], "item": row["target_item"]}
    if row["target_control_point_id"] is not None:
        return {"type": "control_point", "code": row["target_control_point_id"]}
    return {"type": "agreement", "code": row["target_agreement_id"]}


def target_of(claim: Claim) -> dict[str, Any]:
    """What the claim is about: a chain, an item of a convoy, a control point or an agreement."""
    convoy = claim.target_convoy
    return _target(claim.__dict__ | {"target_convoy__reference": convoy.reference if convoy else None})


def event_groups(row: Row, words: Mapping[str, Any]) -> Groups:
    """The groups of an event."""
    head = _head(row)
    head["subject"], head["kind"] = _subject(row), row["kind"]
    return {"open": head, "detail": _fields(row, EVENT_DETAIL), "words": dict(words)}


def claim_groups(row: Row, words: Mapping[str, Any]) -> Groups:
    """The groups of a claim."""
    head = _head(row)
    head["target"], head["stance"], head["verbatim"] = _target(row), row["stance"], row["is_verbatim"]
    head["speaker_kind"], head["confidential"] = row["speaker_kind"], row["is_confidential"]
    return {"open": head, "detail": _fields(row, CLAIM_DETAIL), "words": dict(words)}


def erasure_groups(row: Row, words: Mapping[str, Any]) -> Groups:
    """The groups of an erasure."""
    head = _fields(row, ("erased", "recorded_at"))
    head["time"], head["author"] = head.pop("recorded_at"), str(row["author__public_id"])
    return {"open": head, "detail": {}, "words": dict(words)}


_MAKERS: dict[str, Callable[[Row, Mapping[str, Any]], Groups]] = {
    EntryType.EVENT: event_groups, EntryType.CLAIM: claim_groups, EntryType.ERASURE: erasure_groups,
}  # fmt: skip


def groups_of(entry_type: str, row: Row, words: Mapping[str, Any]) -> Groups:
    """The three groups of an entry of this type, from its columns (`COLUMNS`) and its words."""
    return _MAKERS[entry_type](row, words)


# What the record holds is text, whole numbers, truth values, and lists and objects of them whose keys
# are ASCII. Of these orjson writes what RFC 8785 asks for; a test holds it to that.
_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def canonical_json(fields: Mapping[str, Any]) -> bytes:
    """These fields as canonical JSON (RFC 8785), in UTF-8. Fractions are not for it: write them as text.

    Raises TypeError for what has no canonical form: instants, decimals, keys that are no text.
    """
    return orjson.dumps(fields, option=_CANONICAL)


def group_digest(salt: bytes, fields: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(salt + canonical_json(fields)).digest()


def entry_leaf(entry_type: str, digests: Mapping[str, bytes]) -> bytes:
    """The leaf hash of an entry from the digests of its three groups."""
    groups = ",".join(f'"{name}":"{digests[name].hex()}"' for name in ("detail", "open", "words"))
    return leaf_hash(f'{{"groups":{{{groups}}},"type":"{entry_type!s}","v":{VERSION}}}'.encode())

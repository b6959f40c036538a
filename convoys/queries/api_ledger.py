"""Ledger entries as a reader may have them: what they may see with its salt, of the rest the digest.

With the digests of all three groups anybody can compute the leaf; only with the salt can anybody
try what a group may say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from convoys.canonical import Row, group_digest, groups_of
from convoys.merkle import EMPTY_ROOT
from convoys.models import Claim, EntryType, Erasure, Event, LedgerHead, Words
from convoys.queries.ledger_rows import BATCH, GROUPS, Stretch, read_stretch
from convoys.queries.visibility import (
    Viewer,
    visible_claims,
    visible_convoys,
    visible_events,
    withholds_source,
)


@dataclass(frozen=True)
class GroupTold:
    """A group of fields. Without a salt its fields are erased, or withheld from this reader."""

    digest: bytes
    salt: bytes | None = None
    fields: Mapping[str, Any] | None = None

    @property
    def without_fields(self) -> GroupTold:
        return GroupTold(self.digest)


@dataclass(frozen=True)
class EntryTold:
    """One entry of the ledger: what its leaf is computed from."""

    sequence: int
    type: str
    leaf_hash: bytes
    groups: Mapping[str, GroupTold]
    is_erased: bool
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True)
class LedgerHeadTold:
    size: int
    root: bytes
    time: datetime | None


def head_told() -> LedgerHeadTold:
    """The newest head with its time; of an empty ledger, the hash of nothing and no time."""
    head = LedgerHead.objects.first()
    return (
        LedgerHeadTold(head.size, bytes(head.root), head.time)
        if head
        else LedgerHeadTold(0, EMPTY_ROOT, None)
    )


def is_visible(viewer: Viewer, sequence: int) -> bool:
    """Whether this viewer may read the entry; an erasure is as visible as what it erased."""
    erased = Erasure.objects.filter(sequence=sequence).values_list("erased", flat=True).first()
    if erased is not None:
        return erased < sequence and is_visible(viewer, erased)
    seen = {"sequence": sequence}
    return visible_events(viewer).filter(**seen).exists() or visible_claims(viewer).filter(**seen).exists()


def entry_told(viewer: Viewer, sequence: int) -> EntryTold | None:
    """The entry as this viewer may have it; None where there is none that they may see."""
    if not is_visible(viewer, sequence):
        return None
    stretch = read_stretch(sequence, sequence)
    if sequence not in stretch.entries:
        return None
    told = _told(stretch, sequence)
    withheld = _withheld(viewer, told.type, sequence, stretch.of_type[told.type][sequence])
    groups = {
        name: group.without_fields if name in withheld else group for name, group in told.groups.items()
    }
    return EntryTold(told.sequence, told.type, told.leaf_hash, groups, told.is_erased, withheld)


def entries_told(size: int) -> Iterator[EntryTold]:
    """The first `size` entries whole, as for staff, in constant memory."""
    for first in range(1, size + 1, BATCH):
        last = min(first + BATCH - 1, size)
        stretch = read_stretch(first, last)
        for sequence in range(first, last + 1):
            yield _told(stretch, sequence)


def chain_with_words(sequence: int) -> list[int]:
    """Other entries of the same chain that have words: a correction often repeats them."""
    for model in (Event, Claim):
        chain = model.objects.filter(sequence=sequence).values_list("chain", flat=True).first()
        if chain is not None:
            others = (
                model.objects.filter(chain=chain)
                .exclude(sequence=sequence)
                .values_list("sequence", flat=True)
            )
            return list(
                Words.objects.filter(sequence__in=others)
                .exclude(fields={})
                .order_by("sequence")
                .values_list("sequence", flat=True)
            )
    return []


def _told(stretch: Stretch, sequence: int) -> EntryTold:
    entry = stretch.entries[sequence]
    words = stretch.words.get(sequence)
    fields = groups_of(entry.type, stretch.of_type[entry.type][sequence], words.fields if words else {})
    salts = {
        "open": entry.open_salt,
        "detail": entry.detail_salt,
        "words": words.salt if words else None,
    }
    groups = {}
    for name in GROUPS:
        salt = salts[name]
        if salt is None:
            groups[name] = GroupTold(entry.words_digest)
        else:
            groups[name] = GroupTold(group_digest(salt, fields[name]), salt, fields[name])
    return EntryTold(sequence, entry.type, entry.leaf_hash, groups, is_erased=words is None)


def _withheld(viewer: Viewer, entry_type: str, sequence: int, row: Row) -> tuple[str, ...]:
    """Groups of which this viewer gets the digest only.

    The words and the document of a confidential source, the desk's reason for an erasure, with whom
    besides a convoy is shared, and the reference of another convoy that they may not know of.
    """
    if viewer.is_staff:
        return ()
    if entry_type == EntryType.EVENT:
        shared_with = row["declares"].get("visible_to")
        if isinstance(shared_with, list) and set(shared_with) - {viewer.organisation}:
            return ("detail",)
        other = row["other_convoy__reference"]
        if other is not None and not visible_convoys(viewer).filter(reference=other).exists():
            return ("detail",)
        return ()
    if entry_type == EntryType.CLAIM:
        claim = visible_claims(viewer).filter(pk=sequence).first()
        if claim is not None and not withholds_source(viewer, claim):
            return ()
        # Whoever holds the document could else tell by its digest who the source is.
        return ("detail", "words") if row["document_sha256"] else ("words",)
    return ("words",)

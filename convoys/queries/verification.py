"""Does the record still say what the ledger hashed? Streams every entry and rebuilds the tree.

What an edit, a deletion, a swap, an insertion or a cut tail leaves behind is named by the first
entry that it makes wrong. Against one who recomputes every hash only a head noted outside helps:
give it as `expected`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Max, Model, Q

from convoys import merkle
from convoys.canonical import Row, entry_leaf, group_digest, groups_of
from convoys.models import Document, EntryType, Erasure, LedgerEntry, LedgerHead, LedgerNode
from convoys.queries.ledger_rows import BATCH, MODELS, Stretch, read_stretch
from convoys.queries.proofs import inclusion_proof
from convoys.vocabulary import Act


@dataclass(frozen=True)
class Head:
    """A size and the root that the ledger had then (hex)."""

    size: int
    root: str

    @classmethod
    def parse(cls, text: str) -> Head:
        """Read `SIZE:ROOT`. Raises ValueError."""
        size, _, root = text.partition(":")
        if len(bytes.fromhex(root)) != 32 or int(size) < 0:
            raise ValueError("a head is SIZE:ROOT, the root in 64 hexadecimal digits")
        return cls(int(size), root.lower())


@dataclass(frozen=True)
class Flaw:
    """The first entry that is wrong, and in what way."""

    sequence: int
    reason: str


@dataclass
class Verdict:
    size: int
    root: str
    flaw: Flaw | None = None


@dataclass(frozen=True)
class _Batch:
    """One stretch of the ledger, which of its entries' words were erased, the nodes that it closes,
    and the documents that are as its claims name them."""

    stretch: Stretch
    erased: set[int]
    nodes: dict[tuple[int, int], bytes]
    documents: set[str]


def verify(expected: Head | None = None, progress: Callable[[int, int], None] | None = None) -> Verdict:
    """Check every entry and the head. `progress` is called with (entries checked, entries in all).

    Reads and hashes some thousands of entries at a time, so that memory does not grow with the ledger.
    """
    found = _last_row()  # before the head: what is written while this runs is then below it
    head = LedgerHead.objects.get()
    last = max(head.size, found)
    frontier: list[bytes] = []
    seen_root = merkle.EMPTY_ROOT.hex() if expected and expected.size == 0 else None
    for first in range(1, last + 1, BATCH):
        until = min(first + BATCH - 1, last)
        batch = _read(first, until)
        for sequence in range(first, until + 1):
            reason, leaf = _check(sequence, batch, head.size)
            if leaf is not None:
                frontier, closed = merkle.append(sequence - 1, frontier, leaf)
                for level, index, value in closed:
                    if batch.nodes.get((level, index)) != value:
                        reason = "an inner node of the tree was changed"
            if reason is not None:
                return Verdict(sequence - 1, merkle.root_of(frontier).hex(), Flaw(sequence, reason))
            if expected and sequence == expected.size:
                seen_root = merkle.root_of(frontier).hex()
        if progress:
            progress(until, last)
    verdict = Verdict(last, merkle.root_of(frontier).hex())
    if verdict.root != bytes(head.root).hex():
        verdict.flaw = Flaw(last, "the head's root is not that of the entries")
    elif expected and expected.size > last:
        verdict.flaw = Flaw(last + 1, f"the ledger is cut: it had {expected.size} entries")
    elif expected and seen_root != expected.root:
        verdict.flaw = Flaw(expected.size, "up to here the ledger is another than the one noted")
    return verdict


def verify_entry(sequence: int) -> Flaw | None:
    """Check one entry alone: its fields and words against its hash, and that it stands under the head."""
    head = LedgerHead.objects.get()
    reason, leaf = _check(sequence, _read(sequence, sequence), head.size)
    if reason is None and leaf is not None:
        proof = inclusion_proof(sequence, head.size)
        if not merkle.is_included(leaf, sequence - 1, head.size, proof.path, bytes(head.root)):
            reason = "it does not stand under the head"
    return Flaw(sequence, reason) if reason else None


def _last_row() -> int:
    """The highest number in any table, so that rows slipped in behind the head are seen too."""
    models: list[type[Model]] = [*MODELS.values(), LedgerEntry]
    numbers = [model._default_manager.aggregate(last=Max("sequence"))["last"] for model in models]
    return max(number or 0 for number in numbers)


def _read(first: int, last: int) -> _Batch:
    erased = Erasure.objects.filter(erased__gte=first, erased__lte=last).values_list("erased", flat=True)
    stretch = read_stretch(first, last)
    return _Batch(stretch, set(erased), _nodes_closed(first, last), _honest_documents(stretch))


def _nodes_closed(first: int, last: int) -> dict[tuple[int, int], bytes]:
    """The inner nodes that entries first..last complete, by level and index, as they are stored."""
    ranges = [
        Q(level=level, index__gte=low, index__lte=high) for level, low, high in _closed_levels(first, last)
    ]
    if not ranges:
        return {}
    rows = LedgerNode.objects.filter(reduce(or_, ranges)).values_list("level", "index", "hash")
    return {(level, index): bytes(value) for level, index, value in rows}


def _honest_documents(stretch: Stretch) -> set[str]:
    """Digests, of those that these claims name, whose kept document is there and still has it."""
    named = {row["document_sha256"] for row in stretch.of_type[EntryType.CLAIM].values()} - {""}
    kept = Document.objects.filter(sha256__in=named).iterator(chunk_size=1) if named else ()
    return {row.sha256 for row in kept if hashlib.sha256(row.content).hexdigest() == row.sha256}


def _closed_levels(first: int, last: int) -> Iterator[tuple[int, int, int]]:
    """Level, lowest and highest index of the subtrees that entries first..last complete."""
    level = 1
    while last >> level:
        low, high = (first - 1) >> level, (last >> level) - 1
        if low <= high:
            yield level, low, high
        level += 1


def _check(sequence: int, batch: _Batch, size: int) -> tuple[str | None, bytes | None]:
    """What is wrong with an entry, or its leaf."""
    of_type = batch.stretch.of_type
    entry = batch.stretch.entries.get(sequence)
    present = [kind for kind, rows in of_type.items() if sequence in rows]
    if entry is None:
        return ("an entry was put in beside the ledger" if present else "the entry is missing"), None
    if sequence > size:
        return "an entry lies behind the head", None
    if present != [entry.type]:
        return "its row is missing or of another type", None
    row = of_type[entry.type][sequence]
    if not _is_in_its_place(row, sequence):
        return "it stands in another's place", None
    words = batch.stretch.words.get(sequence)
    if words is None and sequence not in batch.erased:
        return "its words are gone without an erasure", None
    groups = groups_of(entry.type, row, words.fields if words else {})
    words_digest = group_digest(words.salt, groups["words"]) if words else entry.words_digest
    if words_digest != entry.words_digest:
        return "its words were changed", None
    digests = {
        "open": group_digest(entry.open_salt, groups["open"]),
        "detail": group_digest(entry.detail_salt, groups["detail"]),
        "words": words_digest,
    }
    document = row.get("document_sha256")
    if document and words is not None and document not in batch.documents:
        return "its document was changed or is gone", None
    leaf = entry_leaf(entry.type, digests)
    if leaf != entry.leaf_hash:
        return "its fields were changed", None
    return None, leaf


def _is_in_its_place(row: Row, sequence: int) -> bool:
    """Whether the numbers that an entry's own fields hold fit where it stands."""
    if "erased" in row:
        return bool(row["erased"] < sequence)
    if row["act"] == Act.RECORD:
        return bool(row["chain"] == sequence)
    return bool(row["chain"] <= row["supersedes"] < sequence)

"""Append entries to the ledger. The head is the last lock taken, and the clock is read under it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from convoys.canonical import entry_leaf, group_digest, groups_of
from convoys.clocks import MICROSECOND
from convoys.merkle import EMPTY_ROOT, append, root_of
from convoys.models import LedgerEntry, LedgerHead, LedgerNode, Words
from convoys.queries.compiled import Compiled, instances
from convoys.queries.ledger_rows import Rows, words_returned
from convoys.queries.statements import Batch, Found
from convoys.services.writes import Writes

SALT_BYTES = 16


@dataclass
class OpenHead:
    """The head, locked. `now` is this transaction's clock; sequences are handed out in order."""

    head: LedgerHead
    now: datetime
    handed_out: int = field(default=0)

    def next_sequence(self) -> int:
        self.handed_out += 1
        return self.last_sequence

    @property
    def last_sequence(self) -> int:
        """The last that was handed out, or that the ledger had before."""
        return self.head.size + self.handed_out


_HEAD = Compiled(lambda: LedgerHead.objects.select_for_update().filter(id=0).values_list())


def lock_head(batch: Batch | None = None) -> OpenHead:
    """Lock the ledger's head, after all that waits in the batch, and read the clock under it, later
    than any entry before.

    Nothing may be locked after this in the same transaction.
    """
    batch = batch or Batch()
    waiting = batch.add(_HEAD.asked(1))
    batch.run()
    found = _HEAD.read(waiting)
    if not found:
        LedgerHead.objects.get_or_create(id=1, defaults={"root": EMPTY_ROOT})
        found = _HEAD.rows(1)
    (head,) = instances(LedgerHead, found)
    now = timezone.now()
    if head.time is not None:
        now = max(now, head.time + MICROSECOND)
    return OpenHead(head, now)


def save_words(writes: Writes, sequence_words: Iterable[tuple[int, dict[str, Any]]]) -> Found:
    """Store the words of entries, each with a salt of its own; empty ones too. Finds them as stored."""
    rows = (
        {"sequence": sequence, "salt": secrets.token_bytes(SALT_BYTES), "fields": fields}
        for sequence, fields in sequence_words
    )
    return writes.insert(Words, rows, words_returned())


def append_entries(writes: Writes, open_head: OpenHead, rows: Rows) -> None:
    """Hash rows, as they were read back, in order of sequence; extend the tree and move the head."""
    head = open_head.head
    size, frontier = head.size, [bytes.fromhex(text) for text in head.frontier]
    types = {sequence: kind for kind, found in rows.of_type.items() for sequence in found}
    entries, nodes = [], []
    for sequence in sorted(types):
        if sequence != size + 1:
            raise RuntimeError(f"the ledger has no gaps: entry {sequence} after {size}")
        kind, words = types[sequence], rows.words[sequence]
        groups = groups_of(kind, rows.of_type[kind][sequence], words.fields)
        open_salt, detail_salt = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(SALT_BYTES)
        digests = {
            "open": group_digest(open_salt, groups["open"]),
            "detail": group_digest(detail_salt, groups["detail"]),
            "words": group_digest(words.salt, groups["words"]),
        }
        leaf = entry_leaf(kind, digests)
        frontier, closed = append(size, frontier, leaf)
        size += 1
        nodes += [{"level": level, "index": index, "hash": value} for level, index, value in closed]
        entries.append(
            {
                "sequence": sequence,
                "type": kind,
                "open_salt": open_salt,
                "detail_salt": detail_salt,
                "words_digest": digests["words"],
                "leaf_hash": leaf,
            }
        )
    writes.insert(LedgerEntry, entries)
    writes.insert(LedgerNode, nodes)
    moved = {"size": size, "root": root_of(frontier), "frontier": [value.hex() for value in frontier]}
    writes.update(LedgerHead, head.pk, moved | {"time": open_head.now})

"""A stretch of the ledger with the rows behind it: what verifying, exporting and proving all read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from convoys.canonical import Groups, claim_groups, erasure_groups, event_groups
from convoys.models import Claim, EntryType, Erasure, Event, LedgerEntry, Words

BATCH = 1000
GROUPS = ("open", "detail", "words")


@dataclass(frozen=True)
class Stretch:
    """Rows of one stretch, each by sequence; `rows` by type of entry first."""

    entries: dict[int, LedgerEntry]
    rows: dict[str, dict[int, Any]]
    words: dict[int, Words]


def read_stretch(first: int, last: int) -> Stretch:
    """Everything from one sequence to another, both included. Five queries."""
    span = {"sequence__gte": first, "sequence__lte": last}
    events = Event.objects.select_related("convoy", "author").filter(**span)
    claims = Claim.objects.select_related("target_convoy", "author").filter(**span)
    erasures = Erasure.objects.select_related("author").filter(**span)
    return Stretch(
        entries=LedgerEntry.objects.filter(**span).in_bulk(),
        rows={
            EntryType.EVENT: {row.sequence: row for row in events},
            EntryType.CLAIM: {row.sequence: row for row in claims},
            EntryType.ERASURE: {row.sequence: row for row in erasures},
        },
        words=Words.objects.filter(**span).in_bulk(),
    )


def groups_of(kind: str, row: Any, words: Mapping[str, Any]) -> Groups:
    """The three groups of an entry, built from its row as it stands and its words."""
    makers: dict[str, Callable[[Any, Mapping[str, Any]], Groups]] = {
        EntryType.EVENT: event_groups,
        EntryType.CLAIM: claim_groups,
        EntryType.ERASURE: erasure_groups,
    }
    return makers[kind](row, words)

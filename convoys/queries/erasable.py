"""The entries of one chain with their words, as whoever erases them must see them: the erased ones too.

For administrators alone; doors check the role first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models.functions import Coalesce

from accounts.models import Organisation
from convoys.models import Claim, Erasure, Event
from convoys.models.event import Entry
from convoys.queries.history import Subject, claims_of, events_of, words_of
from convoys.queries.verification import Flaw, verify_entry
from convoys.queries.visibility import Viewer

DESK = Viewer(is_staff=True)
# From a claim to what it is about in the end.
WAYS_TO_SUBJECT = ("target_", "target_event__", "target_claim__target_", "target_claim__target_event__")


@dataclass(frozen=True)
class EntryOfChain:
    """One entry: its words by field (codes of organisations as their names), or the erasure that took
    them. `flaw` is what is wrong with it in the ledger, None where it verifies."""

    sequence: int
    act: str
    recorded_at: datetime
    words: Mapping[str, str]
    erased_by: int | None
    reason: str
    flaw: Flaw | None


def convoy_of(sequence: int) -> int | None:
    """The convoy whose record shows the words of this entry, if it is a convoy's."""
    event = Event.objects.filter(sequence=sequence).values_list("convoy", flat=True).first()
    about = Coalesce(*(f"{way}convoy" for way in WAYS_TO_SUBJECT))
    claim = Claim.objects.filter(sequence=sequence).values_list(about, flat=True).first()
    return event or claim


def entries_of_chain(subject: Subject, chain: int) -> list[EntryOfChain]:
    """The entries of an event's or a claim's chain of this subject, oldest first; none where it has no
    such chain."""
    rows: list[Entry] = list(events_of(subject, DESK).filter(chain=chain))
    rows = rows or list(claims_of(subject, DESK).filter(chain=chain).order_by("sequence"))
    sequences = [row.sequence for row in rows]
    erasures = dict(Erasure.objects.filter(erased__in=sequences).values_list("erased", "sequence"))
    words = words_of([*sequences, *erasures.values()])
    codes = [said for row in sequences for name, said in words.get(row, {}).items() if _is_code(name)]
    names = dict(Organisation.objects.filter(code__in=codes).values_list("code", "name"))

    def told(sequence: int) -> dict[str, str]:
        return {
            name.removesuffix("_organisation"): names.get(said, said) if _is_code(name) else str(said)
            for name, said in words.get(sequence, {}).items()
        }

    return [
        EntryOfChain(
            sequence=row.sequence,
            act=row.act,
            recorded_at=row.recorded_at,
            words=told(row.sequence),
            erased_by=erasures.get(row.sequence),
            reason=str(words.get(erasures.get(row.sequence, 0), {}).get("reason", "")),
            flaw=verify_entry(row.sequence),
        )
        for row in rows
    ]


def _is_code(name: str) -> bool:
    return name.endswith("_organisation")

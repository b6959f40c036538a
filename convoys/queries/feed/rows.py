"""Rows of the feed: one for each entry, told as it is now, with what it changed in what a reader sees.

A page costs a number of queries that its rows do not move.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, TypeVar

from convoys.models import Claim, Erasure, Event
from convoys.queries.api_record import ClaimTold, EventTold, fates_of
from convoys.queries.feed.eyes import Eyes
from convoys.queries.feed.sight import Changed, chains_withdrawn, convoys_changed
from convoys.queries.feed.subjects import About, Subjects
from convoys.queries.history import words_of
from convoys.queries.rows import is_one_of
from convoys.queries.visibility import others_seen

Found = TypeVar("Found", Event, Claim)


@dataclass(frozen=True)
class Row:
    """What every row has. `visible` and `withdrawn` are references of convoys; see `sight`."""

    about: About = field(kw_only=True)
    visible: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()


@dataclass(frozen=True)
class EventRow(Row, EventTold):
    type: ClassVar[str] = "event"

    @property
    def sequence(self) -> int:
        return self.event.sequence


@dataclass(frozen=True)
class ClaimRow(Row, ClaimTold):
    type: ClassVar[str] = "claim"

    @property
    def sequence(self) -> int:
        return self.claim.sequence


@dataclass(frozen=True, kw_only=True)
class ErasureRow(Row):
    """Words were taken out of an entry that the reader may read."""

    type: ClassVar[str] = "erasure"
    sequence: int
    erased: int
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class SightRow(Row):
    """An entry that the reader may not read changed what it sees. `chain` is withdrawn, if any is."""

    type: ClassVar[str] = "visibility"
    sequence: int
    chain: int | None = None

    @property
    def says_something(self) -> bool:
        return bool(self.visible or self.withdrawn) or self.chain is not None


FeedRow = EventRow | ClaimRow | ErasureRow | SightRow


def tell(eyes: Eyes, sequences: Collection[int]) -> list[FeedRow]:
    """The rows of these entries, in order; of what is nothing to this reader, none.

    What it may read of them it has looked at before; staff may read all.
    """
    if not sequences:
        return []
    viewer, asked = eyes.viewer, set(sequences)
    events = _of(Event, asked if viewer.is_staff else asked & eyes.events, "convoy")
    related = ("target_claim", "target_convoy", "alleged_convoy")
    claims = _of(Claim, asked if viewer.is_staff else asked & eyes.claims, *related)
    erasures = _Erasures(eyes, asked)
    read = {row.sequence for rows in (events, claims, erasures.rows) for row in rows}
    unread = asked - read
    subjects = Subjects([*events, *erasures.events], [*claims, *erasures.claims])
    changed = convoys_changed(eyes, asked)
    withdrawn = chains_withdrawn(viewer, unread) if unread else {}
    rows: list[FeedRow] = [*_entries_told(eyes, events, claims, subjects, changed)]
    rows += [
        ErasureRow(
            about=erasures.about(row, subjects),
            sequence=row.sequence,
            erased=row.erased,
            recorded_at=row.recorded_at,
        )
        for row in erasures.rows
    ]
    for sequence in unread & (changed.keys() | withdrawn.keys()):
        chain, about = withdrawn.get(sequence, (None, None))
        rows.append(
            SightRow(
                about=about or changed[sequence].about,
                sequence=sequence,
                chain=chain,
                visible=_shown(changed.get(sequence)),
                withdrawn=_withdrawn(changed.get(sequence)),
            )
        )
    rows = [row for row in rows if not isinstance(row, SightRow) or row.says_something]
    return sorted(rows, key=lambda row: row.sequence)


def _of(model: type[Found], sequences: Collection[int], *related: str) -> list[Found]:
    rows = model._default_manager.filter(is_one_of("sequence", sequences))
    return list(rows.order_by().select_related(*related)) if sequences else []


def _shown(changed: Changed | None) -> tuple[str, ...]:
    return tuple(sorted(changed.visible)) if changed else ()


def _withdrawn(changed: Changed | None) -> tuple[str, ...]:
    return tuple(sorted(changed.withdrawn)) if changed else ()


def _entries_told(
    eyes: Eyes,
    events: Sequence[Event],
    claims: Sequence[Claim],
    subjects: Subjects,
    changed: Mapping[int, Changed],
) -> Iterator[EventRow | ClaimRow]:
    events_after = _with_later(Event, events)
    claims_after = {at: row for at, row in _with_later(Claim, claims).items() if eyes.reads_claim(row)}
    words = words_of({*events_after, *claims_after})
    fates = fates_of(events_after.values(), words)
    others = others_seen(eyes.viewer, events)
    for event in events:
        other = others.get(event.other_convoy_id or 0)
        yield EventRow(
            event=event,
            words=words.get(event.sequence, {}),
            fate=fates[event.sequence],
            is_erased=event.sequence not in words,
            other_convoy=other.reference if other else None,
            about=subjects.of_event(event.sequence),
            visible=_shown(changed.get(event.sequence)),
            withdrawn=_withdrawn(changed.get(event.sequence)),
        )
    fates = fates_of(claims_after.values(), words)
    for claim in claims:
        is_withheld = eyes.withholds_source(claim)
        yield ClaimRow(
            claim=claim,
            words={} if is_withheld else words.get(claim.sequence, {}),
            fate=fates[claim.sequence],
            is_withheld=is_withheld,
            is_erased=claim.sequence not in words,
            time_zone=subjects.zone_of(claim),
            about=subjects.of_claim(claim),
        )


def _with_later(model: type[Found], entries: Sequence[Found]) -> dict[int, Found]:
    """These entries and those that correct or retract any of their chain, by sequence."""
    found = {row.sequence: row for row in entries}
    chains = {row.chain for row in entries}
    if chains:
        revising = model._default_manager.filter(is_one_of("chain", chains), supersedes__isnull=False)
        found = {row.sequence: row for row in revising} | found
    return found


class _Erasures:
    """Those among these entries that took words out of what the reader may read; mostly none."""

    def __init__(self, eyes: Eyes, sequences: Collection[int]) -> None:
        found = list(Erasure.objects.filter(is_one_of("sequence", sequences)))
        self._roots = _roots(found)
        roots = set(self._roots.values())
        eyes.look_at(roots)
        self.events = _of(Event, roots & eyes.events)
        self.claims = _of(Claim, roots & eyes.claims)
        self._of_claims = {row.sequence: row for row in self.claims}
        read = {row.sequence for row in self.events} | self._of_claims.keys()
        self.rows = [row for row in found if self._roots[row.sequence] in read]

    def about(self, row: Erasure, subjects: Subjects) -> About:
        root = self._roots[row.sequence]
        claim = self._of_claims.get(root)
        return subjects.of_claim(claim) if claim is not None else subjects.of_event(root)


def _roots(erasures: Iterable[Erasure]) -> dict[int, int]:
    """By erasure, the event or claim behind it: the reason of an erasure can be erased, too."""
    roots = {row.sequence: row.erased for row in erasures}
    while roots:
        erasures_behind = Erasure.objects.filter(is_one_of("sequence", set(roots.values())))
        behind = dict(erasures_behind.values_list("sequence", "erased"))
        if not behind:
            break
        roots = {sequence: behind.get(root, root) for sequence, root in roots.items()}
    return roots

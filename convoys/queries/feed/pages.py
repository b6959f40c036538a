"""Pages of the feed: the next entries after a cursor that a reader may see, or that changed what it sees.

Entries are numbered in the order of commits without a gap, so that nothing ever appears before a cursor:
1. The end of the feed is read first, alone. What is committed while a page is put together has a higher
   sequence than that, and waits for the next page: statements that see more than others skip nothing.
2. Up to there entries are looked for along the ledger, stretch by stretch, since mostly the page is near
   its end or its reader sees much; where a stretch holds little of the reader's, in what it ever saw.
3. What is found is told as it is now: contents are asked of now, as everywhere.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from convoys.models import Erasure, LedgerHead
from convoys.queries.feed.eyes import Eyes
from convoys.queries.feed.rows import EventRow, FeedRow, tell
from convoys.queries.feed.scope import EVERYTHING, Scope, changes_for, ever_seen_by, exercises
from convoys.queries.feed.sight import corrections_of_audience
from convoys.queries.feed.subjects import About
from convoys.queries.rows import is_one_of
from convoys.queries.visibility import Viewer
from convoys.vocabulary import SubjectType

# Entries looked through at once along the ledger. Where fewer than one in so many is the reader's, what it
# ever saw is looked up instead.
LEAST_STRETCH, MOST_STRETCH = 1_000, 10_000
FEW = 40


@dataclass(frozen=True)
class Asked:
    """What of the feed is asked for: all of it unless something is said, and then what meets all that is.

    `convoy` is a key. Exercises alone (True), not at all (False) or with the rest (None).
    """

    convoy: int | None = None
    control_points: frozenset[str] = frozenset()
    agreements: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    exercises: bool | None = None

    def scope(self) -> Scope | None:
        """Where to look for it; None: along the ledger."""
        named: list[tuple[str, Any]] = []
        if self.convoy is not None:
            named.append(("convoy", self.convoy))
        if self.control_points:
            named.append(("control_point__in", sorted(self.control_points)))
        if self.agreements:
            named.append(("agreement__in", sorted(self.agreements)))
        if not named and self.exercises:
            named += exercises()
        if not named and self.kinds:
            named += EVERYTHING
        return Scope(tuple(named), tuple(sorted(self.kinds))) if named else None

    def keeps(self, row: FeedRow) -> bool:
        about = row.about
        if self.exercises is not None and about.is_exercise != self.exercises:
            return False
        if self.kinds and not (isinstance(row, EventRow) and row.event.kind in self.kinds):
            return False
        return (
            self.convoy in (None, about.convoy)
            and _is_among(about, SubjectType.CONTROL_POINT, self.control_points)
            and _is_among(about, SubjectType.AGREEMENT, self.agreements)
        )


def _is_among(about: About, subject: SubjectType, codes: frozenset[str]) -> bool:
    return not codes or (about.type == subject and about.code in codes)


@dataclass(frozen=True)
class FeedPage:
    """Rows in order, and the sequence to go on from; `is_last`: there was nothing behind it."""

    rows: list[FeedRow]
    cursor: int
    is_last: bool


def end_of_feed(viewer: Viewer) -> int:
    """The last sequence that this reader's feed may tell of: the size of the ledger.

    For an audience that is told with a delay (sensitivity of a route) it will be the last before the first
    entry younger than the delay; this function is the only place that decides it.
    """
    return LedgerHead.objects.values_list("size", flat=True).first() or 0


def page_of(viewer: Viewer, after: int, size: int, asked: Asked) -> FeedPage:
    """The next `size` rows after a sequence; fewer, or none, only at the end of the feed."""
    end = end_of_feed(viewer)
    rows: list[FeedRow] = []
    at, scope, stretch = after, asked.scope(), max(2 * size, LEAST_STRETCH)
    while len(rows) < size and at < end:
        wanted = size - len(rows)
        if scope is not None:
            look = _in_scope(viewer, at, end, wanted, scope)
        else:
            look = _along(viewer, at, min(end, at + stretch), wanted)
            if len(look.sequences) * FEW < stretch:
                scope = ever_seen_by(viewer)
            else:  # as far as what is missing should take
                stretch = min(2 * stretch * wanted // len(look.sequences), MOST_STRETCH)
        rows += [row for row in tell(look.eyes, look.sequences) if asked.keeps(row)]
        at = look.upto
    return FeedPage(rows, at, at >= end)


@dataclass(frozen=True)
class _Look:
    """At most as many sequences as were wanted that may be told, and how far was looked."""

    eyes: Eyes
    sequences: list[int]
    upto: int


def _along(viewer: Viewer, at: int, upto: int, wanted: int) -> _Look:
    eyes = Eyes(viewer)
    if viewer.is_staff:  # who sees every entry
        upto = min(upto, at + wanted)
        return _Look(eyes, list(range(at + 1, upto + 1)), upto)
    found = _told_among(eyes, Q(sequence__gt=at, sequence__lte=upto))
    return _first(eyes, found, wanted, upto)


def _in_scope(viewer: Viewer, at: int, end: int, wanted: int, scope: Scope) -> _Look:
    eyes = Eyes(viewer)
    candidates = scope.sequences(at, end, 2 * wanted)
    upto = candidates[-1] if len(candidates) == 2 * wanted else end
    if viewer.is_staff or not candidates:
        return _first(eyes, candidates, wanted, upto)
    return _first(eyes, _told_among(eyes, is_one_of("sequence", candidates)), wanted, upto)


def _first(eyes: Eyes, found: Collection[int], wanted: int, upto: int) -> _Look:
    sequences = sorted(found)[:wanted]
    return _Look(eyes, sequences, sequences[-1] if len(sequences) == wanted else upto)


def _told_among(eyes: Eyes, among: Q) -> set[int]:
    """The sequences among these that a partner may read, or at which what it sees may have changed."""
    eyes.look(among)
    found = eyes.events | eyes.claims
    # Of erasures there are few; whether what was erased may be read is asked when they are told.
    for entries in (Erasure.objects.all(), changes_for(eyes.viewer), *corrections_of_audience()):
        found.update(entries.filter(among).order_by().values_list("sequence", flat=True))
    return found

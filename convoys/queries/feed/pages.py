"""Pages of the feed: the next entries after a cursor that a reader may see, or that changed what it sees.

Entries are numbered in the order of commits without a gap, so that nothing ever appears before a cursor:
1. The end of the feed is read first, alone. What is committed while a page is put together has a higher
   sequence than that, and waits for the next page: statements that see more than others skip nothing.
2. Up to there entries are looked for, first along the ledger, since mostly the page is near its end or
   its reader sees much; where the page is not full after a stretch, in what the reader ever saw.
3. What is found is told as it is now: contents are asked of now, as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from convoys.models import Erasure, LedgerHead
from convoys.queries.feed.rows import EventRow, FeedRow, tell
from convoys.queries.feed.scope import EVERYTHING, Scope, changes_for, ever_seen_by, exercises
from convoys.queries.feed.sight import corrections_of_audience
from convoys.queries.feed.subjects import About
from convoys.queries.rows import is_one_of
from convoys.queries.visibility import Viewer, visible_claims, visible_events
from convoys.vocabulary import SubjectType

# Entries looked through one after the other before the reader's own convoys are looked up instead.
STRETCH = 10_000


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
    at, scope = after, asked.scope()
    while len(rows) < size and at < end:
        sequences, at = _next(viewer, at, end, size - len(rows), scope)
        rows += [row for row in tell(viewer, sequences) if asked.keeps(row)]
        if scope is None and not viewer.is_staff:
            scope = ever_seen_by(viewer)
    return FeedPage(rows, at, at >= end)


def _next(viewer: Viewer, at: int, end: int, wanted: int, scope: Scope | None) -> tuple[list[int], int]:
    """At most so many sequences that may be told, and how far the ledger has been looked through."""
    if scope is not None:
        return _in_scope(viewer, at, end, wanted, scope)
    if viewer.is_staff:  # who sees every entry
        upto = min(end, at + wanted)
        return list(range(at + 1, upto + 1)), upto
    upto = min(end, at + STRETCH)
    found = _told_among(viewer, Q(sequence__gt=at, sequence__lte=upto), wanted)
    return found, found[-1] if len(found) == wanted else upto


def _in_scope(viewer: Viewer, at: int, end: int, wanted: int, scope: Scope) -> tuple[list[int], int]:
    candidates = scope.sequences(at, end, 2 * wanted)
    looked_upto = candidates[-1] if len(candidates) == 2 * wanted else end
    if viewer.is_staff or not candidates:
        found = candidates[:wanted]
    else:
        found = _told_among(viewer, is_one_of("sequence", candidates), wanted)
    return found, found[-1] if len(found) == wanted else looked_upto


def _told_among(viewer: Viewer, among: Q, most: int) -> list[int]:
    """The first sequences among these that a partner may read, or at which what it sees may have changed."""
    found: set[int] = set()
    for entries in _sources(viewer):
        in_order = entries.filter(among).order_by("sequence").values_list("sequence", flat=True)
        found.update(in_order[:most])
    return sorted(found)[:most]


def _sources(viewer: Viewer) -> Sequence[QuerySet[Any]]:
    return [
        visible_events(viewer),
        visible_claims(viewer),
        Erasure.objects.all(),  # few; whether what was erased may be read is asked when they are told
        changes_for(viewer),
        *corrections_of_audience(),
    ]

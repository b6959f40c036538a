"""Order within a period: a late report that is legal only before one of the same day.

`effective_at` puts a report after what its period overlaps. Where the history holds together only
if it stands before some of that, those move back by a microsecond each, by corrections that
change nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from convoys.clocks import MICROSECOND, period_of
from convoys.models import Event


@dataclass(frozen=True)
class Placing:
    """Where a new event would stand, and which events on record would move for it."""

    effective_at: datetime
    moved: Sequence[tuple[Event, datetime]]


def earlier_placings(new: Event, on_record: Sequence[Event]) -> Iterator[Placing]:
    """Places for `new` before ever more of the events whose period overlaps its own, nearest first.

    `on_record` is in force and in order, without `new`.
    """
    start, end = period_of(new)
    before = [event for event in on_record if event.effective_at < new.effective_at]
    for number in range(len(before) - 1, -1, -1):
        other_start, other_end = period_of(before[number])
        if not (other_start < end and start < other_end):
            return
        earlier = before[number - 1].effective_at + MICROSECOND if number else start
        effective_at = max(start, earlier)
        yield Placing(effective_at, _make_room(effective_at, on_record[number:]))


def _make_room(taken: datetime, following: Sequence[Event]) -> list[tuple[Event, datetime]]:
    """Move events back that would stand at or before an instant that is taken."""
    moved = []
    for event in following:
        if event.effective_at > taken:
            break
        taken += MICROSECOND
        moved.append((event, taken))
    return moved

"""When a deadline is to be looked at next. Works on the row in memory; callers lock and save it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from convoys.models import Deadline, DeadlineState, Watch
from convoys.services.alerting.policies import Ladder

# A mis-click is undone within this time and nobody hears of it.
GRACE = timedelta(minutes=2)
# History comes in several change sets: what closes a hold follows what opened it.
BACKFILL_GRACE = timedelta(seconds=30)
# A hold that nobody has confirmed for so long stops repeating, and staff are asked.
UNCONFIRMED_AFTER = timedelta(days=30)
# A hold reopened before the same control point within this time goes on.
REOPENED_WITHIN = timedelta(hours=24)
FOR_EVER = datetime.max.replace(tzinfo=UTC)


def repeats_until(row: Deadline) -> datetime:
    """Repeats stop here unless somebody confirms the hold; only holds can be confirmed."""
    return row.confirmed_at + UNCONFIRMED_AFTER if row.watch == Watch.HELD else FOR_EVER


def schedule(row: Deadline, ladder: Ladder, not_before: datetime | None = None) -> None:
    """Set `step_at`, `ask_at` and `next_at` from the clock, the ladder and what was raised."""
    row.step_at = row.ask_at = None
    if row.state == DeadlineState.OPEN:
        row.step_at = next_step_at(row, ladder)
        if row.watch == Watch.HELD and row.asked_chain != row.confirming_chain:
            row.ask_at = row.confirmed_at + UNCONFIRMED_AFTER
    set_next(row, not_before)


def next_step_at(row: Deadline, ladder: Ladder) -> datetime | None:
    rung = ladder.after(row.last_step)
    if rung is None:
        return None
    at = row.clock_from + timedelta(seconds=rung.seconds)
    return None if rung.is_repeat and at > repeats_until(row) else at


def set_next(row: Deadline, not_before: datetime | None = None) -> None:
    """`next_at` is the soonest thing to do, or null where there is nothing left."""
    waiting = [at for at in (row.step_at, row.ask_at, row.tell_at) if at is not None]
    row.next_at = min(waiting, default=None)
    if row.next_at is not None and not_before is not None:
        row.next_at = max(row.next_at, not_before)

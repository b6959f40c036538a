"""Marks on a deadline's row, and how it is saved. Callers hold its lock."""

from __future__ import annotations

from datetime import datetime

from convoys.models import Deadline, Telling
from convoys.services.alerting.clocks import GRACE

MOVED = (
    "opening_chain", "episode", "state", "stands_at_id", "held_before_id", "backfilled", "clock_from",
    "known_at", "ends_at", "last_step", "confirmed_at", "confirming_chain", "asked_chain", "step_at",
    "ask_at", "tell", "tell_at", "tell_chain", "next_at",
)  # fmt: skip


def tell(row: Deadline, what: Telling, occasion: int | None, now: datetime) -> None:
    """Mark what the sweep is to tell after the grace, so that a mis-click that is undone tells nobody."""
    row.tell, row.tell_chain, row.tell_at = what, occasion, now + GRACE


def call_off(row: Deadline) -> None:
    """Nothing more is due of it, and nothing is to be told."""
    row.step_at = row.ask_at = row.tell_at = row.next_at = row.tell_chain = None
    row.tell = ""
    save(row)


def save(row: Deadline) -> None:
    """Insert a new row, or write the columns that move; never a whole row over another's."""
    if row._state.adding:
        row.save(force_insert=True)
        return
    Deadline.objects.filter(pk=row.pk).update(**{name: getattr(row, name) for name in MOVED})

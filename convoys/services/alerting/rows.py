"""Marks on a deadline's row. Callers hold its lock, and save what has moved."""

from __future__ import annotations

from datetime import datetime

from convoys.models import Deadline, Telling
from convoys.services.alerting.clocks import GRACE


def tell(row: Deadline, what: Telling, occasion: int | None, now: datetime) -> None:
    """Mark what the sweep is to tell after the grace, so that a mis-click that is undone tells nobody."""
    row.tell, row.tell_chain, row.tell_at = what, occasion, now + GRACE


def call_off(row: Deadline) -> None:
    """Nothing more is due of it, and nothing is to be told."""
    row.step_at = row.ask_at = row.tell_at = row.next_at = row.tell_chain = None
    row.tell = ""


def pause(row: Deadline) -> None:
    """Nothing is due of it until it runs again; what was to be told by then stays noted."""
    row.step_at = row.ask_at = row.tell_at = row.next_at = None

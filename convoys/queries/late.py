"""Late-reported: whether something became known much later than it happened."""

from __future__ import annotations

from datetime import datetime, timedelta

from convoys.clocks import period_of
from convoys.models import Event

LATE_AFTER = timedelta(hours=24)


def is_late_reported(event: Event, known_from: datetime | None = None) -> bool:
    """Whether an event was reported more than 24 hours after the end of the period that it names.

    `event` is the entry in force; `known_from` that of the first entry of its chain, so that a
    correction does not make a punctual report a late one. History loaded afterwards is never late:
    when it came to whom is not on record.
    """
    if event.backfilled:
        return False
    _start, end = period_of(event)
    return (known_from or event.known_from) > end + LATE_AFTER

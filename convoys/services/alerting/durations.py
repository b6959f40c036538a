"""Durations as people type them: "24 h", "3 days", "1 week", "1 day 12 h"."""

from __future__ import annotations

import re
from decimal import Decimal

from convoys.services.alerting.policies import DAY, HOUR

MINUTE = 60
LONGEST = 366 * DAY
UNITS = {
    "s": 1, "sec": 1, "second": 1, "min": MINUTE, "minute": MINUTE, "h": HOUR, "hour": HOUR,
    "d": DAY, "day": DAY, "week": 7 * DAY,
}  # fmt: skip
PART = re.compile(r"(\d{1,9}(?:[.,]\d{1,3})?)\s*([a-z]+)")
BETWEEN = re.compile(r"(?:\s|,|and\b)*")


def parse_duration(text: str) -> int:
    """Whole seconds, from a minute up to 366 days. Raises ValueError with a sentence for the person."""
    words, at, seconds = text.strip().lower(), 0, Decimal(0)
    while at < len(words):
        part = PART.match(words, at)
        unit = UNITS.get(part[2]) or UNITS.get(part[2].removesuffix("s")) if part else None
        if part is None or unit is None:
            raise ValueError(f"“{text[:40]}” is no duration. Write it as 24 h, 3 days or 90 min.")
        seconds += Decimal(part[1].replace(",", ".")) * unit
        end = BETWEEN.match(words, part.end())
        at = end.end() if end else part.end()
    if seconds < MINUTE:
        raise ValueError("A minute is the least.")
    if seconds > LONGEST:
        raise ValueError("366 days are the most.")
    if seconds != int(seconds):
        raise ValueError("Write it in whole seconds.")
    return int(seconds)

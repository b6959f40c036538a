"""Conditions on instants that are known to a period only."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from convoys.vocabulary import Precision

# How long a period of each precision can be, in days.
LONGEST = {Precision.MINUTE: 0, Precision.HOUR: 1 / 24, Precision.DAY: 1, Precision.MONTH: 31}


def surely_before(at: str, precision: str, limit: datetime) -> Q:
    """Whether the period that begins at the instant in one column, of the precision in another, had ended
    by the limit however long it was."""
    late = Q()
    for code, days in LONGEST.items():
        late |= Q(**{precision: code, f"{at}__lt": limit - timedelta(days=days)})
    return late

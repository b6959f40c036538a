"""Late-reported: known more than a day after the end of the period named; never of loaded history."""

from __future__ import annotations

from datetime import timedelta

import pytest

from convoys.models import Event
from convoys.queries.late import is_late_reported
from tests.factories import utc

END_OF_DAY = utc(2026, 3, 3)


def event(**more: object) -> Event:
    """Something of 2 March, known to the day."""
    columns = {"occurred_at": utc(2026, 3, 2), "precision": "day", "time_zone": "UTC", "backfilled": False}
    return Event(**columns | more)


@pytest.mark.parametrize(("hours", "late"), [(-10, False), (24, False), (25, True)])
def test_the_day_counts_from_the_end_of_the_period(hours: int, late: bool) -> None:
    assert is_late_reported(event(known_from=END_OF_DAY + timedelta(hours=hours))) is late


def test_a_correction_does_not_make_a_punctual_report_late() -> None:
    corrected = event(known_from=END_OF_DAY + timedelta(days=9))
    assert not is_late_reported(corrected, known_from=END_OF_DAY)


def test_loaded_history_is_never_late() -> None:
    assert not is_late_reported(event(known_from=END_OF_DAY + timedelta(days=900), backfilled=True))

"""How figures and times are said: never 0 for unknown, never finer than known."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from convoys import wording

TBILISI = ZoneInfo("Asia/Tbilisi")
EVENING = datetime(2023, 8, 29, 20, 0, tzinfo=UTC)  # already the 30th in Tbilisi


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (Decimal("360.000"), Decimal("400.000"), "360–400 t"),
        (Decimal("40.000"), Decimal("40.000"), "40 t"),
        (Decimal("69.150"), Decimal("70.000"), "69.15–70 t"),
        (Decimal("20.000"), None, "more than 20 t"),
        (Decimal("0.000"), Decimal("0.000"), "0 t"),
        (None, None, ""),
    ],
)
def test_tonnage_keeps_both_ends_and_says_a_floor(low: Decimal | None, high: Decimal | None, said: str):
    assert wording.tonnes(low, high) == said


def test_a_sum_with_a_floor_in_it_is_at_least():
    assert wording.tonnes_in_sum(Decimal(12960), None) == "at least 12,960 t"


@pytest.mark.parametrize(
    ("days", "whole", "said"),
    [
        ("1", True, "1 day"),
        ("1210", True, "1,210 days"),
        ("1.875", False, "1 d 21 h"),
        ("0.25", False, "6 h 0 min"),
        ("0.0001", False, "less than a minute"),
        ("14.9", False, "14 days"),
    ],
)
def test_a_span_is_said_in_days_where_only_days_are_known(days: str, whole: bool, said: str):
    assert wording.span_of_time(Decimal(days), whole) == said


@pytest.mark.parametrize(
    ("precision", "bound", "said"),
    [
        ("day", "at", "30 August 2023"),
        ("day", "by", "by 30 August 2023"),
        ("month", "about", "about August 2023"),
        ("minute", "at", "30 August 2023, 00:00"),
        ("hour", "about", "30 August 2023, about 00:00"),
    ],
)
def test_an_instant_is_said_in_its_places_zone_and_no_finer_than_known(precision: str, bound: str, said: str):
    assert wording.moment(EVENING, precision, bound, TBILISI) == said

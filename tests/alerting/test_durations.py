"""Durations are typed as people say them, and what is shown can be typed back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convoys.services.alerting.durations import parse_duration
from convoys.services.messaging.phrases import step_words

HOUR, DAY = 3600, 86400


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [
        ("24 h", DAY), ("24h", DAY), ("1 day", DAY), ("3 days", 3 * DAY), (" 3  DAYS ", 3 * DAY),
        ("90 min", 5400), ("1.5 h", 5400), ("1,5 h", 5400), ("2 weeks", 14 * DAY), ("1 d 12 h", 36 * HOUR),
        ("1 day and 12 hours", 36 * HOUR), ("1 day, 12 hours", 36 * HOUR), ("60 s", 60),
        ("366 days", 366 * DAY), ("٣ days", 3 * DAY),
    ],
)  # fmt: skip
def test_what_people_type(typed, seconds):
    assert parse_duration(typed) == seconds


@pytest.mark.parametrize(
    "typed",
    [
        "", "h", "24", "24 x", "-3 days", "three days", "0 h", "59 s", "367 days", "10000000000000 h",
        "999999999 weeks", "1e9 h", "3 days x", "1..5 h", "½ h", "60.0001 s", "day 3", "3 dayss",
        "3\x00h",
    ],
)  # fmt: skip
def test_what_is_no_duration_is_refused_with_a_sentence(typed):
    with pytest.raises(ValueError, match=r"\."):
        parse_duration(typed)


@given(st.integers(60, 366 * DAY))
def test_every_step_that_a_page_shows_can_be_typed_back(seconds):
    assert parse_duration(step_words(seconds)) == seconds


@given(st.text(max_size=80))
def test_whatever_is_typed_is_a_duration_or_refused(typed):
    try:
        seconds = parse_duration(typed)
    except ValueError:
        return
    assert 60 <= seconds <= 366 * DAY

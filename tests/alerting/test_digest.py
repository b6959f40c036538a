"""A daily digest goes out once a day, at the hour that its subscriber's clock shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from convoys.models import Rhythm, Subscription
from convoys.services.alerting import digest
from tests.factories import utc

# Zones by name alone: the links and "localtime" of the machine are left out.
ZONES = sorted(name for name in available_timezones() if "/" in name)
MOMENTS = st.datetimes(datetime(1975, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))
HOURS = st.integers(0, 23)


def due_at(subscription: Subscription, now: datetime) -> datetime:
    due = digest.due_at(subscription, now)
    assert due is not None
    return due


def daily(hour: int, zone: str = "", own_zone: str = "") -> Subscription:
    return Subscription(user=User(time_zone=own_zone), rhythm=Rhythm.DAILY, digest_hour=hour, time_zone=zone)


def test_what_is_told_at_once_waits_for_nothing():
    assert digest.due_at(Subscription(user=User()), utc(2026, 3, 1)) is None


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (utc(2026, 3, 1, 2, 59), utc(2026, 3, 1, 3)),
        (utc(2026, 3, 1, 3), utc(2026, 3, 1, 3)),
        (utc(2026, 3, 1, 3, 1), utc(2026, 3, 2, 3)),
        (utc(2026, 3, 1, 23), utc(2026, 3, 2, 3)),
    ],
)
def test_seven_in_yerevan_is_three_in_utc(now, due):
    assert due_at(daily(7, "Asia/Yerevan"), now) == due


def test_its_own_zone_comes_before_the_persons_and_that_before_the_instances(settings):
    settings.INSTANCE_TIME_ZONE = "America/New_York"
    now = utc(2026, 1, 10)
    assert due_at(daily(7, "Asia/Yerevan", "Europe/Paris"), now) == utc(2026, 1, 10, 3)
    assert due_at(daily(7, "", "Europe/Paris"), now) == utc(2026, 1, 10, 6)
    assert due_at(daily(7), now) == utc(2026, 1, 10, 12)
    assert due_at(daily(7, "Mars/Olympus", "../etc/passwd"), now) == utc(2026, 1, 10, 12)


def test_an_hour_that_the_clock_leaves_out_comes_at_the_jump():
    # Paris, 29 March 2026: from 2:00 to 3:00, which is 1:00 UTC.
    assert due_at(daily(2, "Europe/Paris"), utc(2026, 3, 28, 12)) == utc(2026, 3, 29, 1)
    assert due_at(daily(2, "Europe/Paris"), utc(2026, 3, 29, 1, 1)) == utc(2026, 3, 30, 0)


def test_of_an_hour_that_comes_twice_the_first_counts():
    # Paris, 25 October 2026: 2:00 comes at 0:00 UTC and again at 1:00 UTC.
    first = due_at(daily(2, "Europe/Paris"), utc(2026, 10, 24, 12))
    assert first == utc(2026, 10, 25, 0)
    between = first + timedelta(minutes=30)
    assert due_at(daily(2, "Europe/Paris"), between) == utc(2026, 10, 26, 1)


def test_a_day_that_an_island_skipped_has_no_digest():
    # Samoa went from 29 to 31 December 2011.
    days = []
    at = utc(2011, 12, 28, 18)
    for _ in range(3):
        at = due_at(daily(7, "Pacific/Apia"), at)
        days.append(at.astimezone(ZoneInfo("Pacific/Apia")).strftime("%d %H:%M"))
        at += timedelta(seconds=1)
    assert days == ["29 07:00", "31 07:00", "01 07:00"]


@given(now=MOMENTS, zone=st.sampled_from(ZONES), hour=HOURS)
def test_it_is_the_next_time_that_the_clock_shows_the_hour(now, zone, hour):
    """Given any zone, hour and moment, the digest is due from then on, within two days, on the hour."""
    due = due_at(daily(hour, zone), now)
    assert now <= due <= now + timedelta(hours=50)
    local = due.astimezone(ZoneInfo(zone))
    if (local.hour, local.minute, local.second) != (hour, 0, 0):
        assert not _exists(local, hour), f"{hour}:00 was there on {local:%Y-%m-%d} in {zone}"
    assert local.fold == 0


@given(now=MOMENTS, zone=st.sampled_from(ZONES), hour=HOURS)
def test_nobody_gets_two_in_a_day_or_none_for_two(now, zone, hour):
    """Given any digest, the next one is for the day after: about a day later, never the same day."""
    first = due_at(daily(hour, zone), now)
    second = due_at(daily(hour, zone), first + timedelta(microseconds=1))
    days = [at.astimezone(ZoneInfo(zone)).date() for at in (first, second)]
    assert days[0] < days[1] <= days[0] + timedelta(days=2)
    assert timedelta(hours=20) <= second - first <= timedelta(hours=48)


@given(now=MOMENTS, later=st.timedeltas(timedelta(0), timedelta(days=3)), hour=HOURS)
def test_what_comes_later_is_never_told_earlier(now, later, hour):
    one = daily(hour, "America/Sao_Paulo")  # its clock went back at midnight
    assert due_at(one, now) <= due_at(one, now + later)


def _exists(local: datetime, hour: int) -> bool:
    """Whether the clock showed this hour on the local day."""
    wanted = local.replace(hour=hour, minute=0, second=0, fold=0)
    return wanted.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) == wanted.replace(tzinfo=None)

"""When a daily digest is due: once a day, at the hour that its subscriber's clock shows."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from convoys.clocks import instance_zone
from convoys.models import Rhythm, Subscription


def due_at(subscription: Subscription, now: datetime) -> datetime | None:
    """The first instant from `now` on at which the subscription's digest goes out, in UTC.

    None of a subscription that is told at once. Its person should be loaded. As calendars do it
    (RFC 5545, 3.3.5): of an hour that comes twice the first counts, and one that the clock leaves
    out comes when it would have without the jump, so that every day has one digest and no more.
    """
    if subscription.rhythm != Rhythm.DAILY or subscription.digest_hour is None:
        return None
    zone = zone_for(subscription)
    today = now.astimezone(zone).date()
    for days in range(3):
        local = datetime.combine(today + timedelta(days=days), time(subscription.digest_hour), zone)
        due = local.astimezone(UTC)
        if due >= now:
            return due
    raise AssertionError("an hour of the day comes within three days")


def zone_for(subscription: Subscription) -> ZoneInfo:
    """The subscription's own zone, else its person's, else the instance's; what names none is passed over."""
    for name in (subscription.time_zone, subscription.user.time_zone):
        try:
            if name:
                return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            continue
    return instance_zone()

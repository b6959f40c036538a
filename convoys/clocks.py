"""How long something lasted, given how exactly its ends are known. Pure functions of instants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings

from convoys.models import Event
from convoys.vocabulary import Precision

MICROSECOND = timedelta(microseconds=1)
TO_THE_DAY = frozenset({Precision.DAY, Precision.MONTH})


def instance_zone() -> ZoneInfo:
    """The zone of bare dates and of places without one."""
    return ZoneInfo(settings.INSTANCE_TIME_ZONE)


def zone_named(name: str) -> ZoneInfo:
    return ZoneInfo(name) if name else instance_zone()


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)


def end_of_day(day: date, zone: ZoneInfo | None = None) -> datetime:
    """The last microsecond of a day: a bare date in a question means all of that day."""
    return start_of_day(day + timedelta(days=1), zone or instance_zone()) - MICROSECOND


def end_of_period(at: datetime, precision: str, zone: ZoneInfo) -> datetime:
    """The first instant after the minute, hour, local day or local month that begins at `at`."""
    if precision == Precision.MINUTE:
        return at + timedelta(minutes=1)
    if precision == Precision.HOUR:
        return at + timedelta(hours=1)
    first = at.astimezone(zone).date()
    if precision == Precision.DAY:
        return start_of_day(first + timedelta(days=1), zone)
    return start_of_day((first.replace(day=1) + timedelta(days=32)).replace(day=1), zone)


def period_of(event: Event) -> tuple[datetime, datetime]:
    """First instant of the event's period, and the first after it."""
    return event.occurred_at, end_of_period(event.occurred_at, event.precision, zone_named(event.time_zone))


def clock_start(event: Event) -> datetime:
    """Where a step clock runs from: the latest instant that the record allows, so that "held 24 h"
    is never untrue. That is the end of the period, or when it was known if that was sooner."""
    start, end = period_of(event)
    return max(start, min(end, event.known_from))


@dataclass(frozen=True)
class Elapsed:
    """A duration in days; whole where an end is known only to the day, else exact."""

    days: Decimal
    is_whole_days: bool


def elapsed(
    opened_at: datetime, opened_precision: str, closed_at: datetime, closed_precision: str, zone: ZoneInfo
) -> Elapsed:
    """Difference of local dates where an end is known to the day (or month), else exact, in days."""
    if opened_precision in TO_THE_DAY or closed_precision in TO_THE_DAY:
        days = (closed_at.astimezone(zone).date() - opened_at.astimezone(zone).date()).days
        return Elapsed(Decimal(max(days, 0)), True)
    seconds = Decimal(str(max(closed_at - opened_at, timedelta(0)).total_seconds()))
    return Elapsed(seconds / 86400, False)


def silent_from(last_reported_at: datetime, precision: str, zone: ZoneInfo | None = None) -> datetime:
    """The instant at which a convoy without a further report counts as silent."""
    end = end_of_period(last_reported_at, precision, zone or instance_zone())
    return end + timedelta(hours=settings.SILENT_AFTER_HOURS)

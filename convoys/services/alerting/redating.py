"""What a correction of times comes to: the clock that it leaves, and whether people heard otherwise."""

from __future__ import annotations

from copy import copy
from datetime import datetime, timedelta

from django.db.models import Min

from convoys.clocks import clock_start
from convoys.models import Alert, Deadline, Event, Notification, Telling
from convoys.services.alerting.telling import HEARD


def clock_of(event: Event) -> datetime:
    """Where a step clock runs from. A correction that keeps the period keeps what was known by when."""
    if event.sequence != event.chain:
        same = Event.objects.filter(
            chain=event.chain, occurred_at=event.occurred_at, precision=event.precision
        )
        event = copy(event)
        event.known_from = same.aggregate(first=Min("known_from"))["first"] or event.known_from
    return clock_start(event)


def was_told_too_soon(row: Deadline) -> bool:
    """Whether a step was raised before it was reached by the clock as it now stands."""
    alerts = Alert.objects.filter(watch=row.watch, episode=row.episode).values_list(
        "raised_at", "step_seconds"
    )
    return any(raised < row.clock_from + timedelta(seconds=step) for raised, step in alerts)


def last_told(row: Deadline, telling: Telling) -> Notification | None:
    """The newest telling of an end, or of a re-dating, that somebody has heard or is about to."""
    told = Notification.objects.filter(HEARD, deadline=row, telling=telling)
    return told.exclude(telling=Telling.WITHDRAWN, occasion=row.opening_chain).order_by("-created_at").first()


def says_otherwise(event: Event, told_at: datetime) -> bool:
    """Whether an event has another time than its chain had when people were told."""
    before = Event.objects.filter(chain=event.chain, recorded_at__lt=told_at).order_by("-sequence").first()
    return before is None or (before.occurred_at, before.precision) != (event.occurred_at, event.precision)

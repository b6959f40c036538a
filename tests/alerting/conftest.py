"""Shared by the alert tests: a frozen clock, people who are told, and the two halves of the promise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from convoys.models import Covers, Subscription
from convoys.services.alerting.detect import Raised, raise_due_alerts
from tests import factories

START = factories.utc(2026, 3, 2, 8)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Time stands still at the start of the hold that the tests make, until a test moves it."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def sweep(clock: time_machine.Traveller) -> Callable[..., Raised]:
    """Let time go on to so long after the start, then run one sweep.

    A second later, since the ledger dates each entry a microsecond after the last.
    """

    def run(**after: float) -> Raised:
        if after:
            clock.move_to(START + timedelta(**after, seconds=1))
        return raise_due_alerts()

    return run


def subscribe(user: User, **more: object) -> Subscription:
    values = {"covers": Covers.ALL, "created_at": timezone.now()} | more
    return Subscription.objects.create(user=user, **values)


def since_start(**more: float) -> datetime:
    return START + timedelta(**more)

"""Shared by the alert tests: a frozen clock, people who are told, and the two halves of the promise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from convoys.models import Policy, PolicyStep, Subscription
from convoys.services.alerting.detect import Raised, raise_due_alerts
from tests import factories
from tests.alerting.post_office import PostOffice

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


def default_held_policy() -> Policy:
    """The migration's, or its like: a flush between tests takes what migrations planted."""
    policy, is_new = Policy.objects.get_or_create(
        scope="default", watch="held", defaults={"repeat_seconds": 7 * 86400}
    )
    if is_new:
        for days in (1, 3, 7):
            PolicyStep.objects.create(policy=policy, after_seconds=days * 86400)
    return policy


def subscribe(user: User, **more: object) -> Subscription:
    values = {"created_at": timezone.now()} | more
    return Subscription.objects.create(user=user, **values)


def since_start(**more: float) -> datetime:
    return START + timedelta(**more)


@pytest.fixture
def post_office(settings: Any) -> Iterator[PostOffice]:
    """A real SMTP server, and the settings that lead to it."""
    office = PostOffice()
    port = office.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 5
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    yield office
    office.stop()


@pytest.fixture
def told_partner(clock: time_machine.Traveller) -> User:
    """The sponsor's partner, who subscribes to all that they may see."""
    partner = factories.partner()
    subscribe(partner)
    return partner

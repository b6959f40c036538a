"""Signed-in browsers for the cast, and a moment that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client

from accounts.models import User

NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)


@pytest.fixture
def now() -> Iterator[datetime]:
    """Thursday, 5 March 2026, noon, and no second passes."""
    with time_machine.travel(NOW, tick=False):
        yield NOW


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    def sign_in(person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return sign_in

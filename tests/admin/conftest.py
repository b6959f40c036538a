"""The desk at noon of 5 March 2026: a convoy held since the 2nd, and who may do what with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from accounts.roles import Role
from tests import factories
from tests.admin import desk

NOON = "2026-03-05T12:00:00Z"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture(autouse=True)
def bell(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which tasks were asked for."""
    rung: list[str] = []

    def ring(name: str) -> bool:
        rung.append(name)
        return True

    monkeypatch.setattr("convoys.bell.ring", ring)
    return rung


@pytest.fixture
def viewer(db: None) -> Client:
    return desk.signed_in(factories.viewer())


@pytest.fixture
def officer(db: None) -> Client:
    return desk.signed_in(factories.officer())


@pytest.fixture
def coordinator(db: None) -> Client:
    return desk.signed_in(factories.coordinator())


@pytest.fixture
def administrator(db: None) -> Client:
    return desk.signed_in(factories.user("registrar", Role.ADMINISTRATOR))


@pytest.fixture
def held(db: None) -> str:
    """The reference of a convoy held at the junction, before the bridge."""
    factories.make_held_convoy("C-1")
    return "C-1"

"""Starts the servers and processes of a chaos test, and skips it where they cannot run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.conf import settings
from django.test import TransactionTestCase

from convoys import bell
from convoytracker.supervisor.broker import find_server
from convoytracker.supervisor.preflight import Refusal
from tests import factories
from tests.chaos.clock import Clock
from tests.chaos.gates import database_url
from tests.chaos.mail_server import MailServer
from tests.chaos.processes import Nursery, RedisServer, free_port
from tests.chaos.world import World
from tests.emptying import empty_database, end_other_connections
from tests.webhooks.receiver import Receiver

# A mail server that is well, on a machine that does ten other things, answers within the timeout.
SWEEP_SECONDS, EMAIL_TIMEOUT = 1, 3


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    try:
        find_server()
        without_redis = False
    except Refusal:
        without_redis = True
    for item in items:
        if not item.path.is_relative_to(Path(__file__).parent):
            continue
        item.add_marker("postgres")
        item.add_marker("processes")
        if without_redis:
            item.add_marker(pytest.mark.skip(reason="needs redis-server or valkey-server on PATH"))


@pytest.fixture
def others_ended() -> Iterator[None]:
    """Connections of processes that are killed or paused end before the tables are emptied."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: _end_others_and_empty())
        yield


def _end_others_and_empty() -> None:
    end_other_connections()
    empty_database()


@pytest.fixture(scope="session")
def ports() -> dict[str, int]:
    """Ports for the whole run: the processes' environment is fixed when their server of forks starts."""
    return {"redis": free_port(), "mail": free_port()}


@pytest.fixture(scope="session")
def receivers_server() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.stop()


@pytest.fixture
def receiver(receivers_server: Receiver) -> Receiver:
    """A partner's program, which may be called although it is on this machine."""
    receivers_server.answers.clear()
    receivers_server.calls.clear()
    return receivers_server


@pytest.fixture(scope="session")
def nursery(
    ports: dict[str, int],
    receivers_server: Receiver,
    django_db_setup: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Nursery:
    """Where workers and beats come from."""
    return Nursery(
        {
            "ENVIRONMENT": "embedded",
            "DATABASE_URL": database_url(),
            "REDIS_URL": f"redis://127.0.0.1:{ports['redis']}/0",
            "EMAIL_URL": f"smtp://127.0.0.1:{ports['mail']}",
            "EMAIL_TIMEOUT": str(EMAIL_TIMEOUT),
            "ALERT_SWEEP_SECONDS": str(SWEEP_SECONDS),
            "WEBHOOK_KEY": ",".join(settings.WEBHOOK_KEY),
            "WEBHOOK_ALSO_ALLOWED": f"127.0.0.1:{receivers_server.port}",
            "VAR_DIR": str(tmp_path_factory.mktemp("var")),
        }
    )


@pytest.fixture
def world(
    nursery: Nursery,
    ports: dict[str, int],
    others_ended: None,
    transactional_db: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    receivers_server: Receiver,
) -> Iterator[World]:
    """A deployment that is down, with two people who are to be told: the sponsor's partner and an officer."""
    url = f"redis://127.0.0.1:{ports['redis']}/0"
    monkeypatch.setattr(current_app.conf, "broker_url", url)
    monkeypatch.setattr(current_app.conf, "broker_write_url", url)
    monkeypatch.setattr(settings, "WEBHOOK_ALSO_ALLOWED", [f"127.0.0.1:{receivers_server.port}"])
    monkeypatch.setattr(bell, "_quiet_until", 0.0)
    clock = Clock(tmp_path / "clock")
    world = World(nursery, RedisServer(ports["redis"], tmp_path), MailServer(ports["mail"]), clock, tmp_path)
    clock.start()
    try:
        world.subscribers(factories.partner(), factories.officer())
        yield world
    finally:
        world.down()
        clock.stop()

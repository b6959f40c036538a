"""A real broker for those tests of the wiring that need one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from convoytracker.supervisor import broker
from tests.test_wiring.waiting import until


@pytest.fixture
def broker_socket(tmp_path: Path) -> Iterator[Path]:
    """The socket of a broker that runs while the test does."""
    socket, data = tmp_path / "b.sock", tmp_path / "broker"
    broker.make_room(socket, data)
    process = subprocess.Popen(broker.command_line(broker.find_server(), socket, data))
    try:
        until(lambda: broker.answers(socket), "the broker answers")
        yield socket
    finally:
        process.kill()
        process.wait()

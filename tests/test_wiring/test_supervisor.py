"""The supervisor keeps its children running and, told to stop, leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.test_wiring.waiting import lives, until

pytestmark = pytest.mark.processes
NAMES = ("broker", "web", "worker", "beat")
PROMISED_SECONDS = 5.0


class Family:
    """A running supervisor and all that it has printed so far."""

    def __init__(self, folder: Path, *traits: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.test_wiring.family", str(folder), *traits],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def said(self, pattern: str) -> list[str]:
        """The first group of every line so far that matches."""
        return [found[1] for line in list(self.lines) if (found := re.search(pattern, line))]

    def wait_for(self, pattern: str, times: int = 1) -> list[str]:
        found = f"/{pattern}/ is said {times} times"
        until(lambda: len(self.said(pattern)) >= times, found, seen=self.lines)
        return self.said(pattern)

    def pid_of(self, name: str, times: int = 1) -> int:
        """The id that the child of this name printed when it was started for the nth time."""
        return int(self.wait_for(rf"^{name} +\| pid (\d+)", times)[times - 1])

    def pids(self) -> list[int]:
        return [self.pid_of(name) for name in NAMES]

    def end(self, *signals: int) -> float:
        """Send the signals, wait until all has ended, and return the seconds that it took."""
        begun = time.monotonic()
        for number in signals:
            self.process.send_signal(number)
        self.process.wait(timeout=20)
        seconds = time.monotonic() - begun
        self._reader.join(timeout=10)
        return seconds


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Callable[..., Family]]:
    made: list[Family] = []

    def make(*traits: str) -> Family:
        made.append(Family(tmp_path, *traits))
        return made[-1]

    yield make
    for each in made:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_told_to_stop_it_ends_all_in_order_and_leaves_nothing(family, number):
    one = family()
    pids = one.pids()

    assert one.end(number) < PROMISED_SECONDS
    assert one.process.returncode == 0
    assert one.said(r"^(\w+) +\| bye") == ["beat", "worker", "web", "broker"]
    assert not any(lives(pid) for pid in pids)


def test_a_child_that_does_not_end_is_killed_in_time(family):
    one = family("stubborn")
    pids = one.pids()

    assert one.end(signal.SIGINT) < PROMISED_SECONDS
    assert not any(lives(pid) for pid in pids)


def test_one_ctrl_c_that_arrives_twice_is_one(family):
    one = family()
    one.pids()

    one.end(signal.SIGINT, signal.SIGINT)

    assert one.said(r"^(\w+) +\| bye") == ["beat", "worker", "web", "broker"]


def test_a_second_ctrl_c_kills_at_once(family):
    one = family("stubborn")
    pids = one.pids()
    one.process.send_signal(signal.SIGINT)
    one.wait_for(r"^worker \| (bye)")

    def ended() -> bool:
        one.process.send_signal(signal.SIGINT)
        return one.process.poll() is not None

    until(ended, "it has ended")
    one.end()

    assert one.said(r"^(broker) +\| bye") == []
    assert not any(lives(pid) for pid in pids)


def test_a_killed_child_is_started_again_and_what_it_had_started_is_ended(family):
    one = family("parent")
    pid = one.pid_of("web")
    grandchild = int(one.wait_for(r"grandchild (\d+)")[0])

    os.kill(pid, signal.SIGKILL)

    assert one.wait_for(r"^up +\| (.*starts again.*)") == [
        "web was killed by SIGKILL; it starts again in 1 s"
    ]
    assert one.pid_of("web", times=2) != pid
    until(lambda: not lives(grandchild), "the grandchild has ended")
    assert lives(one.pid_of("beat")), "the others go on"


def test_a_child_that_keeps_failing_is_started_ever_more_slowly(family):
    one = family()
    os.kill(one.pid_of("beat"), signal.SIGKILL)
    os.kill(one.pid_of("beat", times=2), signal.SIGKILL)

    assert one.wait_for(r"beat was killed .* in (\d+) s", times=2) == ["1", "2"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_when_the_supervisor_is_killed_its_children_end_too(family):
    one = family()
    pids = one.pids()

    one.end(signal.SIGKILL)

    until(lambda: not any(lives(pid) for pid in pids), "all children have ended")


def test_the_address_is_announced_once(family):
    one = family()
    one.wait_for(r"^up +\| (announced)")
    os.kill(one.pid_of("web"), signal.SIGKILL)
    one.pid_of("web", times=2)

    one.end(signal.SIGINT)

    assert len(one.said("(announced)")) == 1

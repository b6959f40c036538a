"""One wall clock for the test and all processes it starts, which the test can step.

Leases, pauses and deadlines of minutes to days then take no longer than the test likes, with the
product's own constants. Monotonic clocks, sleeps and network timeouts stay real.
"""

from __future__ import annotations

import multiprocessing
import os
import struct
import threading
from datetime import timedelta
from multiprocessing.connection import wait
from pathlib import Path

import time_machine

LOOK_EVERY_SECONDS = 0.01


class Clock:
    """How far the wall clock is from the machine's, in a file that every process follows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0.0
        self._travel = time_machine.travel(timedelta(0), tick=True)
        self._traveller: time_machine.Traveller | None = None

    def start(self) -> None:
        self._write()
        self._traveller = self._travel.start()

    def stop(self) -> None:
        self._travel.stop()

    def step(self, **by: float) -> None:
        """Step everybody's clock by so much, backwards where negative."""
        seconds = timedelta(**by).total_seconds()
        self.offset += seconds
        self._write()
        assert self._traveller is not None
        self._traveller.shift(seconds)

    def _write(self) -> None:
        """In place: others read it at any moment."""
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT)
        os.pwrite(file, struct.pack("d", self.offset), 0)
        os.close(file)


def follow(path: str) -> None:
    """In a process that a test started: take over its clock, and end when the test is gone."""
    file = os.open(path, os.O_RDONLY)
    test = multiprocessing.parent_process()
    assert test is not None

    def read() -> float:
        return float(struct.unpack("d", os.pread(file, 8, 0))[0])

    offset = read()
    traveller = time_machine.travel(timedelta(seconds=offset), tick=True).start()

    def keep_following() -> None:
        nonlocal offset
        while not wait([test.sentinel], LOOK_EVERY_SECONDS):
            now = read()
            if now != offset:
                traveller.shift(now - offset)
                offset = now
        os._exit(1)

    threading.Thread(target=keep_following, name="test-clock", daemon=True).start()

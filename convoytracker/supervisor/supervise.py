"""Starts the children, keeps them running, and ends them in order."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from convoytracker.supervisor.child import Child, Spec
from convoytracker.supervisor.lines import Printer
from convoytracker.supervisor.preflight import MEGABYTE, free_bytes

TICK = 0.2
SHORT_TICK = 0.05
LOOK_AT_DISK_EVERY = 10.0
SAY_DISK_AGAIN_AFTER = 60.0
LEAST_FREE_RUNNING = 20 * MEGABYTE
# A terminal and a program between (make, timeout) may each pass on one and the same Ctrl-C.
SAME_SIGNAL = 0.3
SLOW_START = 30.0
# All in all; each child's own grace counts within it.
STOP_SECONDS = 4.5


class Alarm:
    """A sleep that any signal ends at once, a child's death included.

    Through a pipe, as an Event that a signal handler sets can wait for ever for its own lock.
    """

    def __init__(self) -> None:
        self._out, self._in = os.pipe()
        os.set_blocking(self._out, False)
        os.set_blocking(self._in, False)

    def set(self) -> None:
        signal.signal(signal.SIGCHLD, lambda *_: None)  # the default would not write to the pipe
        signal.set_wakeup_fd(self._in, warn_on_full_buffer=False)

    def sleep(self, seconds: float) -> None:
        if select.select([self._out], [], [], seconds)[0]:
            with contextlib.suppress(BlockingIOError):
                os.read(self._out, 4096)


class Supervisor:
    """Runs children until it is told to stop.

    `stop_order` names the children from first to last to end: no new work (beat), running tasks finish
    (worker), open requests finish (web), and only then what they all need (broker).
    """

    def __init__(
        self,
        specs: list[Spec],
        *,
        stop_order: tuple[str, ...],
        folder: Path,
        is_up: Callable[[], bool],
        announce: Callable[[], None],
        printer: Printer | None = None,
    ) -> None:
        self.printer = printer or Printer()
        self.printer.on_full_disk = self._say_disk_is_full
        self.children = {spec.name: Child(spec, self.printer) for spec in specs}
        self.stop_order = [name for name in stop_order if name in self.children]
        self.folder = folder
        self._is_up = is_up
        self._announce = announce
        self._alarm = Alarm()
        self._signals = 0
        self._signalled_at = -SAME_SIGNAL
        self._disk_said_at = -SAY_DISK_AGAIN_AFTER
        self._disk_looked_at = 0.0

    def run(self) -> None:
        """Returns after a stop was asked for (Ctrl-C, SIGTERM, a closed terminal) and nothing is left."""
        self._alarm.set()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)
        begun = time.monotonic()
        announced = slow = False
        try:
            while not self._signals:
                self._mend()
                if not announced and self._is_up():
                    announced = True
                    self._announce()
                if not announced and not slow and time.monotonic() - begun > SLOW_START:
                    slow = True
                    self.say("the web server does not answer yet; its lines above may say why")
                self._look_at_disk()
                self._alarm.sleep(TICK)
        finally:
            self._stop()

    def say(self, line: str) -> None:
        self.printer.say("up", line)

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if now - self._signalled_at > SAME_SIGNAL:
            self._signals += 1
            self._signalled_at = now

    def _mend(self) -> None:
        for name, child in self.children.items():
            if how := child.ended():
                self.say(f"{name} {how}; it starts again in {child.pause():.0f} s")
            if child.due:
                try:
                    child.start()
                except OSError as error:
                    self.say(f"{name} cannot start ({error.strerror}); next try in {child.pause():.0f} s")

    def _stop(self) -> None:
        """End all in order, each within its grace and all within STOP_SECONDS; a second signal kills."""
        if self._signals:
            self.say("stopping (Ctrl-C again kills at once)")
        deadline = time.monotonic() + STOP_SECONDS
        for name in self.stop_order:
            child = self.children[name]
            if self._signals < 2:
                child.ask_to_end()
            until = min(deadline, time.monotonic() + child.spec.grace)
            while child.running and child.ended() is None:
                if time.monotonic() > until or self._signals > 1:
                    child.kill()
                self._alarm.sleep(SHORT_TICK)
        self.say("stopped; nothing is left running")

    def _look_at_disk(self) -> None:
        now = time.monotonic()
        if now - self._disk_looked_at < LOOK_AT_DISK_EVERY:
            return
        self._disk_looked_at = now
        if free_bytes(self.folder) < LEAST_FREE_RUNNING:
            self._say_disk_is_full()

    def _say_disk_is_full(self) -> None:
        now = time.monotonic()
        if now - self._disk_said_at < SAY_DISK_AGAIN_AFTER:
            return
        self._disk_said_at = now
        self.say(
            f"the disk is full: {free_bytes(self.folder) // MEGABYTE} MB are free where {self.folder} is. "
            "Nothing new can be saved until there is room; what was saved is safe."
        )

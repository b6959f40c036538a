"""One child process with all that it starts itself."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from convoytracker.supervisor.lines import Printer

TETHER = Path(__file__).with_name("tether.py")
LONGEST_PAUSE = 30.0
LAST_LINES = 0.5  # seconds for what a dead child said last to be printed
LIVED_WELL = 30.0  # seconds after which a child's end counts as its first


def _tethered(argv: list[str]) -> list[str]:
    """The command line by which Linux ends the child when the supervisor dies. Elsewhere nothing does."""
    if sys.platform != "linux":
        return argv
    return [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), *argv]


@dataclass(frozen=True)
class Spec:
    """What to run. `grace` is how many seconds it gets to end by itself; `starts_when` holds it back."""

    name: str
    argv: list[str]
    env: dict[str, str] = field(default_factory=dict)
    grace: float = 1.0
    starts_when: Callable[[], bool] | None = None
    hushed: tuple[str, ...] = ()


class Child:
    """A process in a session of its own: the terminal's Ctrl-C reaches the supervisor alone."""

    def __init__(self, spec: Spec, printer: Printer) -> None:
        self.spec = spec
        self.process: subprocess.Popen[bytes] | None = None
        self.failures = 0
        self.start_after = 0.0  # monotonic seconds
        self._printer = printer
        self._started_at = 0.0
        self._lines: threading.Thread | None = None

    @property
    def running(self) -> bool:
        return self.process is not None

    @property
    def due(self) -> bool:
        """Whether it is to be started now."""
        if self.running or time.monotonic() < self.start_after:
            return False
        return self.spec.starts_when is None or self.spec.starts_when()

    def start(self) -> None:
        """Start it. Only the main thread may: Linux ties the life of a child to the thread that made it."""
        self.process = subprocess.Popen(
            _tethered(self.spec.argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.spec.env},
            start_new_session=True,
        )
        self._started_at = time.monotonic()
        assert self.process.stdout is not None  # noqa: S101 - it is a pipe, as asked for above
        self._printer.say(self.spec.name, f"started as process {self.process.pid}")
        self._lines = self._printer.follow(self.spec.name, self.process.stdout, self.spec.hushed)

    def ended(self) -> str | None:
        """How it ended, if it has, in words; what it had started itself is killed with it. Else None."""
        if self.process is None:
            return None
        if not self._leader_is_dead():
            return None
        # The dead leader is still unreaped where the system can tell so, hence the group is surely its own.
        self._signal_group(signal.SIGKILL)
        code = self.process.wait()
        if self._lines is not None:
            self._lines.join(LAST_LINES)
        self.process = None
        if code >= 0:
            return f"ended with code {code}"
        try:
            return f"was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"was killed by signal {-code}"

    def pause(self) -> float:
        """Seconds to wait before it is started again: longer with every failure in a row."""
        if time.monotonic() - self._started_at > LIVED_WELL:
            self.failures = 0
        self.failures += 1
        seconds = float(min(2 ** (self.failures - 1), LONGEST_PAUSE))
        self.start_after = time.monotonic() + seconds
        return seconds

    def ask_to_end(self) -> None:
        """SIGTERM to the child itself, which ends what it started. Popen.terminate() would reap it here."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it and all that it started, at once."""
        if self.process is not None:
            self._signal_group(signal.SIGKILL)

    def _leader_is_dead(self) -> bool:
        assert self.process is not None  # noqa: S101 - asked by ended() alone
        if self.process.returncode is not None or not hasattr(os, "waitid"):
            return self.process.poll() is not None
        try:
            state = os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return True
        return state is not None

    def _signal_group(self, number: int) -> None:
        assert self.process is not None  # noqa: S101 - both callers have looked
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):
            pass  # nothing is left of it; macOS says so with EPERM

"""Waiting for what other processes do: until it is so, never for a fixed time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

LONGEST = 30.0


def until(is_so: Callable[[], bool], what: str, longest: float = LONGEST, seen: Sequence[str] = ()) -> None:
    """Return as soon as it is so; fail, saying what was waited for and seen, when that takes too long."""
    deadline = time.monotonic() + longest
    while not is_so():
        assert time.monotonic() < deadline, f"waited {longest:.0f} s in vain until {what}; seen: {list(seen)}"
        time.sleep(0.02)


def lives(pid: int) -> bool:
    """Whether a process with this id runs; a dead one that nobody has reaped yet does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return os.path.isdir("/proc") is False

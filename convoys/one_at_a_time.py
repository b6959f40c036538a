"""One run of some work in this process at a time; whoever comes meanwhile is not forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps


class OneAtATime:
    """The room in which the work is done. Threads that find it taken leave word and go."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_taken = self._is_asked = False

    def enter(self) -> bool:
        """False where the work is under way: whoever does it hears of it when leaving."""
        with self._lock:
            is_free = not self._is_taken
            self._is_asked = not is_free
            self._is_taken = True
        return is_free

    def leave(self) -> bool:
        """Whether somebody asked for the work meanwhile."""
        with self._lock:
            is_asked, self._is_taken, self._is_asked = self._is_asked, False, False
        return is_asked


def one_at_a_time(again: Callable[[], object]) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Work of which this process does one run at a time. What is asked for while it is under way may be
    younger than its last look: `again` asks for one more run, when it has ended."""

    def kept(work: Callable[[], None]) -> Callable[[], None]:
        room = OneAtATime()

        @wraps(work)
        def alone() -> None:
            if not room.enter():
                return
            try:
                work()
            finally:
                if room.leave():
                    again()

        return alone

    return kept

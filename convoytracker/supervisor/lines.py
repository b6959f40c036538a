"""What the children say, as one stream of tagged lines."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import IO, TextIO

TAG_WIDTH = 6
COLOURS = {"up": "1", "broker": "35", "web": "36", "worker": "32", "beat": "33"}
FULL_DISK = ("No space left on device", "database or disk is full", "MISCONF")


class Printer:
    """Prints `tag | line`, whole lines only, coloured where a person looks and has not said NO_COLOR.

    A terminal that is gone or a full disk under the output must not end the instance: what cannot be
    printed is dropped.
    """

    def __init__(self, stream: TextIO | None = None, on_full_disk: Callable[[], None] | None = None) -> None:
        self.stream = stream or sys.stdout
        self.coloured = self.stream.isatty() and "NO_COLOR" not in os.environ
        self.on_full_disk = on_full_disk
        self._lock = threading.Lock()

    def say(self, tag: str, line: str) -> None:
        label = f"{tag:<{TAG_WIDTH}} |"
        if self.coloured:
            label = f"\x1b[{COLOURS.get(tag, '0')}m{label}\x1b[0m"
        with self._lock:
            try:
                self.stream.write(f"{label} {line}\n")
                self.stream.flush()
            except (OSError, ValueError):
                pass

    def follow(self, tag: str, pipe: IO[bytes], hushed: tuple[str, ...] = ()) -> threading.Thread:
        """Print every line that comes out of the pipe, until it ends. Returns the thread that does it."""
        thread = threading.Thread(
            target=self._pump, args=(tag, pipe, hushed), daemon=True, name=f"lines-{tag}"
        )
        thread.start()
        return thread

    def _pump(self, tag: str, pipe: IO[bytes], hushed: tuple[str, ...]) -> None:
        with pipe:
            for raw in pipe:
                line = raw.decode(errors="replace").rstrip()
                if not line or any(word in line for word in hushed):
                    continue
                self.say(tag, line)
                if self.on_full_disk and any(word in line for word in FULL_DISK):
                    self.on_full_disk()

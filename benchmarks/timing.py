"""Ours and a peer's in turn, several rounds: wall clock, and CPU of this process and of the database's."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from django.db import connection

Work = Callable[[], object]


@dataclass(frozen=True)
class Cost:
    """Seconds of one turn."""

    wall: float
    cpu: float

    @property
    def both(self) -> float:
        return self.wall + self.cpu


@dataclass(frozen=True)
class Comparison:
    """Medians over the rounds. `in_words` is what stands beside the figure."""

    ours: Cost
    peer: Cost

    @property
    def cpu(self) -> float:
        return self.ours.cpu / self.peer.cpu

    @property
    def wall(self) -> float:
        return self.ours.wall / self.peer.wall

    @property
    def both(self) -> float:
        """CPU plus wall of ours over CPU plus wall of the peer's."""
        return self.ours.both / self.peer.both

    @property
    def in_words(self) -> str:
        return (
            f"CPU {self.cpu:.2f}, wall {self.wall:.2f}; ours {_shown(self.ours)}, peer {_shown(self.peer)}."
        )


def compare(ours: Work, peer: Work, rounds: int) -> Comparison:
    """Run both once unmeasured, then in turn, the first to go changing from round to round."""
    ours(), peer()
    costs: dict[str, list[Cost]] = {"ours": [], "peer": []}
    turns = [("ours", ours), ("peer", peer)]
    for number in range(rounds):
        for name, work in turns if number % 2 else reversed(turns):
            costs[name].append(cost_of(work))
    return Comparison(_median(costs["ours"]), _median(costs["peer"]))


def cost_of(work: Work) -> Cost:
    """Wall and CPU seconds of one call."""
    server = _Server()
    wall, own, theirs = time.perf_counter(), time.process_time(), server.seconds
    work()
    wall, own = time.perf_counter() - wall, time.process_time() - own
    return Cost(wall, own + server.seconds - theirs)


class _Server:
    """The database process that serves our connection. Its time reads 0 where it is on another machine."""

    def __init__(self) -> None:
        connection.ensure_connection()
        self._path = Path(f"/proc/{connection.connection.info.backend_pid}")

    @property
    def seconds(self) -> float:
        try:
            if "postgres" not in (self._path / "comm").read_text():
                return 0.0
            nanoseconds = int((self._path / "schedstat").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return 0.0
        return nanoseconds / 1e9


def peak_memory() -> int:
    """The most memory that this process has held, in bytes."""
    for line in Path(f"/proc/{os.getpid()}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def _median(costs: list[Cost]) -> Cost:
    return Cost(median(cost.wall for cost in costs), median(cost.cpu for cost in costs))


def _shown(cost: Cost) -> str:
    return f"{cost.wall * 1000:.1f} ms ({cost.cpu * 1000:.1f} ms CPU)"

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
    wall, own = time.perf_counter(), time.process_time()
    work()
    wall, own = time.perf_counter() - wall, time.process_time() - own
    return Cost(wall, own + server.seconds)


def cpu_of_database() -> float:
    """Seconds so far of the processes that serve this database now."""
    return sum(_Server._read().values()) / 1e9


class _Server:
    """The database processes that serve this database, whoever asked them.

    Their time reads 0 where they are on another machine, and is lost where they end meanwhile.
    """

    def __init__(self) -> None:
        self._before = self._read()

    @property
    def seconds(self) -> float:
        """Since this was made."""
        return sum(spent - self._before.get(pid, 0) for pid, spent in self._read().items()) / 1e9

    @staticmethod
    def _read() -> dict[int, int]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity"
                " WHERE datname = current_database() AND backend_type = 'client backend'"
            )
            pids = [pid for (pid,) in cursor.fetchall()]
        return {pid: _nanoseconds(Path(f"/proc/{pid}")) for pid in pids}


def _nanoseconds(process: Path) -> int:
    try:
        if "postgres" not in (process / "comm").read_text():
            return 0
        return int((process / "schedstat").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0


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

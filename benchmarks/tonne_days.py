"""What tonne-days cost: over all time, which is told, and over thirty days as a share of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from statistics import median

from benchmarks.asking import THEN, THEN_AS_KNOWN, Asker
from benchmarks.results import Options, Result
from benchmarks.timing import cost_of
from benchmarks.world import make_world

SHARE = 0.2


def measure(options: Options) -> Iterator[Result]:
    """The API's answers; over all time few rounds, since each reads every hold."""
    world = make_world()
    staff, partner = Asker(world.viewer), Asker(world.partner)
    path, few = "statistics/tonne-days", min(options.rounds, 3)
    last = date.fromisoformat(THEN["as_of"])
    days = {"from": (last - timedelta(days=30)).isoformat(), "to": last.isoformat()}
    by_point, by_cause = {"group_by": "control_point"}, {"group_by": "cause"}
    for name, asker, asked in (
        ("now", staff, by_point),
        ("as of", staff, by_point | THEN),
        ("as known then", staff, by_point | THEN_AS_KNOWN),
        ("now, by sponsor", staff, {"group_by": "sponsor"}),
        ("now, by cause", staff, by_cause),
        ("now, by cause, for a partner", partner, by_cause),
    ):
        whole = _cpu(asker.api(path, **asked), few)
        yield Result(f"tonne-days {name}, CPU", whole, "s")
        stretch = _cpu(asker.api(path, **asked, **days), options.rounds)
        note = f"{stretch:.2f} s of CPU."
        yield Result(f"tonne-days of 30 days, {name}: share of that", stretch / whole, "x", SHARE, note=note)


def _cpu(answer: Callable[[], bytes], rounds: int) -> float:
    answer()
    return median(cost_of(answer).cpu for _ in range(rounds))

"""What tonne-days cost: over all time, and over thirty days. The limits are those of 200,000 convoys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from statistics import median

from benchmarks.asking import THEN, THEN_AS_KNOWN, Asker
from benchmarks.results import Options, Result
from benchmarks.timing import cost_of
from benchmarks.world import make_world

ALL_TIME, THIRTY_DAYS = 15, 1


def measure(options: Options) -> Iterator[Result]:
    """The API's answers; over all time few rounds, since each reads every hold."""
    world = make_world()
    staff, partner = Asker(world.viewer), Asker(world.partner)
    path, point, cause = "statistics/tonne-days", {"group_by": "control_point"}, {"group_by": "cause"}
    few = min(options.rounds, 3)
    for name, answer in (
        ("now", staff.api(path, **point)),
        ("as of", staff.api(path, **point, **THEN)),
        ("as known then", staff.api(path, **point, **THEN_AS_KNOWN)),
        ("now, by sponsor", staff.api(path, group_by="sponsor")),
        ("now, by cause", staff.api(path, **cause)),
        ("now, by cause, for a partner", partner.api(path, **cause)),
    ):
        yield _cost(f"tonne-days {name}", answer, few, ALL_TIME)
    last = date.fromisoformat(THEN["as_of"])
    days = {"from": (last - timedelta(days=30)).isoformat(), "to": last.isoformat()}
    for name, answer in (
        ("now", staff.api(path, **point, **days)),
        ("as known then", staff.api(path, **point, **days, **THEN_AS_KNOWN)),
        ("now, by cause", staff.api(path, **cause, **days)),
        ("now, by cause, for a partner", partner.api(path, **cause, **days)),
    ):
        yield _cost(f"tonne-days of 30 days, {name}", answer, options.rounds, THIRTY_DAYS)


def _cost(name: str, answer: Callable[[], bytes], rounds: int, limit: float) -> Result:
    answer()
    costs = [cost_of(answer) for _ in range(rounds)]
    wall = median(cost.wall for cost in costs)
    return Result(f"{name}, CPU", median(cost.cpu for cost in costs), "s", limit, note=f"Wall {wall:.2f} s.")

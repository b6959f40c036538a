"""What tonne-days cost at this size: now, and as of a moment of last year. No limit is named."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.asking import THEN, THEN_AS_KNOWN, Asker
from benchmarks.results import Options, Result
from benchmarks.timing import compare
from benchmarks.world import make_world


def measure(options: Options) -> Iterator[Result]:
    """The API's answer over all convoys, by control point; few rounds, since each reads every hold."""
    staff = Asker(make_world().viewer)
    path, asked = "statistics/tonne-days", {"group_by": "control_point"}
    for name, then in (("as of", THEN), ("as known then", THEN_AS_KNOWN)):
        comparison = compare(
            staff.api(path, **asked, **then), staff.api(path, **asked), min(options.rounds, 3)
        )
        yield Result(f"tonne-days {name}, seconds", comparison.ours.wall, "s", note=comparison.in_words)
    yield Result("tonne-days now, seconds", comparison.peer.wall, "s")

"""The headline figures of the first page at a moment of last year, against those of now."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.asking import THEN, THEN_AS_KNOWN, Asker
from benchmarks.results import Options, Result
from benchmarks.timing import compare
from benchmarks.world import make_world
from convoys.queries import headline
from convoys.queries.as_of import Moment
from convoys.queries.visibility import viewer_of


def measure(options: Options) -> Iterator[Result]:
    """The figures alone, for staff and for a partner; and, told but not judged, the whole first page."""
    world = make_world()
    for who, person in (("staff", world.viewer), ("a partner", world.partner)):
        viewer = viewer_of(person)
        for what, asked in (("as of", THEN), ("as known then", THEN_AS_KNOWN)):
            moment = Moment.parse(**asked)
            comparison = compare(
                lambda viewer=viewer, moment=moment: headline.figures(viewer, moment),  # type: ignore[misc]
                lambda viewer=viewer: headline.figures(viewer, Moment()),  # type: ignore[misc]
                options.rounds,
            )
            worse = max(comparison.cpu, comparison.wall)
            yield Result(f"headline figures {what}, {who}", worse, "x", 5, note=comparison.in_words)
    staff = Asker(world.viewer)
    page = compare(staff.page("/", **THEN_AS_KNOWN), staff.page("/", as_of="now"), options.rounds)
    yield Result("whole first page as known then", page.wall, "x", note=page.in_words)

"""A poll that finds nothing new, against the page that it did not need."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.core.cache import cache

from benchmarks.asking import THEN, Asker
from benchmarks.results import Options, Result
from benchmarks.timing import compare
from benchmarks.world import make_world

TURNS = 20


def measure(options: Options) -> Iterator[Result]:
    """CPU of a 304, by process and database, over that of the same page of 100; both with token, throttle
    and visibility."""
    world = make_world()
    for who, asker in (("staff", Asker(world.viewer)), ("a partner", Asker(world.partner))):
        for what, query in (("now", {}), ("as of", THEN)):
            page = asker.api("convoys", page_size=100, **query)
            poll = asker.api_again("convoys", page_size=100, **query)
            comparison = compare(several(poll), several(page), options.rounds)
            yield Result(
                f"nothing new, list of 100 {what}, {who}", comparison.cpu, "x", 0.2, note=comparison.in_words
            )


def several(ask: Callable[[], bytes]) -> Callable[[], None]:
    """One poll is too short to be measured alone."""

    def turns() -> None:
        for _ in range(TURNS):
            ask()
        cache.clear()

    return turns

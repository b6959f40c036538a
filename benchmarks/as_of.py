"""A list of 100 convoys as of a day of last year, against the list of now."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.asking import THEN, THEN_AS_KNOWN, Asker
from benchmarks.results import Options, Result
from benchmarks.timing import compare
from benchmarks.world import SPONSORS, make_world


def measure(options: Options) -> Iterator[Result]:
    """The API's page of 100, bare and filtered, and the board's list; for staff and for a partner."""
    world = make_world()
    staff, partner = Asker(world.viewer), Asker(world.partner)
    half = f"B-{options.convoys // 2:07d}"
    deep = {"cursor": _cursor(half)}
    cases = [
        ("API, as of", staff.api("convoys", **THEN), staff.api("convoys")),
        ("API, as of, as known then", staff.api("convoys", **THEN_AS_KNOWN), staff.api("convoys")),
        ("API, half way through", staff.api("convoys", **deep, **THEN), staff.api("convoys", **deep)),
        *(
            (f"API, {state}", staff.api("convoys", status=state, **THEN), staff.api("convoys", status=state))
            for state in ("held", "delivered", "planned")
        ),
        (
            "API, of a sponsor",
            staff.api("convoys", sponsor=SPONSORS[1], **THEN),
            staff.api("convoys", sponsor=SPONSORS[1]),
        ),
        (
            "API, held, for a partner",
            partner.api("convoys", status="held", **THEN),
            partner.api("convoys", status="held"),
        ),
        ("page of convoys", staff.page("/convoys", **THEN), staff.page("/convoys", as_of="now")),
        (
            "page of convoys, held",
            staff.page("/convoys", status="held", **THEN),
            staff.page("/convoys", status="held", as_of="now"),
        ),
    ]
    for name, then, now in cases:
        comparison = compare(then, now, options.rounds)
        worse = max(comparison.cpu, comparison.wall)
        yield Result(f"as-of list, {name}", worse, "x", 3, note=comparison.in_words)


def _cursor(reference: str) -> str:
    from convoys.api.pagination import Cursor

    return Cursor(reference, backwards=False).encode()

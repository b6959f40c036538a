"""Recording an event on a convoy with 20 earlier ones, against lock, FSM method, save and insert alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

from accounts.models import User
from benchmarks.plain import PlainTable, record_plainly
from benchmarks.results import Options, Result
from benchmarks.timing import compare
from benchmarks.world import make_world, place_code
from convoys.models import Convoy
from convoys.services import timeline
from convoys.services.changes import Account, ChangeSet, Record, When, convoy
from convoys.vocabulary import SpeakerKind

EARLIER = 20
PER_ROUND = 20
DAY = datetime(2026, 6, 2, 8, 0, tzinfo=UTC)
JUNCTION = place_code("north", "junction")
NOW = DAY + timedelta(days=EARLIER)


def measure(options: Options) -> Iterator[Result]:
    """A report that lets a held convoy go, and one that says it is still there."""
    author = make_world().officers[0]
    with PlainTable():
        for kind in ("released", "seen"):
            ours, plain = (_held_convoys(options, author) for _ in range(2))
            report = partial(_record, kind=kind, author=author)
            peer = partial(_record_plainly, author=author)
            comparison = compare(_each(ours, report), _each(plain, peer), options.rounds)
            name = f"record an event ({kind.replace('_', ' ')}), CPU plus wall"
            yield Result(name, comparison.both, "x", 3, 2, note=comparison.in_words)


def _each(held: list[tuple[str, int]], work: Callable[[str, int], None]) -> Callable[[], None]:
    """PER_ROUND times the work at each call, every time on a convoy that has not been used."""
    unused = iter(held)

    def turn() -> None:
        for _ in range(PER_ROUND):
            work(*next(unused))

    return turn


def _record(reference: str, seen: int, *, kind: str, author: User) -> None:
    """As a form sends it: with the newest entry that its author saw."""
    row = convoy(reference)
    report = Record(row, kind, When(NOW), place=JUNCTION, claims=[_account()])
    timeline.apply(ChangeSet(steps=[report], author=author, seen={row: seen}))


def _record_plainly(reference: str, seen: int, *, author: User) -> None:
    record_plainly(reference, "released", JUNCTION, NOW, author.pk)


def _account() -> Account:
    return Account(
        speaker="monitor", speaker_kind=SpeakerKind.MONITOR, statement="Our team on the road saw it.",
        said_on=NOW.date(), reported_on=NOW.date(),
    )  # fmt: skip


def _held_convoys(options: Options, author: User) -> list[tuple[str, int]]:
    """Convoys that are held, with 20 events each and the newest of them; enough for every turn."""
    held = []
    start = Convoy.objects.filter(reference__startswith="R-").count()
    references = [f"R-{start + number:06d}" for number in range(PER_ROUND * (options.rounds + 1))]
    for reference in references:
        row = convoy(reference)
        declares = {"origin": place_code("north", "origin"), "route": "north", "trucks": 4}
        gate = place_code("north", "gate")
        steps = [
            Record(row, "registered", When(DAY), declares=declares),
            Record(row, "departed", When(DAY + timedelta(hours=2)), claims=[_account()]),
            Record(
                row,
                "held",
                When(DAY + timedelta(hours=9)),
                place=JUNCTION,
                held_before=gate,
                claims=[_account()],
            ),
        ]
        steps += [
            Record(row, "seen", When(DAY + timedelta(days=day)), place=JUNCTION, claims=[_account()])
            for day in range(1, EARLIER - len(steps) + 1)
        ]
        written = timeline.apply(ChangeSet(steps=steps, author=author))
        held.append((reference, written.sequences[-1][0]))
    return held

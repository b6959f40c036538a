"""How long holds lasted, by whatever one asks for, as of any moment.

A hold that has ended has a duration; one that is open has lasted so far, to its last report (low)
and to the moment asked (high), and is counted apart: among durations it would make them shorter than
they are. Exercises are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from statistics import median

from django.db.models import QuerySet

from convoys.clocks import elapsed, zone_named
from convoys.models import Convoy
from convoys.queries.as_of import Moment
from convoys.queries.hold_groups import ITEM_OF, grouped, keys_of
from convoys.queries.holds import Hold, declared_then, holds_within, read_holds, rests_on_loaded
from convoys.queries.visibility import Viewer
from convoys.vocabulary import Precision

COUNTING_RULE = (
    "Every hold that shares an instant with the stretch asked about counts once, with all of its duration, "
    "whether inside the stretch or not. Durations are elapsed days: a difference of dates where an end is "
    "known to the day or the month alone, else exact. Only holds that had ended by the moment asked have "
    "one; open holds are counted apart, with how long the longest has lasted, to its last report (low) and "
    "to the moment asked (high). The median of an even number is the mean of the two in the middle. Groups "
    "by sponsor, cause or alleged holder overlap. Exercises are left out."
)
# Where one class of length ends and the next begins, in days; the last has no end.
LIMITS = (0, 1, 3, 7, 14, 30, 90)


@dataclass(frozen=True)
class Length:
    """How many holds lasted at least so many days and less than so many; `below` None: no end."""

    at_least: int
    below: int | None
    holds: int


@dataclass(frozen=True)
class Open:
    """Holds that had not ended. `longest_low` and `longest_high` in days; None where there is none."""

    holds: int
    not_confirmed: int
    longest_low: Decimal | None
    longest_high: Decimal | None


@dataclass(frozen=True)
class Durations:
    """Holds of one group: those that have ended in days, and those that are open."""

    key: str
    holds: int
    shortest: Decimal | None
    median: Decimal | None
    longest: Decimal | None
    lengths: list[Length]
    open: Open


@dataclass(frozen=True)
class Answer:
    """Of all holds, and by group, most holds first."""

    total: Durations
    groups: list[Durations]
    is_backfilled: bool = False  # of another day: whether it rests on history that was loaded afterwards
    counting_rule: str = COUNTING_RULE


@dataclass(frozen=True)
class _Lasted:
    """One hold in days; `to_last_report` is the same of one that has ended."""

    hold: Hold
    days: Decimal
    to_last_report: Decimal
    is_confirmed: bool


def durations(
    convoys: QuerySet[Convoy],
    viewer: Viewer,
    group_by: str,
    moment: Moment,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Answer:
    """How long holds of these convoys (visible to the viewer) lasted, by one of GROUPINGS.

    Those that share an instant with the stretch from `start` to `end`, both included.
    """
    holds = holds_within(convoys.filter(is_exercise=False), moment, start, end)
    declared = declared_then(holds, moment, ITEM_OF[group_by]) if group_by in ITEM_OF else {}
    keys = keys_of(group_by, holds, declared, viewer, moment)
    asked = moment.asked
    rows = [_lasted(hold, asked) for hold in read_holds(holds, moment)]
    groups = grouped(rows, lambda row: row.hold, keys)
    found = [_durations(key, heap) for key, heap in groups.items()]
    found.sort(key=lambda group: (-group.holds - group.open.holds, group.key))
    is_backfilled = not moment.is_now and rests_on_loaded(holds, moment)
    return Answer(_durations("total", rows), found, is_backfilled)


def _lasted(hold: Hold, asked: datetime) -> _Lasted:
    zone = zone_named(hold.zone)
    opened = (hold.opened_at, hold.opened_precision)
    end = (hold.closed_at, hold.closed_precision) if hold.closed_at else (asked, Precision.MINUTE)
    days = to_last = elapsed(*opened, *end, zone).days
    if hold.last is not None:
        to_last = elapsed(*opened, *min(end, (hold.last.at, hold.last.precision)), zone).days
    return _Lasted(hold, days, to_last, hold.is_confirmed(asked))


def _durations(key: str, rows: Sequence[_Lasted]) -> Durations:
    ended = sorted(row.days for row in rows if row.hold.closed_at)
    return Durations(
        key,
        holds=len(ended),
        shortest=ended[0] if ended else None,
        median=median(ended) if ended else None,
        longest=ended[-1] if ended else None,
        lengths=[
            Length(least, below, sum(least <= days and (below is None or days < below) for days in ended))
            for least, below in pairwise([*LIMITS, None])
            if least is not None
        ],
        open=_open([row for row in rows if not row.hold.closed_at]),
    )


def _open(rows: Sequence[_Lasted]) -> Open:
    return Open(
        holds=len(rows),
        not_confirmed=sum(not row.is_confirmed for row in rows),
        longest_low=max((row.to_last_report for row in rows), default=None),
        longest_high=max((row.days for row in rows), default=None),
    )

"""Headline figures over open convoys: how many, trucks, tonnes, tonne-days.

The counting rule stands under every figure: an open hold counts to its last report (low) and to
the moment asked (high); unknown tonnage is left out and never 0; a floor has no upper end, so a
sum with one in it is "at least"; silent convoys are summed apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from convoys.clocks import Elapsed, elapsed, silent_from, zone_named
from convoys.models import Convoy
from convoys.vocabulary import Precision, State

NOTHING = Decimal(0)


@dataclass(frozen=True)
class OpenConvoy:
    """What a figure needs of one convoy; `since` is when its present state began."""

    status: str
    trucks: int | None
    tonnes_low: Decimal | None
    tonnes_high: Decimal | None
    since: datetime | None
    since_precision: str
    last_reported_at: datetime | None
    last_reported_precision: str
    time_zone: str


def facts_of(convoy: Convoy) -> OpenConvoy:
    """The same facts of a whole row; its `stands_at` should be loaded."""
    return OpenConvoy(
        convoy.status,
        convoy.trucks,
        convoy.tonnes_low,
        convoy.tonnes_high,
        convoy.status_since,
        convoy.status_precision,
        convoy.last_reported_at,
        convoy.last_reported_precision,
        convoy.stands_at.time_zone if convoy.stands_at else "",
    )


@dataclass(frozen=True)
class Sum:
    """One column of figures. `tonnes_high` and `tonne_days_high` are None where the sum has no upper end."""

    count: int = 0
    trucks: int = 0
    trucks_unknown: int = 0
    tonnes_known: int = 0
    tonnes_low: Decimal = NOTHING
    tonnes_high: Decimal | None = NOTHING
    tonne_days_low: Decimal = NOTHING
    tonne_days_high: Decimal | None = NOTHING
    longest: Elapsed | None = None
    last_reported_at: datetime | None = None

    @property
    def tonnes_unknown(self) -> int:
        return self.count - self.tonnes_known


@dataclass(frozen=True)
class Figures:
    """Per state: what was reported within the silence limit, and what is silent, apart."""

    reported: dict[str, Sum]
    silent: dict[str, Sum]
    planned: int


def is_silent(convoy: OpenConvoy, now: datetime) -> bool:
    """Whether nobody has reported on an open convoy for longer than the silence limit."""
    last = convoy.last_reported_at
    return last is not None and now >= silent_from(
        last, convoy.last_reported_precision, zone_named(convoy.time_zone)
    )


def hold_spans(convoy: OpenConvoy, now: datetime) -> tuple[Elapsed, Elapsed] | None:
    """How long the present state has lasted: to the last report, and to now. None where unknown."""
    if convoy.since is None:
        return None
    zone = zone_named(convoy.time_zone)
    until_now = elapsed(convoy.since, convoy.since_precision, now, Precision.MINUTE, zone)
    last = convoy.last_reported_at
    if last is None or last > now:
        return until_now, until_now
    confirmed = elapsed(convoy.since, convoy.since_precision, last, convoy.last_reported_precision, zone)
    return (confirmed if confirmed.days <= until_now.days else until_now), until_now


def summed(convoys: Iterable[OpenConvoy], now: datetime) -> Sum:
    """One column of figures over these convoys."""
    count = trucks = trucks_unknown = known = 0
    low, low_days = NOTHING, NOTHING
    high: Decimal | None = NOTHING
    high_days: Decimal | None = NOTHING
    longest: Elapsed | None = None
    last: datetime | None = None
    for convoy in convoys:
        count += 1
        trucks += convoy.trucks or 0
        trucks_unknown += convoy.trucks is None
        if convoy.last_reported_at and (last is None or convoy.last_reported_at > last):
            last = convoy.last_reported_at
        spans = hold_spans(convoy, now)
        if spans and (longest is None or spans[1].days > longest.days):
            longest = spans[1]
        if convoy.tonnes_low is None:
            continue
        known += 1
        low += convoy.tonnes_low
        high = None if high is None or convoy.tonnes_high is None else high + convoy.tonnes_high
        if spans:
            low_days += convoy.tonnes_low * spans[0].days
            high_days = (
                None
                if high_days is None or convoy.tonnes_high is None
                else high_days + convoy.tonnes_high * spans[1].days
            )
    return Sum(count, trucks, trucks_unknown, known, low, high, low_days, high_days, longest, last)


def figures_over(convoys: Iterable[OpenConvoy], planned: int, now: datetime) -> Figures:
    """Sums per state, silent convoys apart."""
    heaps: dict[tuple[str, bool], list[OpenConvoy]] = {}
    for convoy in convoys:
        heaps.setdefault((convoy.status, is_silent(convoy, now)), []).append(convoy)
    states = (State.HELD, State.STOPPED, State.DISPATCHED)
    return Figures(
        reported={str(state): summed(heaps.get((state, False), []), now) for state in states},
        silent={str(state): summed(heaps.get((state, True), []), now) for state in states},
        planned=planned,
    )

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
from convoys.vocabulary import FINAL_STATES, Precision, State

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
    longest_confirmed: Elapsed | None = None

    @property
    def tonnes_unknown(self) -> int:
        return self.count - self.tonnes_known


@dataclass(frozen=True)
class Figures:
    """Per state: what was reported within the silence limit, and what is silent, apart."""

    reported: dict[str, Sum]
    silent: dict[str, Sum]
    planned: int
    held_in_all: Sum


def is_silent(convoy: OpenConvoy, now: datetime) -> bool:
    """Whether nobody has reported on an open convoy for longer than the silence limit."""
    last = convoy.last_reported_at
    if convoy.status in FINAL_STATES:
        return False
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
    rows = [(convoy, hold_spans(convoy, now)) for convoy in convoys]
    spans = [pair for _, pair in rows if pair is not None]
    known = [
        (convoy.tonnes_low, convoy.tonnes_high, pair)
        for convoy, pair in rows
        if convoy.tonnes_low is not None
    ]
    has_floor = any(high is None for _, high, _ in known)
    return Sum(
        count=len(rows),
        trucks=sum(convoy.trucks or 0 for convoy, _ in rows),
        trucks_unknown=sum(convoy.trucks is None for convoy, _ in rows),
        tonnes_known=len(known),
        tonnes_low=sum((low for low, _, _ in known), NOTHING),
        tonnes_high=None if has_floor else sum((high or NOTHING for _, high, _ in known), NOTHING),
        tonne_days_low=sum((low * pair[0].days for low, _, pair in known if pair), NOTHING),
        tonne_days_high=None
        if has_floor
        else sum(((high or NOTHING) * pair[1].days for _, high, pair in known if pair), NOTHING),
        longest=max((until_now for _, until_now in spans), key=lambda span: span.days, default=None),
        longest_confirmed=max(
            (confirmed for confirmed, _ in spans), key=lambda span: span.days, default=None
        ),
    )


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
        held_in_all=summed(
            [convoy for silent in (False, True) for convoy in heaps.get((State.HELD, silent), [])], now
        ),
    )

"""Tonne-days held: what holds cost, by whatever one asks for, as of any moment.

A hold weighs the tonnes declared (as of the moment) times its elapsed days. An open hold counts to
the last report known (low) and to the moment asked (high). Where nobody has reported for the
silence limit the hold is listed apart as not confirmed. Unknown tonnage is counted, never taken as
0; a floor has no upper end. Exercises are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet

from convoys.clocks import elapsed, zone_named
from convoys.models import Convoy
from convoys.queries.as_of import Moment
from convoys.queries.hold_groups import ITEM_OF, Keys, grouped, keys_of
from convoys.queries.holds import (
    Hold,
    Tonnes,
    declared_then,
    holds_within,
    read_holds,
    rests_on_loaded,
    tonnes_in,
)
from convoys.queries.visibility import Viewer
from convoys.vocabulary import Item, Precision

COUNTING_RULE = (
    "Tonnes multiplied by elapsed days held; the day of the hold is day 0, and time stopped is not counted. "
    "An open hold counts to its last report (low) and to the moment asked (high). Unknown tonnage is counted "
    "apart and never taken as 0; “more than” has no upper end. Holds without a report for the silence limit "
    "are listed apart as not confirmed. Sums by sponsor, cause or alleged holder overlap. "
    "Exercises are left out."
)


@dataclass(frozen=True)
class Window:
    """From when to when days are counted; an end given as a bare date counts by days."""

    start: datetime | None = None
    end: datetime | None = None
    start_precision: str = Precision.DAY
    end_precision: str = Precision.DAY


@dataclass(frozen=True)
class HeldStretch:
    """One hold's share of the window: days to the last report and to the moment asked."""

    hold: Hold
    tonnes_low: Decimal | None
    tonnes_high: Decimal | None
    days_low: Decimal
    days_high: Decimal
    is_confirmed: bool


@dataclass
class Group:
    """Sums of one group; `high` is None where a tonnage in it has no upper end."""

    key: str
    low: Decimal = Decimal(0)
    high: Decimal | None = Decimal(0)
    unknown_tonnage: int = 0
    holds: int = 0

    def add(self, stretch: HeldStretch) -> None:
        """Add one hold's tonne-days."""
        self.holds += 1
        if stretch.tonnes_low is None:
            self.unknown_tonnage += 1
            return
        self.low += stretch.tonnes_low * stretch.days_low
        if self.high is not None:
            top = stretch.tonnes_high
            self.high = None if top is None else self.high + top * stretch.days_high


@dataclass
class TonneDays:
    """The answer: totals and groups of confirmed holds, and those that are not confirmed, apart."""

    total: Group
    groups: list[Group]
    not_confirmed_total: Group
    not_confirmed: list[Group]
    counting_rule: str = COUNTING_RULE
    is_backfilled: bool = False  # of another day: whether it rests on history that was loaded afterwards


def tonne_days(
    convoys: QuerySet[Convoy], viewer: Viewer, group_by: str, moment: Moment, window: Window
) -> TonneDays:
    """Tonne-days of these convoys (visible to the viewer), grouped by one of GROUPINGS."""
    asked = moment.asked
    holds = holds_within(convoys.filter(is_exercise=False), moment, window.start, window.end)
    declared = declared_then(holds, moment, [Item.TONNES, *ITEM_OF.get(group_by, ())])
    keys = keys_of(group_by, holds, declared, viewer, moment)
    stretches = [
        _stretch(hold, tonnes_in(declared.get(hold.convoy, {})), asked, window)
        for hold in read_holds(holds, moment)
    ]
    confirmed = [stretch for stretch in stretches if stretch.is_confirmed]
    silent = [stretch for stretch in stretches if not stretch.is_confirmed]
    return TonneDays(
        _sum("total", confirmed), _grouped(confirmed, keys), _sum("total", silent), _grouped(silent, keys),
        is_backfilled=not moment.is_now and rests_on_loaded(holds, moment),
    )  # fmt: skip


def _stretch(hold: Hold, tonnes: Tonnes, asked: datetime, window: Window) -> HeldStretch:
    zone, last = zone_named(hold.zone), hold.last
    start = (hold.opened_at, hold.opened_precision)
    if window.start and window.start > hold.opened_at:
        start = (window.start, window.start_precision)
    end = (hold.closed_at or asked, hold.closed_precision if hold.closed_at else Precision.MINUTE)
    if window.end:
        end = min(end, (window.end, window.end_precision))
    low = high = elapsed(*start, *end, zone).days
    if last is not None:
        low = elapsed(*start, *min(end, (last.at, last.precision)), zone).days
    return HeldStretch(
        hold,
        *tonnes,
        days_low=low,
        days_high=high,
        is_confirmed=hold.is_confirmed(asked),
    )


def _sum(key: str, stretches: Iterable[HeldStretch]) -> Group:
    group = Group(key)
    for stretch in stretches:
        group.add(stretch)
    return group


def _grouped(stretches: Iterable[HeldStretch], keys: Keys) -> list[Group]:
    groups = grouped(stretches, lambda stretch: stretch.hold, keys)
    found = [_sum(key, rows) for key, rows in groups.items()]
    return sorted(found, key=lambda group: (-group.low, group.key))

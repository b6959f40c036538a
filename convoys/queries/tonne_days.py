"""Tonne-days held: what holds cost, by whatever one asks for, as of any moment.

A hold weighs the tonnes declared (as of the moment) times its elapsed days. An open hold counts to
the last report known (low) and to the moment asked (high). Where nobody has reported for the
silence limit the hold is listed apart as not confirmed. Unknown tonnage is counted, never taken as
0; a floor has no upper end. Exercises are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet

from convoys.clocks import elapsed, silent_from, zone_named
from convoys.models import Convoy, Event, StateInterval
from convoys.queries.as_of import Moment, in_force_at, last_known
from convoys.queries.holds import Hold, declared_then, holds_within, read_holds
from convoys.queries.visibility import Viewer, visible_claims
from convoys.vocabulary import Item, Precision

COUNTING_RULE = (
    "Tonnes multiplied by elapsed days held; the day of the hold is day 0, and time stopped is not counted. "
    "An open hold counts to its last report (low) and to the moment asked (high). Unknown tonnage is counted "
    "apart and never taken as 0; “more than” has no upper end. Holds without a report for the silence limit "
    "are listed apart as not confirmed. Sums by sponsor, cause or alleged holder overlap. "
    "Exercises are left out."
)
GROUPINGS = ("convoy", "route", "control_point", "cause", "sponsor", "holder")
# A hold may have several of these: sums by them overlap.
OVERLAPPING = frozenset({"cause", "sponsor", "holder"})
UNKNOWN = "unknown"
# Where a grouping is found: an item of the declaration, or a column of the accounts of a hold.
ITEM_OF = {"route": (Item.ROUTE,), "sponsor": (Item.SPONSORS,)}
ALLEGED = {"cause": "alleged_causes", "holder": "alleged_holders"}


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
    keys = _keys(group_by, holds, declared, viewer, moment)
    stretches = [
        _stretch(hold, declared.get(hold.convoy, {}).get(Item.TONNES) or {}, asked, window)
        for hold in read_holds(holds, moment)
    ]
    confirmed = [stretch for stretch in stretches if stretch.is_confirmed]
    silent = [stretch for stretch in stretches if not stretch.is_confirmed]
    return TonneDays(
        _sum("total", confirmed), _grouped(confirmed, keys), _sum("total", silent), _grouped(silent, keys),
        is_backfilled=not moment.is_now and _rests_on_loaded(holds, moment),
    )  # fmt: skip


def _rests_on_loaded(holds: QuerySet[StateInterval], moment: Moment) -> bool:
    """Whether any entry of these convoys was loaded afterwards. Counted, since a database that looks for
    the first one looks through every event on record."""
    events = in_force_at(Event.objects.filter(convoy__in=holds.values("convoy")), moment)
    return bool(events.aggregate(loaded=Count("pk", filter=Q(backfilled=True)))["loaded"])


def _stretch(hold: Hold, tonnes: Mapping[str, str], asked: datetime, window: Window) -> HeldStretch:
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
        _decimal(tonnes.get("low")),
        _decimal(tonnes.get("high")),
        days_low=low,
        days_high=high,
        is_confirmed=last is None or asked < silent_from(last.at, last.precision, zone_named(last.zone)),
    )


def _sum(key: str, stretches: Iterable[HeldStretch]) -> Group:
    group = Group(key)
    for stretch in stretches:
        group.add(stretch)
    return group


def _grouped(stretches: Iterable[HeldStretch], keys: Callable[[Hold], Iterable[str]]) -> list[Group]:
    groups: dict[str, Group] = {}
    for stretch in stretches:
        for key in sorted(set(keys(stretch.hold)) or {UNKNOWN}):
            groups.setdefault(key, Group(key)).add(stretch)
    return sorted(groups.values(), key=lambda group: (-group.low, group.key))


def _keys(
    group_by: str,
    holds: QuerySet[StateInterval],
    declared: Mapping[int, Mapping[str, Any]],
    viewer: Viewer,
    moment: Moment,
) -> Callable[[Hold], Iterable[str]]:
    """What a hold is summed under; nothing: it is not known."""
    if group_by in ALLEGED:
        alleged = _alleged(ALLEGED[group_by], holds, viewer, moment)
        return lambda hold: alleged.get(hold.chain, ())
    by: dict[str, Callable[[Hold], Iterable[str]]] = {
        "convoy": lambda hold: [hold.reference],
        "control_point": lambda hold: [hold.held_before] if hold.held_before else [],
        "route": lambda hold: [code] if (code := declared.get(hold.convoy, {}).get(Item.ROUTE)) else [],
        "sponsor": lambda hold: declared.get(hold.convoy, {}).get(Item.SPONSORS) or [],
    }
    return by[group_by]


def _alleged(
    column: str, holds: QuerySet[StateInterval], viewer: Viewer, moment: Moment
) -> dict[int, set[str]]:
    """What accounts in force, known then, of these holds and answers to them allege, by the hold's chain."""
    alleging = last_known(visible_claims(viewer), moment).exclude(**{column: []}).order_by()
    if moment.known_at is not None:
        alleging = alleging.exclude(target_claim__known_from__gt=moment.known_at)
    found: dict[int, set[str]] = {}
    # One statement each: of both together no index finds the few that are meant.
    for target in ("target_event", "target_claim__target_event"):
        said = alleging.filter(**{f"{target}__in": holds.values("opening_chain")})
        for hold, codes in said.values_list(target, column):
            found.setdefault(hold, set()).update(codes)
    return found


def _decimal(text: str | None) -> Decimal | None:
    return Decimal(text) if text is not None else None

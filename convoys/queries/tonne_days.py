"""Tonne-days held: what holds cost, by whatever one asks for, as of any moment.

A hold weighs the tonnes declared (as of the moment) times its elapsed days. An open hold counts to
the last report known (low) and to the moment asked (high). Where nobody has reported for the
silence limit the hold is listed apart as not confirmed. Unknown tonnage is counted, never taken as
0; a floor has no upper end. Exercises are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from convoys.clocks import elapsed, silent_from, zone_named
from convoys.models import Claim, Convoy, StateInterval
from convoys.queries.as_of import Moment, set_back
from convoys.queries.history import claims_in_force
from convoys.queries.visibility import Viewer, visible_claims
from convoys.replay import Episode, History
from convoys.vocabulary import Precision, State

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

    convoy: Convoy
    episode: Episode
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
        convoy = stretch.convoy
        self.holds += 1
        if convoy.tonnes_low is None:
            self.unknown_tonnage += 1
            return
        self.low += convoy.tonnes_low * stretch.days_low
        if self.high is not None:
            top = convoy.tonnes_high
            self.high = None if top is None else self.high + top * stretch.days_high


@dataclass
class TonneDays:
    """The answer: totals and groups of confirmed holds, and those that are not confirmed, apart."""

    total: Group
    groups: list[Group]
    not_confirmed_total: Group
    not_confirmed: list[Group]
    counting_rule: str = COUNTING_RULE
    stretches: list[HeldStretch] = field(default_factory=list, repr=False)
    is_backfilled: bool = False  # whether any of it rests on history that was loaded afterwards


def tonne_days(
    convoys: QuerySet[Convoy], viewer: Viewer, group_by: str, moment: Moment, window: Window
) -> TonneDays:
    """Tonne-days of these convoys (visible to the viewer), grouped by one of GROUPINGS."""
    rows = list(_held_by(convoys.filter(is_exercise=False), moment))
    histories = set_back(rows, moment)
    stretches = [s for convoy in rows for s in _stretches(convoy, histories[convoy.pk], moment.asked, window)]
    keys = _keys(stretches, viewer, moment)[group_by]
    confirmed = [stretch for stretch in stretches if stretch.is_confirmed]
    silent = [stretch for stretch in stretches if not stretch.is_confirmed]
    return TonneDays(
        _sum("total", confirmed), _grouped(confirmed, keys), _sum("total", silent), _grouped(silent, keys),
        stretches=stretches,
        is_backfilled=any(step.event.backfilled for found in histories.values() for step in found.steps),
    )  # fmt: skip


def _held_by(convoys: QuerySet[Convoy], moment: Moment) -> QuerySet[Convoy]:
    """Those that were held at any time up to the moment, as known then: the only ones worth a replay."""
    known_at = moment.known_at or timezone.now()
    holds = StateInterval.objects.filter(
        Q(known_until=None) | Q(known_until__gt=known_at),
        convoy=OuterRef("pk"),
        state=State.HELD,
        starts_at__lte=moment.asked,
        known_from__lte=known_at,
    )
    return convoys.filter(Exists(holds))


def _stretches(convoy: Convoy, history: History, asked: datetime, window: Window) -> Iterable[HeldStretch]:
    for episode in history.episodes:
        opening, closing = episode.opening, episode.closing
        zone = zone_named(opening.time_zone)
        start, start_precision = opening.occurred_at, opening.precision
        if window.start and window.start > start:
            start, start_precision = window.start, window.start_precision
        last = history.facts.last_report or opening
        ends = [(asked, Precision.MINUTE)] if closing is None else [(closing.occurred_at, closing.precision)]
        lows = [(last.occurred_at, last.precision)] if closing is None else ends
        if window.end:
            ends = [*ends, (window.end, window.end_precision)]
            lows = [*lows, (window.end, window.end_precision)]
        (high_at, high_precision), (low_at, low_precision) = min(ends), min(*lows, min(ends))
        if (window.end and opening.occurred_at > window.end) or high_at < start:
            continue
        yield HeldStretch(
            convoy,
            episode,
            elapsed(start, start_precision, low_at, low_precision, zone).days,
            elapsed(start, start_precision, high_at, high_precision, zone).days,
            closing is not None
            or asked < silent_from(last.occurred_at, last.precision, zone_named(last.time_zone)),
        )


def _sum(key: str, stretches: Iterable[HeldStretch]) -> Group:
    group = Group(key)
    for stretch in stretches:
        group.add(stretch)
    return group


def _grouped(stretches: Iterable[HeldStretch], keys: Callable[[HeldStretch], Iterable[str]]) -> list[Group]:
    groups: dict[str, Group] = {}
    for stretch in stretches:
        for key in sorted(set(keys(stretch)) or {UNKNOWN}):
            groups.setdefault(key, Group(key)).add(stretch)
    return sorted(groups.values(), key=lambda group: (-group.low, group.key))


def _keys(
    stretches: Iterable[HeldStretch], viewer: Viewer, moment: Moment
) -> Mapping[str, Callable[[HeldStretch], Iterable[str]]]:
    said = _claims_on({stretch.episode.opening.chain for stretch in stretches}, viewer, moment)

    def alleged(column: str) -> Callable[[HeldStretch], Iterable[str]]:
        def keys(stretch: HeldStretch) -> Iterable[str]:
            return [
                code
                for claim in said.get(stretch.episode.opening.chain, ())
                for code in getattr(claim, column)
            ]

        return keys

    return {
        "convoy": lambda stretch: [stretch.convoy.reference],
        "route": lambda stretch: _known(stretch.convoy.route_id),
        "control_point": lambda stretch: _known(stretch.episode.held_before),
        "sponsor": lambda stretch: [
            row.organisation_id for row in stretch.convoy.organisations.all() if row.part == "sponsor"
        ],
        "cause": alleged("alleged_causes"),
        "holder": alleged("alleged_holders"),
    }


def _known(code: str | None) -> list[str]:
    return [code] if code else []


def _claims_on(chains: set[int], viewer: Viewer, moment: Moment) -> dict[int, list[Claim]]:
    """Accounts in force, known then, on holds and on the accounts of them, by the hold's chain."""
    claims = visible_claims(viewer).filter(target_event__in=chains) | visible_claims(viewer).filter(
        target_claim__target_event__in=chains
    )
    found: dict[int, list[Claim]] = {}
    for claim in claims_in_force(claims.select_related("target_claim").order_by("sequence"), moment.known_at):
        answered = claim.target_claim.target_event_id if claim.target_claim else None
        found.setdefault(claim.target_event_id or answered or 0, []).append(claim)
    return found

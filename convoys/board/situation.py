"""What the first page shows, put together from the queries and said in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from convoys import wording
from convoys.board.rows import Row, rows_of, speakers_of
from convoys.board.story import title_of
from convoys.board.strips import Strip, strip_of
from convoys.clocks import elapsed, instance_zone, zone_named
from convoys.models import Convoy, Event, Route, StateInterval
from convoys.queries import board
from convoys.queries.accounts import Account, accounts_on, contested_by_chain
from convoys.queries.figures import Sum
from convoys.queries.visibility import Viewer
from convoys.templatetags.look import moment
from convoys.vocabulary import Bound, Precision, State


@dataclass(frozen=True)
class SumShown:
    """One figure with its second lines, all in words."""

    count: int
    trucks: str
    longest: str
    tonnes: str
    tonnes_note: str
    tonne_days: str


@dataclass(frozen=True)
class EndedHold:
    hold: StateInterval
    span: str
    when: SafeString


@dataclass(frozen=True)
class Change:
    event: Event
    when: SafeString
    title: str
    speakers: str


def shown(total: Sum, is_silent: bool = False) -> SumShown:
    """A sum in words; "" where nothing is known. What is silent lasted to its last report, as far as told."""
    longest = total.longest_confirmed if is_silent else total.longest
    trucks = wording.plain_number(total.trucks)
    if total.trucks_unknown and total.count:
        trucks = _("at least %(count)s") % {"count": trucks} if total.trucks else ""
    note = ""
    if total.tonnes_unknown and total.count:
        note = _("tonnage of %(count)s unknown") % {"count": total.tonnes_unknown}
    known = bool(total.tonnes_known) or not total.count
    high = None if total.tonne_days_high is None else wording.rounded(total.tonne_days_high)
    return SumShown(
        count=total.count,
        trucks=trucks,
        longest=wording.span_of_time(longest.days, longest.is_whole_days) if longest else "",
        tonnes=wording.tonnes_in_sum(total.tonnes_low, total.tonnes_high) if known else "",
        tonnes_note=note,
        tonne_days=wording.span_of_figures(wording.rounded(total.tonne_days_low), high, _("at least"))
        if known
        else "",
    )


def situation_context(viewer: Viewer, now: datetime) -> dict[str, Any]:
    """Everything on the first page. Some thirty queries, however many convoys there are."""
    figures = board.figures(viewer, now)
    open_by_state = {state: board.open_convoys(viewer, state) for state in board.MOVING}
    held = open_by_state[State.HELD]
    changes = board.recent_changes(viewer)
    reported = {convoy.hold_chain for convoy in held if convoy.hold_chain} | {
        event.chain for event in changes
    }
    on_file = accounts_on(viewer, events=reported)
    accounts = _by_chain(on_file)
    contested = {opening: _("contested") for opening in contested_by_chain(on_file)}
    exercises = board.exercises_of(viewer)
    zone = instance_zone()
    return {
        "today": wording.long_day(now.astimezone(zone).date()),
        "today_iso": now.astimezone(zone).date().isoformat(),
        "reported": {state: shown(total) for state, total in figures.reported.items()},
        "silent": {state: shown(total, is_silent=True) for state, total in figures.silent.items()},
        "planned": figures.planned,
        "held": rows_of(held, now, accounts, contested),
        "stopped": rows_of(open_by_state[State.STOPPED], now),
        "moving": rows_of(open_by_state[State.DISPATCHED], now),
        "exercises": [_exercise(convoy, now) for convoy in exercises],
        "strips": _strips(board.routes_in_use(viewer), chain.from_iterable(open_by_state.values()), now),
        "exercise_strips": _strips(
            board.routes_in_use(viewer, exercises=True),
            [c for c in exercises if c.status in board.MOVING],
            now,
        )
        if exercises
        else [],
        "changes": [_change(event, accounts, now) for event in changes],
        "ended": [_ended(hold, now) for hold in board.ended_holds(viewer)],
        "rows_limit": board.ROWS,
        "has_convoys": bool(exercises) or board.registered(viewer).exists(),
    }


def _by_chain(accounts: list[Account]) -> dict[int, list[Account]]:
    by_chain: dict[int, list[Account]] = {}
    for account in accounts:
        by_chain.setdefault(account.claim.target_event_id or 0, []).append(account)
    return by_chain


def _strips(routes: list[Route], convoys: Iterable[Convoy], now: datetime) -> list[Strip]:
    by_route: dict[str | None, list[Convoy]] = {}
    for convoy in convoys:
        by_route.setdefault(convoy.route_id, []).append(convoy)
    return [strip_of(route, by_route.get(route.pk, []), now) for route in routes]


def _exercise(convoy: Convoy, now: datetime) -> Row:
    return rows_of([convoy], now)[0]


def _change(event: Event, accounts: dict[int, list[Account]], now: datetime) -> Change:
    zone = zone_named(event.time_zone)
    this_year = now.astimezone(zone).year
    return Change(
        event=event,
        when=moment(event.known_from, Precision.DAY, Bound.AT, zone, "short", this_year),
        title=title_of(event),
        speakers=speakers_of(accounts.get(event.chain, [])),
    )


def _ended(hold: StateInterval, now: datetime) -> EndedHold:
    zone = zone_named(hold.stands_at.time_zone if hold.stands_at else "")
    closed = hold.closed_at or hold.ends_at or now
    span = elapsed(hold.opened_at, hold.opened_precision, closed, hold.closed_precision, zone)
    this_year = now.astimezone(zone).year
    return EndedHold(
        hold=hold,
        span=wording.span_of_time(span.days, span.is_whole_days),
        when=moment(closed, Precision.DAY, Bound.AT, zone, "short", this_year),
    )

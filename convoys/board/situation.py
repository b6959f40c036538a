"""What the first page shows, put together from the queries and said in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from convoys import wording
from convoys.board.charge import put_charges
from convoys.board.chart import chart_of
from convoys.board.day import Day, the_present
from convoys.board.rows import rows_of, speakers_of
from convoys.board.strips import Strip, strip_of
from convoys.board.told_words import title_of
from convoys.clocks import elapsed, instance_zone, zone_named
from convoys.models import Convoy, Event, Route, StateInterval
from convoys.queries import board, headline
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


def situation_context(viewer: Viewer, day: Day) -> dict[str, Any]:
    """Everything on the first page. Some thirty queries, however many convoys there are.

    Exercises stand in a section of their own and are always those of now.
    """
    figures = headline.figures(viewer, day.moment)
    shown_open = board.open_convoys(viewer, day.moment)
    changes = board.recent_changes(viewer, day.moment)
    held = shown_open.by_state[State.HELD]
    reported = {convoy.hold_chain for convoy in held if convoy.hold_chain} | {
        event.chain for event in changes
    }
    on_file = accounts_on(viewer, events=reported, moment=day.moment)
    accounts = _by_chain(on_file)
    contested = {opening: _("contested") for opening in contested_by_chain(on_file)}
    exercises = board.exercises_of(viewer)
    put_charges(viewer, [*(held if day.is_now else ()), *exercises])
    routes = board.routes_in_use(viewer) if day.is_now else board.routes_of(shown_open.all, day.moment)
    date = day.at.astimezone(instance_zone()).date()
    return {
        "today": wording.long_day(date),
        "today_iso": date.isoformat(),
        "reported": {state: shown(total) for state, total in figures.reported.items()},
        "silent": {state: shown(total, is_silent=True) for state, total in figures.silent.items()},
        "held_in_all": shown(figures.held_in_all),
        "planned": figures.planned,
        "held": rows_of(held, day, accounts, contested),
        "stopped": rows_of(shown_open.by_state[State.STOPPED], day),
        "moving": rows_of(shown_open.by_state[State.DISPATCHED], day),
        "strips": strips_of(routes, shown_open.all, day),
        "changes": [_change(event, accounts, day.at) for event in changes],
        "ended": [
            ended_hold(hold, day.at) for hold in board.ended_holds(board.real_convoys(viewer), day.moment)
        ],
        "agreements": board.agreements_on(viewer, routes, day.moment),
        "chart": chart_of(viewer, day),
        "rows_limit": board.ROWS,
        "has_convoys": bool(exercises) or board.registered(viewer).exists(),
        "is_backfilled": shown_open.is_backfilled or any(event.backfilled for event in changes),
        **_exercise_context(viewer, exercises, the_present()),
    }


def _by_chain(accounts: list[Account]) -> dict[int, list[Account]]:
    by_chain: dict[int, list[Account]] = {}
    for account in accounts:
        by_chain.setdefault(account.claim.target_event_id or 0, []).append(account)
    return by_chain


def strips_of(routes: Sequence[Route], convoys: Iterable[Convoy], day: Day) -> list[Strip]:
    """These roads, each with those of the convoys that are on it."""
    by_route: dict[str | None, list[Convoy]] = {}
    for convoy in convoys:
        by_route.setdefault(convoy.route_id, []).append(convoy)
    return [strip_of(route, by_route.get(route.pk, []), day) for route in routes]


def _exercise_context(viewer: Viewer, exercises: Sequence[Convoy], now: Day) -> dict[str, Any]:
    moving = [convoy for convoy in exercises if convoy.status in board.MOVING]
    routes = board.routes_in_use(viewer, exercises=True) if exercises else []
    return {
        "exercises": [row for convoy in exercises for row in rows_of([convoy], now)],
        "exercise_strips": strips_of(routes, moving, now),
    }


def _change(event: Event, accounts: dict[int, list[Account]], now: datetime) -> Change:
    zone = zone_named(event.time_zone)
    this_year = now.astimezone(zone).year
    return Change(
        event=event,
        when=moment(event.known_from, Precision.DAY, Bound.AT, zone, "short", this_year),
        title=title_of(event),
        speakers=speakers_of(accounts.get(event.chain, [])),
    )


def ended_hold(hold: StateInterval, now: datetime) -> EndedHold:
    """A hold that ended: how long it lasted, as exactly as both ends are known."""
    zone = zone_named(hold.stands_at.time_zone if hold.stands_at else "")
    closed = hold.closed_at or hold.ends_at or now
    span = elapsed(hold.opened_at, hold.opened_precision, closed, hold.closed_precision, zone)
    this_year = now.astimezone(zone).year
    return EndedHold(
        hold=hold,
        span=wording.span_of_time(span.days, span.is_whole_days),
        when=moment(closed, Precision.DAY, Bound.AT, zone, "short", this_year),
    )

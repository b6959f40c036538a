"""Tonne-days by a whole replay of every convoy: slow, and plain enough to be believed. What the product
sums from state intervals is held against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db.models import QuerySet

from convoys.clocks import elapsed, silent_from, zone_named
from convoys.models import Claim, Convoy
from convoys.queries.api_moments import rests_on_backfilled
from convoys.queries.as_of import Moment, set_back
from convoys.queries.history import claims_in_force
from convoys.queries.hold_groups import UNKNOWN
from convoys.queries.holds import Hold, Report
from convoys.queries.tonne_days import Group, HeldStretch, TonneDays, Window
from convoys.queries.visibility import Viewer, visible_claims
from convoys.replay import Episode, History
from convoys.vocabulary import Precision

Counted = tuple[Convoy, Episode, HeldStretch]


def replayed_tonne_days(
    convoys: QuerySet[Convoy], viewer: Viewer, group_by: str, moment: Moment, window: Window
) -> TonneDays:
    """The same question as `tonne_days` answers."""
    rows = list(convoys.filter(is_exercise=False))
    histories = set_back(rows, moment)
    counted = [one for row in rows for one in _stretches(row, histories[row.pk], moment.asked, window)]
    said = _claims_on({episode.opening.chain for _, episode, _ in counted}, viewer, moment)
    total, silent, by, silent_by = Group("total"), Group("total"), dict[str, Group](), dict[str, Group]()
    for convoy, episode, stretch in counted:
        (total if stretch.is_confirmed else silent).add(stretch)
        groups = by if stretch.is_confirmed else silent_by
        keys = _keys(group_by, convoy, episode, said.get(episode.opening.chain, ()))
        for key in keys or {UNKNOWN}:
            groups.setdefault(key, Group(key)).add(stretch)
    loaded = rests_on_backfilled(histories[convoy.pk] for convoy, _, _ in counted)
    return TonneDays(
        total, list(by.values()), silent, list(silent_by.values()),
        is_backfilled=not moment.is_now and loaded,
    )  # fmt: skip


def _stretches(convoy: Convoy, history: History, asked: datetime, window: Window) -> Iterator[Counted]:
    for episode in history.episodes:
        opening, closing = episode.opening, episode.closing
        zone = zone_named(opening.time_zone)
        last = history.facts.last_report or opening
        ended_at, ended_precision = asked, str(Precision.MINUTE)
        if closing is not None:  # an end known to the month may name a day before that of the beginning
            ended_at, ended_precision = max(closing.occurred_at, opening.occurred_at), closing.precision
        if window.end and opening.occurred_at > window.end:
            continue
        if window.start and (ended_at < window.start or (window.end and window.end < window.start)):
            continue
        start, start_precision = opening.occurred_at, opening.precision
        if window.start and window.start > start:
            start, start_precision = window.start, window.start_precision
        high = (ended_at, ended_precision)
        if window.end:
            high = min(high, (window.end, window.end_precision))
        low = high if closing is not None else min(high, (last.occurred_at, last.precision))
        silent = silent_from(last.occurred_at, last.precision, zone_named(last.time_zone))
        yield convoy, episode, HeldStretch(
            Hold(
                convoy.pk, convoy.reference, opening.chain, episode.held_before, opening.occurred_at,
                opening.precision, opening.time_zone, closing.occurred_at if closing else None,
                closing.precision if closing else "",
                None if closing else Report(last.occurred_at, last.precision, last.time_zone),
            ),
            convoy.tonnes_low,
            convoy.tonnes_high,
            elapsed(start, start_precision, low[0], low[1], zone).days,
            elapsed(start, start_precision, high[0], high[1], zone).days,
            closing is not None or asked < silent,
        )  # fmt: skip


def _keys(group_by: str, convoy: Convoy, episode: Episode, said: Iterable[Claim]) -> set[str]:
    match group_by:
        case "convoy":
            return {convoy.reference}
        case "route":
            return {convoy.route_id} if convoy.route_id else set()
        case "control_point":
            return {episode.held_before} if episode.held_before else set()
        case "sponsor":
            return {row.organisation_id for row in convoy.organisations.all() if row.part == "sponsor"}
        case "cause":
            return {code for claim in said for code in claim.alleged_causes}
        case _:
            return {code for claim in said for code in claim.alleged_holders}


def _claims_on(chains: set[int], viewer: Viewer, moment: Moment) -> dict[int, list[Claim]]:
    """Accounts in force, known then, on holds and on the accounts of them, by the hold's chain."""
    found: dict[int, list[Claim]] = {}
    claims = visible_claims(viewer).select_related("target_claim").order_by("sequence")
    for claim in claims_in_force(claims, moment.known_at):
        answered = claim.target_claim
        if answered is not None and moment.known_at and answered.known_from > moment.known_at:
            continue
        chain = claim.target_event_id or (answered.target_event_id if answered else None)
        if chain in chains:
            found.setdefault(chain, []).append(claim)
    return found

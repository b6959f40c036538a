"""What one convoy's page shows, put together from the queries and said in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from convoys import wording
from convoys.board.accounts import AccountShown, account_of
from convoys.board.charge import put_charges
from convoys.board.day import Day
from convoys.board.rows import clock_of, sponsors_of, tonne_days_of
from convoys.board.story import entry_of
from convoys.board.strips import strip_of
from convoys.cargo_wording import account_lines, figures_in_words, link_lines
from convoys.clocks import elapsed, instance_zone, zone_named
from convoys.models import CargoLine, Convoy
from convoys.queries.accounts import contested_of_convoy
from convoys.queries.cargo import cargo_told, links_told
from convoys.queries.contested import HOW_MUCH, LINK, POINTS
from convoys.queries.convoy_page import ConvoyTold, story_of
from convoys.queries.figures import facts_of, is_silent
from convoys.queries.visibility import Viewer
from convoys.replay import Episode
from convoys.templatetags.look import moment
from convoys.vocabulary import FINAL_STATES, Bound, CargoCategory, Item, Precision, State


@dataclass(frozen=True)
class EpisodeShown:
    """One hold in a row of the table."""

    number: int
    since: SafeString
    until: SafeString | str
    how: str
    is_end_inferred: bool
    last: SafeString | str
    stands_at: str
    held_before: str
    held_before_code: str
    span: str
    if_still: str
    is_open: bool


@dataclass(frozen=True)
class CargoShown:
    description: str
    category: str
    quantity: str
    tonnes: str


@dataclass(frozen=True)
class ItemAccounts:
    """Accounts on one item of the declaration: figures that sources give, side by side."""

    label: str
    accounts: list[AccountShown]


def convoy_context(viewer: Viewer, convoy: Convoy, day: Day) -> dict[str, Any]:
    """Everything on the page of this convoy, which is set to the day."""
    now = day.at
    told = story_of(viewer, convoy, day.moment)
    if day.is_now and convoy.status == State.HELD:
        put_charges(viewer, [convoy])
    accounts = [*told.item_accounts, *(one for entry in told.told for one in entry.accounts)]
    of_all = contested_of_convoy(accounts)
    zone = zone_named(convoy.stands_at.time_zone if convoy.stands_at else "")
    this_year = now.astimezone(zone).year
    is_open = convoy.status not in FINAL_STATES
    newest = max((entry for entry in told.told), key=lambda entry: entry.event.sequence, default=None)
    return {
        "convoy": convoy,
        "status_label": State(convoy.status).label,
        "clock": clock_of(convoy, day, short=False) if convoy.status in (State.HELD, State.STOPPED) else None,
        "is_open": is_open,
        "is_silent": is_open and is_silent(facts_of(convoy), now),
        "since": moment(convoy.status_since, convoy.status_precision, Bound.AT, zone)
        if convoy.status_since
        else "",
        "due": moment(convoy.due_at, Precision.MINUTE, Bound.AT, zone) if convoy.due_at else "",
        "last_report": moment(convoy.last_reported_at, convoy.last_reported_precision, Bound.AT, zone)
        if convoy.last_reported_at
        else "",
        "lead": _lead(convoy),
        "sponsors": sponsors_of(convoy),
        "sponsor_names": [link.organisation.name for link in convoy.sponsor_links],  # type: ignore[attr-defined]
        "tonne_days": tonne_days_of(convoy, now) if convoy.status == State.HELD else "",
        "account": account_lines(cargo_told(convoy, viewer, day.moment)),
        "links": link_lines(convoy, links_told(convoy, viewer, day.moment)),
        "cargo": [_cargo(line) for line in convoy.cargo_lines.all()],
        "other_references": list(convoy.other_references.all()),
        "strip": strip_of(convoy.route, [convoy] if is_open else [], day) if convoy.route else None,
        "entries": [entry_of(entry, this_year) for entry in told.told],
        "items": _items(told),
        "episodes": _episodes(told, now),
        "newest": newest,
        "is_backfilled": any(entry.event.backfilled for entry in told.told),
        "contested": _contested(told, of_all),
        "figures_contested": HOW_MUCH in of_all,
        "figures_told": figures_in_words(accounts) if HOW_MUCH in of_all else "",
        "links_contested": LINK in of_all,
    }


def _contested(told: ConvoyTold, of_all: tuple[str, ...]) -> list[str]:
    """What the accounts of the present hold contradict each other on, else of anything reported; and
    what `of_all` its accounts do."""
    hold = told.convoy.hold_chain
    points = [
        point for entry in told.told if hold is None or entry.event.chain == hold for point in entry.contested
    ]
    found = {*points, *of_all}
    return [point for point in POINTS if point in found]


def _lead(convoy: Convoy) -> str:
    """One sentence: what, in how many trucks, from where to where, over which route."""
    load = wording.tonnes(convoy.tonnes_low, convoy.tonnes_high) or _("Tonnage unknown")
    if convoy.trucks is not None:
        load += ", " + (
            _("%(count)s trucks") % {"count": convoy.trucks} if convoy.trucks != 1 else _("1 truck")
        )
    way = []
    if convoy.origin:
        way.append(_("from %(place)s") % {"place": convoy.origin.display_name})
    if convoy.destination:
        way.append(_("to %(place)s") % {"place": convoy.destination.display_name})
    if convoy.route:
        way.append(_("over the %(route)s") % {"route": convoy.route.name})
    return f"{load}, {' '.join(way)}." if way else f"{load}."


def _cargo(line: CargoLine) -> CargoShown:
    quantity = ""
    if line.quantity is not None:
        quantity = f"{wording.plain_number(line.quantity)} {line.unit}".strip()
    category = (
        str(CargoCategory(line.category).label) if line.category in CargoCategory.values else line.category
    )
    return CargoShown(line.description, category, quantity, wording.tonnes(line.tonnes_low, line.tonnes_high))


def _items(told: ConvoyTold) -> list[ItemAccounts]:
    by_item: dict[str, list[AccountShown]] = {}
    for account in told.item_accounts:
        by_item.setdefault(account.claim.target_item, []).append(account_of(account, instance_zone()))
    return [ItemAccounts(str(Item(item).label), accounts) for item, accounts in by_item.items()]


def _episodes(told: ConvoyTold, now: datetime) -> list[EpisodeShown]:
    return [
        _episode(number, episode, told, now) for number, episode in enumerate(told.history.episodes, start=1)
    ]


def _episode(number: int, episode: Episode, told: ConvoyTold, now: datetime) -> EpisodeShown:
    opening, closing = episode.opening, episode.closing
    zone = zone_named(opening.time_zone)
    this_year = now.astimezone(zone).year
    last = told.history.facts.last_report if closing is None else None
    confirmed = elapsed(
        opening.occurred_at,
        opening.precision,
        (closing or last or opening).occurred_at,
        (closing or last or opening).precision,
        zone,
    )
    until_now = elapsed(opening.occurred_at, opening.precision, now, Precision.MINUTE, zone)
    place = told.places.get(episode.stands_at or "")
    before = told.places.get(episode.held_before or "")
    return EpisodeShown(
        number=number,
        since=moment(opening.occurred_at, opening.precision, opening.bound, zone, "short", this_year),
        until=moment(closing.occurred_at, closing.precision, closing.bound, zone, "short", this_year)
        if closing
        else "",
        how=_(episode.ended) if episode.ended else "",
        is_end_inferred=episode.is_end_inferred,
        last=moment(last.occurred_at, last.precision, last.bound, zone, "short", this_year) if last else "",
        stands_at=place.display_name if place else "",
        held_before=before.display_name if before else "",
        held_before_code=before.code if before else "",
        span=wording.span_of_time(confirmed.days, confirmed.is_whole_days),
        if_still=wording.span_of_time(until_now.days, until_now.is_whole_days) if closing is None else "",
        is_open=closing is None,
    )

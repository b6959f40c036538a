"""What an alert mail tells: each episode as the record gives it now, for one pair of eyes.

A fixed number of queries for any number of episodes. What is inferred comes from the whole record;
accounts, and how a hold ended, are those that this reader may see.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Prefetch

from convoys.models import CargoLine, Convoy, ConvoyOrganisation, Deadline, Event, Part
from convoys.queries.accounts import Account, accounts_on
from convoys.queries.routes import route_positions
from convoys.queries.visibility import Viewer, visible_convoys, visible_events
from convoys.replay import Episode, History, in_force, replay
from convoys.vocabulary import Act, State

PLACES = ("place", "heading", "held_before__place")
CONVOY_PLACES = ("origin", "destination", "stands_at", "held_before__place")


@dataclass
class EpisodeTold:
    """One episode: what opened it, what ended it if this reader may know, who says so."""

    deadline: Deadline
    convoy: Convoy
    opening: Event
    episode: Episode | None = None
    closing: Event | None = None
    ended: str = ""
    is_end_inferred: bool = False
    last_report: Event | None = None
    accounts: list[Account] = field(default_factory=list)
    accounts_of_end: list[Account] = field(default_factory=list)

    @property
    def sponsors(self) -> list[str]:
        return [link.organisation.name for link in getattr(self.convoy, "sponsor_links", [])]


def episodes_told(deadlines: Sequence[Deadline], viewer: Viewer) -> dict[int, EpisodeTold]:
    """By the deadline's key; an episode whose opening this reader may not see is missing."""
    convoys = _convoys({row.convoy_id for row in deadlines})
    by_convoy: dict[int, list[Event]] = {pk: [] for pk in convoys}
    events = Event.objects.filter(convoy__in=convoys).select_related(*PLACES)
    for event in events.prefetch_related(*(f"{place}__names" for place in PLACES)):
        by_convoy[event.convoy_id or 0].append(event)
    routes = route_positions()
    told = {}
    for row in deadlines:
        entries = by_convoy.get(row.convoy_id, [])
        history = replay(in_force(entries), routes)
        opening = _opening(row, entries)
        if opening is not None:
            told[row.pk] = _told(row, convoys[row.convoy_id], opening, history)
    return _seen_by(viewer, told)


def also_held(viewer: Viewer, near: Iterable[EpisodeTold], limit: int = 12) -> list[Convoy]:
    """Other convoys that this reader sees held before the same control points, longest first."""
    near = list(near)
    points = {one.deadline.held_before_id for one in near if one.deadline.held_before_id}
    if not points:
        return []
    held = visible_convoys(viewer).filter(
        status=State.HELD,
        held_before__in=points,
        is_exercise=near[0].convoy.is_exercise,
        hold_chain__in=visible_events(viewer).filter(kind="held").values("sequence"),
    )
    return list(
        held.exclude(pk__in=[one.convoy.pk for one in near]).order_by("held_since", "reference")[:limit]
    )


def _convoys(keys: set[int]) -> dict[int, Convoy]:
    sponsors = Prefetch(
        "organisations",
        queryset=ConvoyOrganisation.objects.filter(part=Part.SPONSOR)
        .select_related("organisation")
        .order_by("position"),
        to_attr="sponsor_links",
    )
    cargo = Prefetch("cargo_lines", queryset=CargoLine.objects.order_by("line"))
    rows = Convoy.objects.filter(pk__in=keys).select_related(*CONVOY_PLACES, "route")
    names = (f"{place}__names" for place in CONVOY_PLACES)
    return {convoy.pk: convoy for convoy in rows.prefetch_related(*names, sponsors, cargo)}


def _opening(row: Deadline, entries: Iterable[Event]) -> Event | None:
    """The opening as last stated; of a retracted one, as it was stated before."""
    stated = [entry for entry in entries if entry.chain == row.opening_chain and entry.act != Act.RETRACT]
    return max(stated, key=lambda entry: entry.sequence, default=None)


def _told(row: Deadline, convoy: Convoy, opening: Event, history: History) -> EpisodeTold:
    episode: Episode | None = next(
        (one for one in history.episodes if one.opening.chain == row.opening_chain), None
    )
    told = EpisodeTold(row, convoy, opening, episode, last_report=history.facts.last_report)
    if episode is not None and episode.closing is not None:
        told.closing, told.ended, told.is_end_inferred = (
            episode.closing,
            episode.ended,
            episode.is_end_inferred,
        )
    return told


def _seen_by(viewer: Viewer, told: dict[int, EpisodeTold]) -> dict[int, EpisodeTold]:
    chains = {one.opening.chain for one in told.values()}
    closings = {one.closing.chain for one in told.values() if one.closing}
    seen = set(
        visible_events(viewer).filter(sequence__in=chains | closings).values_list("sequence", flat=True)
    )
    accounts: dict[int, list[Account]] = {}
    for account in accounts_on(viewer, events=seen):
        if not account.is_retracted:
            accounts.setdefault(account.claim.target_event_id or 0, []).append(account)
    shown = {}
    for pk, one in told.items():
        if one.opening.chain not in seen:
            continue
        one.accounts = accounts.get(one.opening.chain, [])
        if one.closing is not None:
            if one.closing.chain not in seen:
                one.closing, one.ended = None, ""
            else:
                one.accounts_of_end = accounts.get(one.closing.chain, [])
        shown[pk] = one
    return shown

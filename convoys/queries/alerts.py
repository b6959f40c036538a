"""What an alert mail tells: each episode as the record gives it now, for one pair of eyes.

Read for a whole batch of messages at once: so many queries for a thousand episodes as for one. What
is inferred comes from the whole record; entries, accounts, and how a hold ended, are those that this
reader may see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db.models import Prefetch

from convoys.models import CargoLine, ControlPoint, Convoy, ConvoyOrganisation, Deadline, Event, Part, Place
from convoys.queries.accounts import Account, accounts_on
from convoys.queries.routes import route_positions
from convoys.queries.visibility import Viewer, visible_convoys, visible_events
from convoys.replay import Episode, History, Routes, in_force, replay
from convoys.vocabulary import Act, State

MOST_NEIGHBOURS = 12
EVENT_PLACES = ("place_id", "heading_id", "held_before_id")
CONVOY_PLACES = ("origin_id", "destination_id", "stands_at_id", "held_before_id", "heading_id")


@dataclass
class AccessTold:
    """Whether a control point lets traffic pass, since when, and who says so; `event` None where no
    report that this reader may see says."""

    point: ControlPoint
    event: Event | None = None
    accounts: list[Account] = field(default_factory=list)


@dataclass
class EpisodeTold:
    """One episode: what opened it, what ended it if this reader may know, who says so.

    `entries` are all of the convoy's that this reader may read, in order of recording; `access` is
    that of the control point which it is held before.
    """

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
    entries: list[Event] = field(default_factory=list)
    access: AccessTold | None = None

    @property
    def sponsors(self) -> list[str]:
        return [link.organisation.name for link in getattr(self.convoy, "sponsor_links", [])]


class Episodes:
    """Episodes as their readers are told them, kept for the run that sends their messages."""

    def __init__(self) -> None:
        self._routes: Routes | None = None
        self._convoys: dict[int, Convoy] = {}
        self._entries: dict[int, list[Event]] = {}
        self._histories: dict[int, History] = {}
        self._places: dict[str, Place] = {}
        self._points: dict[str, ControlPoint] = {}
        self._told: dict[tuple[Viewer, int], EpisodeTold | None] = {}
        self._held: dict[tuple[Viewer, str, bool], list[Convoy]] = {}

    def load(self, wanted: Mapping[Viewer, Iterable[Deadline]]) -> None:
        """Read what these readers are to be told of, as far as it is not at hand yet."""
        missing = {
            viewer: {row.pk: row for row in rows if (viewer, row.pk) not in self._told}
            for viewer, rows in wanted.items()
        }
        self._load_record({row.convoy_id for rows in missing.values() for row in rows.values()})
        for viewer, rows in missing.items():
            if rows:
                self._load_for(viewer, list(rows.values()))

    def told(self, deadlines: Sequence[Deadline], viewer: Viewer) -> dict[int, EpisodeTold]:
        """By the deadline's key; an episode whose opening this reader may not see is missing."""
        self.load({viewer: deadlines})
        found = {row.pk: self._told[viewer, row.pk] for row in deadlines}
        return {pk: told for pk, told in found.items() if told is not None}

    def also_held(self, viewer: Viewer, near: Iterable[EpisodeTold]) -> list[Convoy]:
        """Other convoys that this reader sees held before the same control points, longest first."""
        near = list(near)
        points = {one.deadline.held_before_id for one in near if one.deadline.held_before_id}
        own = {one.convoy.pk for one in near}
        held = [
            convoy
            for point in points
            for convoy in self._held_before(viewer, point, near[0].convoy.is_exercise)
            if convoy.pk not in own
        ]
        return sorted(held, key=_longest_first)[:MOST_NEIGHBOURS]

    def _held_before(self, viewer: Viewer, point: str, is_exercise: bool) -> list[Convoy]:
        """The longest held there; so many that enough are left when a mail's own are taken out."""
        key = (viewer, point, is_exercise)
        if key not in self._held:
            held = visible_convoys(viewer).filter(
                status=State.HELD, held_before=point, is_exercise=is_exercise
            )
            if not viewer.is_staff:
                openings = visible_events(viewer).filter(kind="held").values("sequence")
                held = held.filter(hold_chain__in=openings)
            most = MOST_NEIGHBOURS + sum(1 for reader, _ in self._told if reader == viewer)
            self._held[key] = list(held.order_by("held_since", "reference")[:most])
        return self._held[key]

    def _load_record(self, convoys: set[int]) -> None:
        """Convoys with all their entries, whoever reads."""
        new = convoys - set(self._convoys)
        if not new:
            return
        if self._routes is None:
            self._routes = route_positions()
        rows = _convoys(new)
        entries = list(Event.objects.filter(convoy__in=new))
        self._load_places([*rows.values()], entries)
        self._convoys |= rows
        for pk in rows:
            self._entries[pk] = []
        for event in entries:
            self._entries[event.convoy_id or 0].append(event)
        for pk in rows:
            self._histories[pk] = replay(in_force(self._entries[pk]), self._routes)

    def _load_places(self, convoys: Sequence[Convoy], entries: Sequence[Event]) -> None:
        """Every place once, however many entries name it."""
        codes = {getattr(one, name) for one in entries for name in EVENT_PLACES}
        codes |= {getattr(one, name) for one in convoys for name in CONVOY_PLACES}
        new = codes - {None} - set(self._places)
        if new:
            self._places |= {
                place.pk: place for place in Place.objects.filter(pk__in=new).prefetch_related("names")
            }
            for point in ControlPoint.objects.filter(pk__in=new):
                point.place = self._places[point.pk]
                self._points[point.pk] = point
        for one in _all(convoys, entries):
            if one.held_before_id is not None:
                one.held_before = self._points[one.held_before_id]
            for name in ("place", "heading", "origin", "destination", "stands_at"):
                code = getattr(one, f"{name}_id", None)
                if code is not None:
                    setattr(one, name, self._places[code])

    def _load_for(self, viewer: Viewer, rows: Sequence[Deadline]) -> None:
        convoys = {row.convoy_id for row in rows}
        seen = _seen_chains(viewer, convoys, self._entries)
        points = {row.held_before_id for row in rows} - {None}
        access = _access_of(viewer, points, self._points)
        told = {row.pk: self._one(row, seen) for row in rows}
        openings = {one.opening.chain for one in told.values() if one is not None}
        closings = {one.closing.chain for one in told.values() if one is not None and one.closing is not None}
        changes = {one.event.chain for one in access.values() if one.event is not None}
        accounts: dict[int, list[Account]] = {}
        for account in accounts_on(viewer, events=openings | closings | changes):
            if not account.is_retracted:
                accounts.setdefault(account.claim.target_event_id or 0, []).append(account)
        for known in access.values():
            known.accounts = accounts.get(known.event.chain, []) if known.event is not None else []
        for row in rows:
            one = told[row.pk]
            if one is not None:
                one.accounts = accounts.get(one.opening.chain, [])
                one.accounts_of_end = accounts.get(one.closing.chain, []) if one.closing is not None else []
                one.access = access.get(row.held_before_id or "")
            self._told[viewer, row.pk] = one

    def _one(self, row: Deadline, seen: set[int]) -> EpisodeTold | None:
        entries = self._entries.get(row.convoy_id, [])
        opening = _opening(row, entries)
        if opening is None or opening.chain not in seen:
            return None
        told = _told(row, self._convoys[row.convoy_id], opening, self._histories[row.convoy_id])
        if told.closing is not None and told.closing.chain not in seen:
            told.closing, told.ended = None, ""
        told.entries = [entry for entry in entries if entry.chain in seen]
        return told


def _all(convoys: Sequence[Convoy], entries: Sequence[Event]) -> Iterator[Convoy | Event]:
    yield from convoys
    yield from entries


def _longest_first(convoy: Convoy) -> tuple[bool, float, str]:
    since = convoy.held_since
    return (since is None, since.timestamp() if since is not None else 0, convoy.reference)


def _seen_chains(viewer: Viewer, convoys: set[int], entries: Mapping[int, Sequence[Event]]) -> set[int]:
    if viewer.is_staff:
        return {entry.chain for pk in convoys for entry in entries.get(pk, ())}
    return set(visible_events(viewer).filter(convoy__in=convoys).values_list("chain", flat=True))


def _access_of(
    viewer: Viewer, points: set[str | None], known: Mapping[str, ControlPoint]
) -> dict[str, AccessTold]:
    """By code: the access of these points as the last report in force says that this reader may see."""
    codes = {code for code in points if code is not None}
    if not codes:
        return {}
    told = {code: AccessTold(known[code]) for code in codes if code in known}
    changes = visible_events(viewer).filter(control_point__in=codes, kind="access_changed")
    for event in sorted(in_force(changes), key=lambda event: (event.effective_at, event.chain)):
        told[event.control_point_id or ""].event = event
    return told


def _convoys(keys: set[int]) -> dict[int, Convoy]:
    sponsors = Prefetch(
        "organisations",
        queryset=ConvoyOrganisation.objects.filter(part=Part.SPONSOR)
        .select_related("organisation")
        .order_by("position"),
        to_attr="sponsor_links",
    )
    cargo = Prefetch("cargo_lines", queryset=CargoLine.objects.order_by("line"))
    rows = Convoy.objects.filter(pk__in=keys).select_related("route")
    return {convoy.pk: convoy for convoy in rows.prefetch_related(sponsors, cargo)}


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
        told = replace(
            told, closing=episode.closing, ended=episode.ended, is_end_inferred=episode.is_end_inferred
        )
    return told

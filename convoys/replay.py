"""Replay: a convoy's history folded from its events, in order of (`effective_at`, chain).

Writing replays strictly, on full knowledge, and refuses what does not hold together. Reading
never refuses: as known on some day, the event between two others may be missing. Steps that an
event proves and nobody reported are derived here from the kinds' implied rules and never stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from convoys.clocks import zone_named
from convoys.errors import Clash, IllegalHistory
from convoys.models import Event
from convoys.transitions import TRANSITIONS, direct_kinds, intended_state, next_state
from convoys.vocabulary import FINAL_STATES, KINDS, Act, Implied, Precision, State

# Routes as replay needs them: route code -> place code -> position.
Routes = Mapping[str, Mapping[str, int]]

LEFT_ORIGIN = frozenset({State.DISPATCHED, State.STOPPED, State.DELIVERED, State.RETURNED, State.LOST})
ENDS_HEADING_BACK = frozenset({"returned", "delivered", "rerouted"})
# Entries that are not yet in the ledger are numbered from here, so that they sort last.
PROVISIONAL = 1 << 62


@dataclass
class Episode:
    """A hold: from the event that opened it to the one that ended it, which names how."""

    opening: Event
    stands_at: str | None
    held_before: str | None
    closing: Event | None = None
    ended: str = ""
    is_end_inferred: bool = False


@dataclass
class Span:
    """A stretch of one state; `starts_at` and `ends_at` are instants of the order."""

    state: str
    opening: Event
    closing: Event | None = None
    ended: str = ""
    is_end_inferred: bool = False
    stands_at: str | None = None
    held_before: str | None = None

    @property
    def starts_at(self) -> datetime:
        return self.opening.effective_at

    @property
    def ends_at(self) -> datetime | None:
        return self.closing.effective_at if self.closing else None


@dataclass(frozen=True)
class Step:
    """One line of the history: what an event (or what it implies) did to the state."""

    event: Event
    kind: str
    is_inferred: bool
    before: str
    after: str


@dataclass
class Facts:
    """Where a history has led so far. Places are codes."""

    state: str = ""
    departed: bool = False
    stands_at: str | None = None
    held_before: str | None = None
    heading: str | None = None
    heading_back: bool = False
    origin: str | None = None
    route: str | None = None
    state_since: Event | None = None
    last_report: Event | None = None
    hold: Episode | None = None
    tracking_ended: Event | None = None
    visible_to: Any = field(default_factory=list)


@dataclass
class History:
    """A convoy's history: its steps, state spans, hold episodes, and the facts at its end."""

    steps: list[Step] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)
    facts: Facts = field(default_factory=Facts)
    declaration: dict[str, Any] = field(default_factory=dict)


def in_force(events: Iterable[Event], known_at: datetime | None = None) -> list[Event]:
    """The last known entry of each chain, without retracted chains, in the order of replay."""
    newest: dict[int, Event] = {}
    for event in events:
        if known_at is not None and event.known_from > known_at:
            continue
        held = newest.get(event.chain)
        if held is None or held.sequence < event.sequence:
            newest[event.chain] = event
    standing = [event for event in newest.values() if event.act != Act.RETRACT]
    return sorted(standing, key=lambda event: (event.effective_at, event.chain))


def replay(events: Sequence[Event], routes: Routes, strict: bool = False, subject: str = "") -> History:
    """Fold events that are in force and in order. Raises IllegalHistory if `strict`."""
    fold = _Fold(routes, strict, subject)
    for event in events:
        fold.take(event)
    return fold.history


def legal_kinds(facts: Facts) -> tuple[str, ...]:
    """Kinds that may change the state now, those that first imply a departure included."""
    legal = set(direct_kinds(facts.state, facts))
    if facts.state == State.PLANNED:
        implying = {Implied.DEPARTED_IF_AWAY, Implied.DEPARTED_UNLESS_AT_ORIGIN}
        legal |= {kind for kind in TRANSITIONS if implying & set(KINDS[kind].implies)}
    return tuple(kind for kind in TRANSITIONS if kind in legal)


def clash_of(event: Event) -> Clash:
    """An event in words that its author recognises."""
    local = event.occurred_at.astimezone(zone_named(event.time_zone))
    exact = event.precision in (Precision.MINUTE, Precision.HOUR)
    shown = local.strftime("%Y-%m-%d %H:%M" if exact else "%Y-%m-%d")
    return Clash(event.chain if event.chain < PROVISIONAL else None, event.kind.replace("_", " "), shown)


class _Fold:
    def __init__(self, routes: Routes, strict: bool, subject: str) -> None:
        self.routes, self.strict, self.subject = routes, strict, subject
        self.history = History()
        self.facts = self.history.facts

    def take(self, event: Event) -> None:
        kind = KINDS[event.kind]
        self._declare(event)
        for rule in kind.implies:
            if self._is_implied(rule, event):
                self._move(rule.kind, event, is_inferred=True)
        if event.kind in TRANSITIONS:
            self._move(event.kind, event, is_inferred=False)
        elif kind.ends_hold and self.facts.hold is not None:
            self._begin_anew(self.facts.hold, event)
        else:
            state = self.facts.state
            self.history.steps.append(Step(event, event.kind, False, state, state))
            if self.strict and not state:
                self._refuse(event)
        self._note_where(event)

    def _declare(self, event: Event) -> None:
        stated = dict(event.declares)
        if "visible_to" in stated:
            self.facts.visible_to = stated.pop("visible_to")
        self.history.declaration.update(stated)
        self.facts.origin = self.history.declaration.get("origin")
        self.facts.route = self.history.declaration.get("route")

    def _is_implied(self, rule: Implied, event: Event) -> bool:
        facts, place = self.facts, event.place_id
        match rule:
            case Implied.RELEASED_IF_ELSEWHERE:
                return (
                    facts.state == State.HELD and bool(place and facts.stands_at) and place != facts.stands_at
                )
            case Implied.RELEASED_IF_PAST_HOLD:
                return facts.state == State.HELD and self._is_past_hold(place)
            case Implied.DEPARTED_IF_AWAY:
                return facts.state == State.PLANNED and bool(place) and place != facts.origin
            case Implied.DEPARTED_UNLESS_AT_ORIGIN:
                return facts.state == State.PLANNED and (not place or place != facts.origin)
            case Implied.DEPARTED:
                return facts.state == State.PLANNED
            case Implied.RESUMED_IF_ELSEWHERE:
                return facts.state == State.STOPPED and place != facts.stands_at
            case Implied.RESUMED:
                return facts.state == State.STOPPED

    def _is_past_hold(self, place: str | None) -> bool:
        """Whether a place is the control point held before, or lies beyond it on the route."""
        point = self.facts.held_before
        if place is None or point is None:
            return False
        stops = self.routes.get(self.facts.route or "", {})
        if place == point or place not in stops or point not in stops:
            return place == point
        beyond = stops[place] - stops[point]
        return beyond < 0 if self.facts.heading_back else beyond > 0

    def _move(self, kind: str, event: Event, is_inferred: bool) -> None:
        facts, before = self.facts, self.facts.state
        after = next_state(kind, before, facts)
        if after is None:
            if self.strict:
                self._refuse(event)
            after = intended_state(kind, facts)
        self.history.steps.append(Step(event, kind, is_inferred, before, after))
        if facts.hold is not None and after != State.HELD:
            self._end_hold(facts.hold, kind, event, is_inferred)
        if after == State.HELD and facts.hold is None:
            self._begin_hold(event, event.held_before_id)
        if after in LEFT_ORIGIN:
            facts.departed = True
        if after != before:
            self._open_span(after, kind, event, is_inferred, event.held_before_id)
            facts.state, facts.state_since = after, event

    def _begin_anew(self, hold: Episode, event: Event) -> None:
        """A hold ends and the state stays: whoever has it now is held before the same point."""
        self.history.steps.append(Step(event, event.kind, False, State.HELD, State.HELD))
        self._end_hold(hold, event.kind, event, is_inferred=False)
        self._begin_hold(event, hold.held_before)
        self._open_span(State.HELD, event.kind, event, False, hold.held_before)
        self.facts.state_since = event

    def _begin_hold(self, event: Event, held_before: str | None) -> None:
        facts = self.facts
        facts.hold = Episode(event, event.place_id or facts.stands_at, held_before)
        facts.held_before = held_before
        self.history.episodes.append(facts.hold)

    def _end_hold(self, hold: Episode, kind: str, event: Event, is_inferred: bool) -> None:
        hold.closing, hold.ended, hold.is_end_inferred = event, KINDS[kind].ends_hold or kind, is_inferred
        self.facts.hold = self.facts.held_before = None

    def _open_span(
        self, state: str, kind: str, event: Event, is_inferred: bool, held_before: str | None
    ) -> None:
        spans = self.history.spans
        if spans:
            last = spans[-1]
            last.closing, last.ended, last.is_end_inferred = event, KINDS[kind].ends_hold or kind, is_inferred
            # A state that an event only passes through has no duration and is no answer to "as of".
            if last.starts_at == event.effective_at and last.state != State.HELD:
                spans.pop()
        where = event.place_id or self.facts.stands_at
        spans.append(Span(state, event, stands_at=where, held_before=held_before))

    def _note_where(self, event: Event) -> None:
        facts, kind = self.facts, KINDS[event.kind]
        if event.kind in ENDS_HEADING_BACK:
            facts.heading, facts.heading_back = None, False
        if event.kind == "turned_back":
            facts.heading, facts.heading_back = event.heading_id or facts.origin, True
        if event.kind == "tracking_ended":
            facts.tracking_ended = event
        if kind.reports:
            facts.last_report, facts.tracking_ended = event, None
            if event.place_id:
                facts.stands_at = event.place_id

    def _refuse(self, event: Event) -> None:
        facts = self.facts
        earlier = clash_of(facts.state_since) if facts.state_since else None
        legal = direct_kinds(facts.state, facts) if facts.state not in FINAL_STATES else ()
        raise IllegalHistory(self.subject, facts.state, clash_of(event), earlier, legal)

"""Another day: convoys as they were at a moment, as it was known at a moment.

One function answers for pages, API and admin alike: it returns convoys whose columns hold what was
so then, so that whatever shows a convoy can show it on any day. Which convoys there were, and in
which state, comes from the state intervals; the page at hand alone is replayed for the rest.
Visibility is always asked of now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Self, TypeVar

from django.db import connection
from django.db.models import BooleanField, Exists, F, Func, Model, OuterRef, Q, QuerySet, Value
from django.utils import timezone

from convoys import projection
from convoys.clocks import end_of_day
from convoys.errors import InvalidInput
from convoys.models import (
    CargoLine,
    Claim,
    Convoy,
    ConvoyOrganisation,
    Event,
    OtherReference,
    StateInterval,
)  # fmt: skip
from convoys.queries.events import events_on_record
from convoys.queries.routes import route_positions
from convoys.replay import History, in_force, replay
from convoys.vocabulary import FINAL_STATES, Act, State

PASSING_STATES = frozenset(State) - FINAL_STATES
Known = TypeVar("Known", Event, Claim, StateInterval)
Entries = TypeVar("Entries", Event, Claim)


@dataclass(frozen=True)
class Moment:
    """The day asked about, and the day whose knowledge answers. Both None: now.

    `size` leaves out what entered the ledger behind that many entries: history loaded later is known
    from days before it was loaded, and a page that was cited must not change by it. Lists do not ask it.
    """

    as_of: datetime | None = None
    known_at: datetime | None = None
    size: int | None = None

    @property
    def is_now(self) -> bool:
        return self.as_of is None and self.known_at is None

    @property
    def asked(self) -> datetime:
        """The instant to which durations count."""
        return self.as_of or timezone.now()

    @classmethod
    def parse(cls, as_of: str = "", known_at: str = "") -> Moment:
        """Read two texts: a date (the end of that day in the instance's zone) or an instant with its
        zone; empty is now. Raises InvalidInput."""
        return cls(_instant("as_of", as_of), _instant("known_at", known_at))


def _instant(name: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        if len(text) == len("2023-09-12"):
            return end_of_day(date.fromisoformat(text))
        # A plus sign that was not escaped in an address arrives as a space.
        at = datetime.fromisoformat(text.replace(" ", "+"))
        if at.tzinfo is None:
            raise ValueError
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(
            {name: "Give a date (2023-09-12) or an instant with its zone (2023-09-12T12:00Z)."}
        ) from None


def known_then(rows: QuerySet[Known], moment: Moment) -> QuerySet[Known]:
    """Of these rows those that were known at the moment."""
    if moment.size is not None and rows.model is not StateInterval:
        rows = rows.filter(Q(sequence__lte=moment.size))
    return rows if moment.known_at is None else rows.filter(known_from__lte=moment.known_at)


def in_force_at(events: QuerySet[Event], moment: Moment) -> QuerySet[Event]:
    """Of these entries the last known of each chain, unless it was taken back or came later."""
    standing = last_known(events, moment)
    return standing if moment.as_of is None else standing.filter(effective_at__lte=moment.as_of)


def last_known(entries: QuerySet[Entries], moment: Moment) -> QuerySet[Entries]:
    """Of these events or claims the last known of each chain, unless it was taken back."""
    newer = entries.model._default_manager.filter(
        # Few supersede another: they are what a look for something newer should read.
        chain=OuterRef("chain"), sequence__gt=OuterRef("sequence"), supersedes__isnull=False,
    )  # fmt: skip
    return known_then(entries, moment).exclude(act=Act.RETRACT).exclude(Exists(known_then(newer, moment)))


def answering(moment: Moment, prefix: str = "") -> Q:
    """The condition on the state interval that answers for a convoy; `prefix` leads to it by a relation."""
    as_of, known_at = moment.asked, moment.known_at or timezone.now()

    def column(name: str, value: datetime | None) -> Q:
        return Q(**{f"{prefix}{name}": value})

    return (
        (column("ends_at", None) | column("ends_at__gt", as_of))
        & (column("known_until", None) | column("known_until__gt", known_at))
        & column("starts_at__lte", as_of)
        & column("known_from__lte", known_at)
    )


class Around(Func):
    """Whether a stretch of time is around an instant, in the form that PostgreSQL's index of them answers."""

    output_field = BooleanField()

    def __init__(self, begin: str, end: str, instant: datetime) -> None:
        stretch = Func(F(begin), F(end), function="tstzrange")
        super().__init__(stretch, Value(instant), template="%(expressions)s", arg_joiner=" @> ")


def intervals_at(moment: Moment, states: Sequence[str] = ()) -> QuerySet[StateInterval]:
    """The state interval that answers for each convoy, at most one a convoy; in these states if given.

    What stands on a day in the middle of a long record is a few rows of very many, and neither when a
    stretch began nor when it ended finds them: for states that pass the index `interval_around` does.
    Of states that stay so there are many anyhow, and they are found convoy by convoy.
    """
    if not states:
        return StateInterval.objects.filter(answering(moment))
    if connection.vendor != "postgresql" or not set(states) <= PASSING_STATES:
        return StateInterval.objects.filter(answering(moment), state__in=states)
    stands = Around("starts_at", "ends_at", moment.asked)
    is_known = Around("known_from", "known_until", moment.known_at or timezone.now())
    return StateInterval.objects.filter(stands, is_known, state__in=states)


def convoys_at(convoys: QuerySet[Convoy], moment: Moment, states: Sequence[str] = ()) -> QuerySet[Convoy]:
    """Of these convoys those that were on record then, in one of the states if any are given."""
    return convoys.filter(Exists(intervals_at(moment, states).filter(convoy=OuterRef("pk"))))


def set_back(convoys: Iterable[Convoy], moment: Moment) -> dict[int, History]:
    """Set the columns and rows of these objects to what was so then; returns their histories.

    The objects must not be saved; nothing in this project saves a whole convoy.
    """
    found = {convoy.pk: convoy for convoy in convoys}
    entries: dict[int, list[Event]] = defaultdict(list)
    for event in events_on_record(known_then(Event.objects.filter(convoy__in=found), moment), REPLAYED):
        entries[event.convoy_id or 0].append(event)
    routes = route_positions()
    histories = {}
    for key, convoy in found.items():
        events = in_force(entries[key])
        if moment.as_of is not None:
            events = [event for event in events if event.effective_at <= moment.as_of]
        histories[key] = history = replay(events, routes)
        _set(convoy, history)
    return histories


# What replay reads of an event, and what is shown of the reports that it ends with.
REPLAYED = (
    "sequence", "chain", "act", "kind", "convoy_id", "effective_at", "occurred_at", "precision", "time_zone",
    "place_id", "held_before_id", "heading_id", "declares", "backfilled",
)  # fmt: skip


def _set(convoy: Convoy, history: History) -> None:
    convoy.__dict__.update(projection.projected_columns(history))
    convoy._state.fields_cache.clear()
    cache: dict[str, Any] = convoy.__dict__.setdefault("_prefetched_objects_cache", {})
    cache["cargo_lines"] = _ready(CargoLine, projection.cargo_lines(convoy, history))
    cache["organisations"] = _ready(ConvoyOrganisation, projection.organisations(convoy, history))
    cache["other_references"] = _ready(OtherReference, projection.other_references(convoy, history))


class _Rows(QuerySet[Any]):
    """Rows at hand, as `prefetch_related` leaves them. They cannot be narrowed: the table has now's."""

    def _chain(self) -> Self:
        raise TypeError("of a convoy that is set back to another day, ask for all() of its rows")


def _ready(model: type[Model], rows: Sequence[Model]) -> _Rows:
    queryset = _Rows(model)
    queryset._result_cache = list(rows)
    queryset._prefetch_done = True  # type: ignore[attr-defined]
    return queryset

"""What entries are about in the end: a convoy, a control point or an agreement."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Model, Q

from convoys.models import Agreement, Claim, ControlPoint, Convoy, Event
from convoys.queries.rows import is_one_of
from convoys.vocabulary import SubjectType


@dataclass(frozen=True)
class About:
    """A subject by its type and its reference or code. `convoy` is a convoy's key."""

    type: str
    code: str
    is_exercise: bool
    convoy: int | None = None


class _Keys(NamedTuple):
    """Keys of a subject: one is set."""

    convoy: int | None
    control_point: str | None
    agreement: str | None


class Subjects:
    """Of these entries. A number of queries that entries do not move; none of what nothing names."""

    def __init__(self, events: Iterable[Event], claims: Collection[Claim]) -> None:
        self._events = {row.sequence: _own(row) for row in events}
        self._zones: dict[int, str] = {}
        self._claims = {row.sequence: row for row in claims}
        answered = {row.target_claim_id for row in claims if row.target_claim_id is not None}
        if answered:
            self._claims |= {row.sequence: row for row in Claim.objects.filter(is_one_of("pk", answered))}
        self._load_events({row.target_event_id for row in self._claims.values()} - {None})
        keys = [*self._events.values(), *(_targeted(row) for row in self._claims.values())]
        convoys = is_one_of("pk", {one.convoy for one in keys if one.convoy is not None})
        self._convoys = {
            key: About(SubjectType.CONVOY, code, is_exercise, key)
            for key, code, is_exercise in _found(Convoy, convoys, "pk", "reference", "is_exercise")
        }
        points = Q(pk__in={one.control_point for one in keys} - {None})
        self._points = {
            code: About(SubjectType.CONTROL_POINT, code, is_exercise)
            for code, is_exercise in _found(ControlPoint, points, "pk", "place__is_exercise")
        }
        agreements = Q(pk__in={one.agreement for one in keys} - {None})
        self._agreements = {
            code: About(SubjectType.AGREEMENT, code, is_exercise)
            for code, is_exercise in _found(Agreement, agreements, "pk", "is_exercise")
        }

    def of_event(self, sequence: int) -> About:
        return self._about(self._events[sequence])

    def of_claim(self, claim: Claim) -> About:
        event = self.event_of(claim)
        first = self._answered(claim)
        return self._about(self._events[event] if event is not None else _targeted(first))

    def event_of(self, claim: Claim) -> int | None:
        """The event that a claim is about in the end, by its chain."""
        return self._answered(claim).target_event_id

    def zone_of(self, claim: Claim) -> str:
        """The IANA zone of that event; empty: the instance's."""
        event = self.event_of(claim)
        return self._zones.get(event, "") if event is not None else ""

    def _answered(self, claim: Claim) -> Claim:
        return self._claims[claim.target_claim_id] if claim.target_claim_id is not None else claim

    def _load_events(self, sequences: Collection[Any]) -> None:
        columns = ("sequence", "time_zone", "convoy_id", "control_point_id", "agreement_id")
        for sequence, zone, *keys in _found(Event, is_one_of("pk", sequences), *columns) if sequences else ():
            self._events[sequence], self._zones[sequence] = _Keys(*keys), zone

    def _about(self, keys: _Keys) -> About:
        if keys.convoy is not None:
            return self._convoys[keys.convoy]
        if keys.control_point is not None:
            return self._points[keys.control_point]
        return self._agreements[str(keys.agreement)]


def _own(event: Event) -> _Keys:
    return _Keys(event.convoy_id, event.control_point_id, event.agreement_id)


def _targeted(claim: Claim) -> _Keys:
    return _Keys(claim.target_convoy_id, claim.target_control_point_id, claim.target_agreement_id)


def _found(model: type[Model], condition: Q, *columns: str) -> Iterable[tuple[Any, ...]]:
    return model._default_manager.filter(condition).order_by().values_list(*columns)

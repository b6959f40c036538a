"""Codes to rows: one query a table for a whole change set, and a clear error for what is not on record."""

from __future__ import annotations

from collections.abc import Container, Iterable
from functools import cached_property
from typing import Any

from django.db.models import Model

from accounts.models import Organisation
from convoys.errors import InvalidInput, UnknownReference
from convoys.models import Agreement, ControlPoint, Convoy, Event, Place, Route
from convoys.queries.compiled import Compiled, instances
from convoys.queries.events import record_asked, record_found
from convoys.queries.statements import Batch, Found, by_keys
from convoys.services.changes import Account, ChangeSet, Claim, Correct, Record, SubjectRef
from convoys.vocabulary import SubjectType

LONGEST_CODE = 64


class Resolver:
    """What the codes of one change set stand for."""

    def __init__(self, change_set: ChangeSet, batch: Batch) -> None:
        """Lets the questions wait in the batch; what is on record is known once it has run."""
        # Lists, not sets: what a door hands in unchecked may be no text, and need not be hashable.
        places: list[Any] = []
        points: list[Any] = []
        people: list[Any] = []
        routes: list[Any] = []
        for account in _accounts(change_set):
            places.append(account.alleged_place)
            people.extend([account.speaker, account.publisher, *account.alleged_holders])
        for step in records_of(change_set):
            places.extend(
                [step.place, step.heading, step.declares.get("origin"), step.declares.get("destination")]
            )
            points.append(step.held_before)
            routes.append(step.declares.get("route"))
            people.extend(
                [step.decided_by_organisation, step.declares.get("carrier"), step.declares.get("consignee")]
            )
            people.append(step.next_carrier)
            people.extend(_listed(step.declares.get("sponsors")))
            people.extend(_listed(step.visible_to))
        self._places = _waiting(Place, places + points, batch, "time_zone")
        self._points = _waiting(ControlPoint, points, batch)
        self._organisations = _waiting(Organisation, people, batch)
        self._routes = _waiting(Route, routes, batch)

    @cached_property
    def places(self) -> dict[str, str]:
        """Time zones by code."""
        return dict(self._places)

    @cached_property
    def points(self) -> set[str]:
        return {code for (code,) in self._points}

    @cached_property
    def organisations(self) -> set[str]:
        return {code for (code,) in self._organisations}

    @cached_property
    def routes(self) -> set[str]:
        return {code for (code,) in self._routes}

    def place(self, field: str, code: str | None) -> str | None:
        return self._known(field, code, self.places)

    def point(self, field: str, code: str | None) -> str | None:
        return self._known(field, code, self.points)

    def organisation(self, field: str, code: str | None) -> str | None:
        return self._known(field, code, self.organisations)

    def route(self, field: str, code: str | None) -> str | None:
        return self._known(field, code, self.routes)

    def convoy(self, field: str, reference: str, one: Convoy) -> Convoy | None:
        """Another convoy than `one`, by its reference: those that this change set registers included."""
        if not reference:
            return None
        other = Convoy.objects.filter(reference__in=_codes([reference])).first()
        if other is None:
            raise UnknownReference(field, str(reference))
        if other.pk == one.pk:
            raise InvalidInput({field: f"{reference} is this very convoy. Name the other one."})
        if other.is_exercise != one.is_exercise:
            raise InvalidInput({field: f"{one} and {other}: only one of the two is an exercise."})
        return other

    def zone_of(self, code: str | None) -> str:
        """The IANA zone of a place on record; empty where it is the instance's."""
        return self.places[code] if code else ""

    @staticmethod
    def _known(field: str, code: str | None, rows: Container[str]) -> str | None:
        if not code:
            return None
        if not isinstance(code, str) or code not in rows:
            raise UnknownReference(field, str(code))
        return code


def records_of(change_set: ChangeSet) -> Iterable[Record]:
    """Every report in a change set: those recorded and those that correct one."""
    for step in change_set.steps:
        contents = step.contents if isinstance(step, Correct) else step
        if isinstance(contents, Record):
            yield contents


def _accounts(change_set: ChangeSet) -> Iterable[Account]:
    for record in records_of(change_set):
        yield from record.claims
    for step in change_set.steps:
        if isinstance(step, Claim):
            yield step.account
        elif isinstance(step, Correct) and isinstance(step.contents, Account):
            yield step.contents


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _waiting(model: type[Model], given: Iterable[object], batch: Batch, *columns: str) -> Found:
    """Which of these are codes of that table; no question where none could be."""
    codes = _codes(given)
    return batch.add(by_keys(model, columns, codes)) if codes else []


def _codes(values: Iterable[object]) -> set[str]:
    return {value for value in values if isinstance(value, str) and could_be_code(value)}


def could_be_code(value: str) -> bool:
    """Whether a database can be asked for it: no code is empty, longer, or holds what cannot be stored."""
    return 0 < len(value) <= LONGEST_CODE and value.isprintable()


_CONVOY = Compiled(
    lambda: Convoy.objects.select_for_update(no_key=True).filter(reference="").order_by().values_list()
)

Locked = dict[SubjectRef, Convoy | ControlPoint | Agreement]


class ConvoyAlone:
    """One convoy to lock and its record to read, on their way with a batch."""

    def __init__(self, ref: SubjectRef, batch: Batch) -> None:
        self.ref = ref
        self._row = batch.add(_CONVOY.asked(ref.code))
        # After the lock, so that nothing is missing that was written while we waited for it.
        self._record = batch.add(record_asked(ref.code))

    def locked(self) -> Locked:
        """Empty where there is none."""
        rows = instances(Convoy, _CONVOY.read(self._row))
        return {self.ref: rows[0]} if rows else {}

    def record(self, convoy: Convoy) -> list[Event]:
        return record_found(convoy, self._record)


def lock_subjects(refs: Iterable[SubjectRef]) -> Locked:
    """Lock rows in one fixed order (type, then key), so that two writers never wait for each other.

    The keys stay free: a sweep that notes an alert about a convoy need not wait for its writer.
    """
    by_type: dict[str, set[str]] = {}
    for ref in refs:
        by_type.setdefault(ref.type, set()).add(ref.code)
    found: Locked = {}
    clean = {kind: [code for code in codes if could_be_code(code)] for kind, codes in by_type.items()}
    if codes := clean.get(SubjectType.AGREEMENT):
        agreements = Agreement.objects.select_for_update(no_key=True).filter(code__in=codes)
        found |= {SubjectRef(SubjectType.AGREEMENT, one.code): one for one in agreements.order_by("code")}
    if codes := clean.get(SubjectType.CONTROL_POINT):
        points = ControlPoint.objects.select_for_update(no_key=True).filter(pk__in=codes)
        found |= {SubjectRef(SubjectType.CONTROL_POINT, one.pk): one for one in points.order_by("pk")}
    if codes := clean.get(SubjectType.CONVOY):
        convoys = Convoy.objects.select_for_update(no_key=True).filter(reference__in=codes)
        found |= {SubjectRef(SubjectType.CONVOY, one.reference): one for one in convoys.order_by("pk")}
    return found

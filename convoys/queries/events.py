"""Events as replay reads them: by the thousand for a list of another day, by the score for one report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import QuerySet
from django.db.models.base import ModelState

from convoys.models import Convoy, Event
from convoys.queries.compiled import Compiled

EVERY_COLUMN = tuple(field.attname for field in Event._meta.concrete_fields)


def events_on_record(events: QuerySet[Event], columns: Sequence[str]) -> Iterator[Event]:
    """These entries in order of recording, with these columns; others are read when they are asked for.

    Read by name and without the model's constructor they cost a fraction of what whole objects do.
    """
    for values in events.order_by("sequence").values_list(*columns):
        yield _event(columns, values)


def record_of_convoy(convoy: Convoy) -> list[Event]:
    """Every entry on one convoy, whole, in order of recording: what each new report is held against."""
    events = [_event(EVERY_COLUMN, values) for values in _OF_CONVOY.rows(convoy.pk)]
    for event in events:
        event._state.fields_cache["convoy"] = convoy
    return events


def _event(columns: Sequence[str], values: Sequence[Any]) -> Event:
    event = Event.__new__(Event)
    event.__dict__.update(zip(columns, values, strict=True))
    event._state = ModelState()
    event._state.adding, event._state.db = False, DEFAULT_DB_ALIAS
    return event


_OF_CONVOY = Compiled(lambda: Event.objects.filter(convoy=0).order_by("sequence").values_list(*EVERY_COLUMN))

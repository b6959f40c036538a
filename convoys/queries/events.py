"""Events as replay reads them: by the thousand for a list of another day, by the score for one report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import QuerySet, Subquery

from convoys.models import Convoy, Event
from convoys.queries.compiled import Compiled
from convoys.queries.rows import bare
from convoys.queries.statements import Batch, Found, Statement

EVERY_COLUMN = tuple(field.attname for field in Event._meta.concrete_fields)


def events_on_record(events: QuerySet[Event], columns: Sequence[str]) -> Iterator[Event]:
    """These entries in order of recording, with these columns; others are read when they are asked for.

    Read by name and without the model's constructor they cost a fraction of what whole objects do.
    """
    for values in events.order_by("sequence").values_list(*columns):
        yield bare(Event, columns, values)


def record_of_convoy(convoy: Convoy) -> list[Event]:
    """Every entry on one convoy, whole, in order of recording: what each new report is held against."""
    batch = Batch()
    found = batch.add(record_asked(convoy.reference))
    batch.run()
    return record_found(convoy, found)


def record_asked(reference: str) -> Statement:
    """Asks for every entry on the convoy of that reference; `record_found` reads what it finds."""
    return _OF_CONVOY.asked(reference)


def record_found(convoy: Convoy, found: Found) -> list[Event]:
    """The entries that `record_asked` found, in order of recording."""
    events = [bare(Event, EVERY_COLUMN, values) for values in _OF_CONVOY.read(found)]
    for event in events:
        event._state.fields_cache["convoy"] = convoy
    return events


def _of_convoy() -> QuerySet[Any, Any]:
    named = Convoy.objects.filter(reference="").order_by().values("pk")
    return Event.objects.filter(convoy=Subquery(named)).order_by("sequence").values_list(*EVERY_COLUMN)


_OF_CONVOY = Compiled(_of_convoy)

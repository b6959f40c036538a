"""Rows into tables by COPY, some thousands at a time, so that memory does not grow with the record."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cache
from operator import attrgetter
from typing import Any

from django.db import connection
from django.db.models import JSONField, Model
from psycopg import sql

from convoys.models import Convoy

ROWS_AT_A_TIME = 5000
# A row on its way: its table, and its columns in the order of `columns_of`.
Row = tuple[type[Model], tuple[Any, ...]]


@cache
def columns_of(model: type[Model]) -> list[Any]:
    """The columns that are given; a key of its own that a table numbers is the database's to give."""
    return [
        field
        for field in model._meta.concrete_fields
        if not (field.primary_key and field.get_internal_type() == "BigAutoField") or model is Convoy
    ]


@cache
def _reader_of(model: type[Model]) -> tuple[Callable[[Any], tuple[Any, ...]], list[int]]:
    columns = columns_of(model)
    documents = [place for place, field in enumerate(columns) if isinstance(field, JSONField)]
    return attrgetter(*(field.attname for field in columns)), documents


def row_of(instance: Model) -> Row:
    """An unsaved object as the row that it would be."""
    read, documents = _reader_of(type(instance))
    values = read(instance)
    if documents:
        written = list(values)
        for place in documents:
            written[place] = json.dumps(written[place])
        values = tuple(written)
    return type(instance), values


class Tables:
    """Collects rows by table and copies a table's when enough have come together."""

    def __init__(self) -> None:
        self._waiting: dict[type[Model], list[tuple[Any, ...]]] = defaultdict(list)

    def add(self, rows: Iterable[Row]) -> None:
        for model, values in rows:
            waiting = self._waiting[model]
            waiting.append(values)
            if len(waiting) >= ROWS_AT_A_TIME:
                self._copy(model)

    def flush(self) -> None:
        """Copy what is left, and let the convoys' keys go on after those given."""
        for model in list(self._waiting):
            self._copy(model)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence('convoys_convoy', 'id'), max(id)) FROM convoys_convoy"
            )

    def _copy(self, model: type[Model]) -> None:
        rows, self._waiting[model] = self._waiting[model], []
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(model._meta.db_table),
            sql.SQL(", ").join(sql.Identifier(field.column) for field in columns_of(model)),
        )
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

"""Rows into tables by COPY, some thousands at a time, so that memory does not grow with the record."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from django.db import connection
from django.db.models import JSONField, Model
from psycopg import sql

ROWS_AT_A_TIME = 5000


class Tables:
    """Collects unsaved rows by table and copies a table's when enough have come together."""

    def __init__(self) -> None:
        self._waiting: dict[type[Model], list[Model]] = defaultdict(list)

    def add(self, rows: Iterable[Model]) -> None:
        for row in rows:
            waiting = self._waiting[type(row)]
            waiting.append(row)
            if len(waiting) >= ROWS_AT_A_TIME:
                self._copy(type(row))

    def flush(self) -> None:
        """Copy what is left, and let keys that the database hands out go on after those given."""
        for model in list(self._waiting):
            self._copy(model)
            key = model._meta.pk
            if key.get_internal_type() == "BigAutoField":
                table = model._meta.db_table
                with connection.cursor() as cursor:
                    cursor.execute(
                        f'SELECT setval(pg_get_serial_sequence(%s, %s), max("{key.column}")) FROM {table}',  # noqa: S608
                        [table, key.column],
                    )

    def _copy(self, model: type[Model]) -> None:
        rows = self._waiting[model]
        self._waiting[model] = []
        if not rows:
            return
        # Keys that the rows lack are the database's to give.
        fields = [
            field for field in model._meta.concrete_fields if not field.primary_key or rows[0].pk is not None
        ]
        columns = sql.SQL(", ").join(sql.Identifier(field.column) for field in fields)
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(model._meta.db_table), columns
        )
        values_of: Callable[[Any], tuple[Any, ...]] = attrgetter(*(field.attname for field in fields))
        documents = [place for place, field in enumerate(fields) if isinstance(field, JSONField)]
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                values = list(values_of(row))
                for place in documents:
                    values[place] = json.dumps(values[place])
                copy.write_row(values)

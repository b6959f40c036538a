"""Statements that go to the database together: a report spends most of its time on going to and fro.

On PostgreSQL those of one run travel as one text and their answers come back as one; SQLite, which
takes a single statement and has no way to go, gets them one by one. Either way each sees what those
before it wrote, and the first that fails ends the transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Model
from django.db.models.fields import Field

Found = list[tuple[Any, ...]]


class Statement(NamedTuple):
    """SQL with a %s for each parameter, both made here or by the ORM, never of anybody's input."""

    text: str
    parameters: Sequence[Any] = ()
    has_rows: bool = True


class Batch:
    """Statements on their way. What each finds is in the list that `add` returned, after `run`."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Statement, Found]] = []

    def add(self, statement: Statement, found: Found | None = None) -> Found:
        """Let it wait. What it finds goes to the end of `found`, else to a list of its own."""
        found = [] if found is None else found
        self._waiting.append((statement, found))
        return found

    def run(self) -> None:
        """Send what waits, in the order in which it was added."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        with connection.cursor() as cursor:
            if connection.vendor != "postgresql":
                for statement, found in waiting:
                    cursor.execute(statement.text, statement.parameters)
                    found += cursor.fetchall() if statement.has_rows else []
                return
            # Each gets its values by itself: the driver remembers how short texts are taken apart.
            texts = [cursor.mogrify(statement.text, statement.parameters) for statement, _ in waiting]
            cursor.execute(";\n".join(texts))
            for number, (statement, found) in enumerate(waiting):
                if number:
                    cursor.nextset()
                found += cursor.fetchall() if statement.has_rows else []


def by_keys(model: type[Model], columns: Sequence[str], keys: Collection[str]) -> Statement:
    """The primary key, and columns named as in the table, of the rows with these keys, in no order."""
    return Statement(_by_keys(model, tuple(columns), len(keys)), list(keys))


@cache
def _by_keys(model: type[Model], columns: tuple[str, ...], keys: int) -> str:
    key, places = quoted_key(model), ", ".join(["%s"] * keys)
    names = ", ".join([key, *map(connection.ops.quote_name, columns)])
    return f"SELECT {names} FROM {quoted_table(model)} WHERE {key} IN ({places})"  # noqa: S608


def primary_key(model: type[Model]) -> Field:
    """The field of the primary key, which every model has."""
    key = model._meta.pk
    assert key is not None  # noqa: S101
    return key


def quoted_key(model: type[Model]) -> str:
    """The primary key's column, as SQL."""
    return quoted(primary_key(model))


def quoted(field: Field) -> str:
    """A field's column, as SQL."""
    return connection.ops.quote_name(str(field.column))


def quoted_table(model: type[Model]) -> str:
    """A model's table, as SQL."""
    return connection.ops.quote_name(model._meta.db_table)

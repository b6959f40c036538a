"""Rows on their way into their tables, by statements that are made once for each table.

What the ORM does besides (keys handed back, signals) none of these rows needs: the write path
numbers what it refers to itself, and what the database numbers nobody asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Model
from django.db.models.fields import Field

from convoys.queries.statements import Batch, Found, Statement, quoted, quoted_key, quoted_table

ROWS_AT_A_TIME = 20  # SQLite takes a thousand values in one statement
# What PostgreSQL's driver takes as it is. SQLite's is given instants and keys as text.
PLAIN = frozenset({
    "BigIntegerField", "BinaryField", "BooleanField", "CharField", "DateField", "DateTimeField", "ForeignKey",
    "OneToOneField", "PositiveBigIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField",
    "SmallIntegerField", "TextField", "UUIDField",
})  # fmt: skip

Columns = Mapping[str, Any]
Prepare = Callable[[Any], Any]


class Writes(Batch):
    """Rows to insert and to change, in order; nothing is sent before `run`."""

    def insert(self, model: type[Model], rows: Iterable[Model | Columns], returning: str = "") -> Found:
        """Insert rows in the order given: unsaved objects, or every column by its attribute.

        `returning` is SQL for what comes back of each of them, once they have run.
        """
        columns = [vars(row) if isinstance(row, Model) else row for row in rows]
        found: Found = []
        for start in range(0, len(columns), ROWS_AT_A_TIME):
            some = columns[start : start + ROWS_AT_A_TIME]
            text = _insertion(model, len(some))
            values = [value for row in some for value in _values(model, row)]
            text = f"{text} RETURNING {returning}" if returning else text
            self.add(Statement(text, values, has_rows=bool(returning)), found)
        return found

    def update(self, model: type[Model], key: object, values: Columns) -> None:
        """Write these columns, given by attribute, of the row with that primary key."""
        if values:
            prepared = [_prepared(_columns(model)[name], value) for name, value in values.items()]
            self.add(Statement(_change(model, tuple(values)), [*prepared, key], has_rows=False))


class _Column(NamedTuple):
    name: str
    prepare: Prepare | None


@cache
def _columns(model: type[Model]) -> dict[str, _Column]:
    """Its columns by attribute, without a key that the database hands out."""
    return {
        field.attname: _Column(quoted(field), _prepare(field))
        for field in model._meta.concrete_fields
        if not (field.primary_key and field.get_internal_type() in {"AutoField", "BigAutoField"})
    }


def _prepare(field: Field) -> Prepare | None:
    """Makes a value what the driver takes; None where it takes it as it is."""
    if connection.vendor == "postgresql" and field.get_internal_type() in PLAIN:
        return None
    return partial(field.get_db_prep_save, connection=connection)


def _prepared(column: _Column, value: Any) -> Any:
    return value if column.prepare is None else column.prepare(value)


def _values(model: type[Model], row: Columns) -> list[Any]:
    return [_prepared(column, row[name]) for name, column in _columns(model).items()]


@cache
def _insertion(model: type[Model], rows: int) -> str:
    names = ", ".join(column.name for column in _columns(model).values())
    values = f"({', '.join(['%s'] * len(_columns(model)))})"
    return f"INSERT INTO {quoted_table(model)} ({names}) VALUES {', '.join([values] * rows)}"  # noqa: S608


@cache
def _change(model: type[Model], attributes: tuple[str, ...]) -> str:
    setting = ", ".join(f"{_columns(model)[attribute].name} = %s" for attribute in attributes)
    return f"UPDATE {quoted_table(model)} SET {setting} WHERE {quoted_key(model)} = %s"  # noqa: S608

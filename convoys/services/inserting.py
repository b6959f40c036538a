"""Rows of the record into their tables, by a statement that is made once for each table.

What `bulk_create` does besides (keys handed back, signals) none of these rows needs: the write path
numbers them itself, and what the database numbers nobody asks for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Model

ROWS_AT_A_TIME = 20  # SQLite takes a thousand values in one statement


def insert(rows: Iterable[Model]) -> None:
    """Insert unsaved rows; those of one table together, in the order given."""
    by_model: dict[type[Model], list[Model]] = {}
    for row in rows:
        by_model.setdefault(type(row), []).append(row)
    for model, found in by_model.items():
        for start in range(0, len(found), ROWS_AT_A_TIME):
            _insert(model, found[start : start + ROWS_AT_A_TIME])


@cache
def _fields(model: type[Model]) -> tuple[Any, ...]:
    """Its columns, without a key that the database hands out."""
    numbered = ("AutoField", "BigAutoField")
    return tuple(
        field
        for field in model._meta.concrete_fields
        if not (field.primary_key and field.get_internal_type() in numbered)
    )


@cache
def _statement(model: type[Model], rows: int) -> str:
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in _fields(model))
    values = f"({', '.join(['%s'] * len(_fields(model)))})"
    return f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES {', '.join([values] * rows)}"  # noqa: S608


def _insert(model: type[Model], rows: Sequence[Model]) -> None:
    values = [
        field.get_db_prep_save(field.pre_save(row, True), connection)
        for row in rows
        for field in _fields(model)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_statement(model, len(rows)), values)

"""Many rows written in one statement, given column by column: what a sweep of thousands spends its time on.

The ORM spells every value of every row out as a parameter, and an update of many rows as a CASE with
a branch for each; a thousand alerts cost it five times what the database needs to store them. On
PostgreSQL whole columns travel as arrays here; elsewhere rows go in by VALUES, some at a time. Names
are those of the models' columns ("alert_id"), never anybody's input.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import NoneType
from typing import Any

import psycopg
from django.db import connection
from django.db.models import JSONField, Model
from django.db.models.fields import Field

from convoys.queries.statements import primary_key, quoted, quoted_table

MOST_PARAMETERS = 900  # of one statement on SQLite
# Whose text stands in PostgreSQL's arrays as it is.
UNQUOTED = {int, bool, datetime, NoneType}

Columns = Mapping[str, Sequence[Any]]


def of(rows: Iterable[Any], names: Sequence[str]) -> dict[str, list[Any]]:
    """These attributes of the rows, column by column."""
    rows = list(rows)
    return {name: [getattr(row, name) for row in rows] for name in names}


def insert(
    model: type[Model],
    columns: Columns,
    constants: Mapping[str, Any],
    returning: Sequence[str] = (),
    is_wide: bool = False,
) -> list[tuple[Any, ...]]:
    """Insert one row for each place in the columns; what a constraint has already is passed over.

    Returns the columns asked for of the rows that are new. `is_wide`: there are few rows of long texts,
    which are quoted nowhere.
    """
    columns, same = _parted(columns)
    constants = same | dict(constants)
    fields = _fields(model, [*columns, *constants])
    names = ", ".join(quoted(field) for field in fields)
    head = f"INSERT INTO {quoted_table(model)} ({names})"
    tail = "ON CONFLICT DO NOTHING"
    tail += (
        f" RETURNING {', '.join(quoted(field) for field in _fields(model, returning))}" if returning else ""
    )
    rows: list[tuple[Any, ...]] = []
    with _beside_the_statement() if is_wide else connection.cursor() as cursor:
        for source, parameters in _sources(fields, columns, constants, is_wide):
            cursor.execute(f"{head} {source} {tail}", parameters)
            rows += cursor.fetchall() if returning else []
    return rows


def update(model: type[Model], keys: Sequence[Any], columns: Columns) -> None:
    """Write these columns of the rows with these keys: the first place of each belongs to the first key."""
    if not keys:
        return
    table, key = quoted_table(model), primary_key(model)
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            fields = _fields(model, columns)
            setting = ", ".join(f"{quoted(field)} = %s" for field in fields)
            values = [[_stored(field, value) for value in columns[field.attname]] for field in fields]
            statement = f"UPDATE {table} SET {setting} WHERE {quoted(key)} = %s"  # noqa: S608
            cursor.executemany(statement, list(zip(*values, keys, strict=True)))
            return
        columns, same = _parted(columns)
        varying, fixed = _fields(model, columns), _fields(model, same)
        setting = ", ".join(
            [f"{quoted(field)} = given.{quoted(field)}" for field in varying]
            + [f"{quoted(field)} = %s::{_type(field)}" for field in fixed]
        )
        arrays, parameters = _arrays([key, *varying], {key.attname: keys, **columns})
        names = ", ".join(quoted(field) for field in (key, *varying))
        given = f"FROM unnest({arrays}) AS given({names}) WHERE {table}.{quoted(key)} = given.{quoted(key)}"
        constants = [_stored(field, same[field.attname]) for field in fixed]
        cursor.execute(f"UPDATE {table} SET {setting} {given}", [*constants, *parameters])  # noqa: S608


def _sources(
    fields: Sequence[Field], columns: Columns, constants: Mapping[str, Any], is_wide: bool
) -> list[tuple[str, list[Any]]]:
    """What is inserted, as SQL with its parameters: in one piece, or on SQLite in several."""
    varying = [field for field in fields if field.attname in columns]
    fixed = [field for field in fields if field.attname in constants]
    same = [_stored(field, constants[field.attname]) for field in fixed]
    if connection.vendor == "postgresql" and not is_wide:
        arrays, parameters = _arrays(varying, columns)
        casts = "".join(f", %s::{_type(field)}" for field in fixed)
        return [(f"SELECT given.*{casts} FROM unnest({arrays}) AS given", [*same, *parameters])]  # noqa: S608
    if connection.vendor == "postgresql":
        return [_wide(varying, fixed, columns, same)]
    values = [[_stored(field, value) for value in columns[field.attname]] for field in varying]
    rows = [[*row, *same] for row in zip(*values, strict=True)]
    one, at_once = f"({', '.join(['%s'] * len(fields))})", max(1, MOST_PARAMETERS // len(fields))
    pieces = [rows[start : start + at_once] for start in range(0, len(rows), at_once)]
    return [
        (f"VALUES {', '.join([one] * len(piece))}", [value for row in piece for value in row])
        for piece in pieces
    ]


def _wide(
    varying: Sequence[Field], fixed: Sequence[Field], columns: Columns, same: Sequence[Any]
) -> tuple[str, list[Any]]:
    """Columns as the driver's binary arrays, which need no quotes and no parsing; JSON goes as its text."""
    names = ", ".join(quoted(field) for field in varying)
    arrays = ", ".join(
        f"%b::{'text' if isinstance(field, JSONField) else _type(field)}[]" for field in varying
    )
    given = [f"given.{quoted(field)}::{_type(field)}" for field in varying]
    given += [f"%s::{_type(field)}" for field in fixed]
    source = f"SELECT {', '.join(given)} FROM unnest({arrays}) AS given({names})"  # noqa: S608
    values = [
        [json.dumps(value) for value in columns[field.attname]]
        if isinstance(field, JSONField)
        else [_stored(field, value) for value in columns[field.attname]]
        for field in varying
    ]
    return source, [*same, *values]


@contextmanager
def _beside_the_statement() -> Iterator[Any]:
    """A cursor whose parameters travel apart: quoted into the statement, long texts cost four times that."""
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            yield cursor
        return
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as bare_cursor:
        yield bare_cursor


def _parted(columns: Columns) -> tuple[Columns, dict[str, Any]]:
    """Those that differ from row to row, and the one value of each other, which need not travel with each."""
    same = {name: values[0] for name, values in columns.items() if _is_same(values)}
    return {name: values for name, values in columns.items() if name not in same}, same


def _is_same(values: Sequence[Any]) -> bool:
    return len(values) > 1 and values.count(values[0]) == len(values)


def _arrays(fields: Sequence[Field], columns: Columns) -> tuple[str, list[Any]]:
    given = [_array(field, columns[field.attname]) for field in fields]
    return ", ".join(f"%s::{_type(field)}[]" for field in fields), given


def _array(field: Field, values: Sequence[Any]) -> Any:
    """As the driver takes it. What needs no quotes is put together here, at a tenth of the driver's cost."""
    if UNQUOTED.issuperset(map(type, values)):
        return f"{{{','.join('NULL' if value is None else str(value) for value in values)}}}"
    return [_stored(field, value) for value in values] if isinstance(field, JSONField) else list(values)


def _fields(model: type[Model], names: Sequence[str] | Mapping[str, Any]) -> list[Field]:
    by_name = {field.attname: field for field in model._meta.concrete_fields}
    return [by_name[name] for name in names]


def _stored(field: Field, value: Any) -> Any:
    return field.get_db_prep_save(value, connection)


def _type(field: Field) -> str:
    """As an array's elements. Text without its length: a cast would cut it short instead of failing."""
    kind = str(field.db_type(connection))
    return "text" if kind.startswith("varchar") else kind

"""Columns of tables: how a row of JSON becomes cells, each with a name that stays and an HXL hashtag.

Hashtags are those of the HXL standard 1.1 (hxlstandard.org, “HXL hashtag and attribute dictionary”), with
attributes where it has no closer word. A cell is text, a number, yes or no, or empty: unknown, never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import orjson

Cell = str | int | Decimal | bool | None
Row = Mapping[str, Any]

# Between several values in one cell. A code has none of these signs.
SEPARATOR = "; "
NARROW, WIDE, WIDEST = 14, 27, 50


@dataclass(frozen=True)
class Column:
    """`key` is the row's key that it shows; it is there only if `expand` names `shown_if_expanded`.

    `width` is that of a sheet's column, in characters.
    """

    key: str
    name: str
    hxl: str
    read: Callable[[Any], Cell]
    width: int = NARROW
    shown_if_expanded: str = ""

    def cell(self, row: Row) -> Cell:
        """What stands in this column; empty where the row has no such key."""
        value = row.get(self.key)
        return None if value is None else self.read(value)


Columns = tuple[Column, ...]


def _as_it_is(value: Any) -> Cell:
    return value if isinstance(value, (bool, int)) else str(value)


def text(key: str, hxl: str, width: int = NARROW) -> Columns:
    """Words, a code, a date, a yes or no, or a whole number, as JSON has it."""
    return (Column(key, key, hxl, _as_it_is, width),)


def instant(key: str, hxl: str) -> Columns:
    """ISO 8601 with the offset of its place, as text: dates of spreadsheets know no zones."""
    return text(key, hxl, WIDE)


def decimal(key: str, hxl: str) -> Columns:
    """A decimal string of JSON as the number that it is."""
    return (Column(key, key, hxl, Decimal),)


def joined(key: str, hxl: str, width: int = NARROW) -> Columns:
    """Several codes in one cell."""
    return (Column(key, key, hxl, _join, width),)


def document(key: str, hxl: str) -> Columns:
    """A JSON object as its text; empty where it says nothing."""
    return (Column(key, key, hxl, lambda value: orjson.dumps(value).decode() if value else None, WIDEST),)


def named(key: str, hxl: str) -> Columns:
    """What has a code and a name: a place with all parties' names, an organisation, a route."""
    return (
        Column(key, f"{key}_code", f"{hxl}+code", lambda value: value["code"]),
        Column(key, f"{key}_name", f"{hxl}+name", lambda value: value["name"], WIDE),
    )


def place(key: str, hxl: str) -> Columns:
    """The same, and with `expand=places` where it is."""
    return (
        *named(key, hxl),
        *(
            Column(key, f"{key}_{part}", f"{hxl}+{tag}", _part(part, read), NARROW, "places")
            for part, tag, read in (
                ("kind", "kind", str),
                ("country", "country", str),
                ("latitude", "lat", Decimal),
                ("longitude", "lon", Decimal),
                ("coordinate_source", "coordinate_source", str),
            )
        ),
    )


def all_named(key: str, hxl: str) -> Columns:
    """Several of them: their codes in one cell and, in the same order, their names in the next."""
    return (
        Column(key, f"{key}_code", f"{hxl}+code+list", lambda value: _join(one["code"] for one in value)),
        Column(
            key, f"{key}_name", f"{hxl}+name+list", lambda value: _join(one["name"] for one in value), WIDE
        ),
    )


def names_by_party(key: str, hxl: str, parties: Sequence[str]) -> Columns:
    """Names in the usage of each party, one column for each: no party's is left out, none comes first."""

    def of(party: str) -> Callable[[Any], Cell]:
        return lambda value: _join(one["name"] for one in value if one["party"] == party)

    return tuple(Column(key, f"{key}_{party}", f"{hxl}+{party}", of(party), WIDE) for party in parties)


def each(key: str, part: str, hxl: str) -> Columns:
    """One part of each of several objects, in one cell, in their order; a gap where one has none."""
    return (Column(key, f"{key}_{part}", hxl, lambda value: _join(one[part] for one in value), WIDE),)


def stops(key: str, hxl: str) -> Columns:
    """Places in travelling order, and the access of each that has one: three cells of one order."""

    def of(read: Callable[[Row], Any]) -> Callable[[Any], Cell]:
        return lambda value: _join(read(stop) for stop in value)

    return (
        Column(key, f"{key}_code", f"{hxl}+code+list", of(lambda stop: stop["place"]["code"]), WIDE),
        Column(key, f"{key}_name", f"{hxl}+name+list", of(lambda stop: stop["place"]["name"]), WIDEST),
        Column(key, f"{key}_access", "#access+status+list", of(lambda stop: stop["access"])),
    )


def nested(key: str, *columns: Columns) -> Columns:
    """An object's own columns, with its key before their names."""
    return tuple(
        replace(column, key=key, name=f"{key}_{column.name}", read=column.cell) for column in flat(*columns)
    )


def flat(*columns: Columns) -> Columns:
    return tuple(column for group in columns for column in group)


def _part(part: str, read: Callable[[Any], Cell]) -> Callable[[Any], Cell]:
    return lambda value: None if value.get(part) is None else read(value[part])


def _join(values: Iterable[Any]) -> str | None:
    """One text of several; None where there is nothing."""
    shown = ["" if value is None else str(value) for value in values]
    return SEPARATOR.join(shown) or None


@dataclass(frozen=True)
class Table:
    """A resource as a table. `name` is that of its files and sheets.

    `rows_in` finds the rows in an answer's document.
    """

    name: str
    columns: Columns
    rows_in: Callable[[Any], Iterable[Row]] = lambda document: document["results"]

    def shown(self, fields: frozenset[str] | None, expanded: frozenset[str]) -> Columns:
        """The columns of the keys that are asked for; None is all."""
        return tuple(
            column
            for column in self.columns
            if (fields is None or column.key in fields)
            and (not column.shown_if_expanded or column.shown_if_expanded in expanded)
        )


def cells(columns: Columns, rows: Iterable[Row]) -> Iterator[list[Cell]]:
    for row in rows:
        yield [column.cell(row) for column in columns]

"""Cells as values. An empty cell is unknown: None, "" or an empty tuple, never 0."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

from convoys.services.importing.tables import BadCase, Row


def where(row: Row) -> str:
    """The line's own name, for messages."""
    names = ("id", "reference", "code", "route", "place")
    return next((row[name] for name in names if row.get(name)), "?")


def codes(row: Row, column: str) -> tuple[str, ...]:
    """Several codes in one cell, divided by semicolons."""
    return tuple(part.strip() for part in row[column].split(";") if part.strip())


def whole(row: Row, column: str) -> int | None:
    try:
        return int(row[column]) if row[column] else None
    except ValueError as error:
        raise _bad(row, column, "a whole number") from error


def decimal(row: Row, column: str) -> Decimal | None:
    """A figure as printed; the write path checks its size and brings it to three places."""
    try:
        value = Decimal(row[column]) if row[column] else None
    except InvalidOperation as error:
        raise _bad(row, column, "a number") from error
    if value is not None and not value.is_finite():
        raise _bad(row, column, "a number")
    return value


def day(row: Row, column: str) -> date | None:
    try:
        return date.fromisoformat(row[column]) if row[column] else None
    except ValueError as error:
        raise _bad(row, column, "a date such as 2023-09-10") from error


def yes_or_no(row: Row, column: str) -> bool:
    if row[column] not in ("yes", "no"):
        raise _bad(row, column, "yes or no")
    return row[column] == "yes"


def _bad(row: Row, column: str, expected: str) -> BadCase:
    return BadCase(f"{where(row)}: {column} is {row[column][:40]!r}, not {expected}.")

"""A stretch of the ledger with the rows behind it: what writing, verifying and exporting all read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import DateTimeField, Func, Model, TextField

from convoys.canonical import COLUMNS, Row
from convoys.models import Claim, EntryType, Erasure, Event, LedgerEntry, Words

BATCH = 2000
GROUPS = ("open", "detail", "words")
MODELS: Mapping[str, type[Model]] = {
    EntryType.EVENT: Event, EntryType.CLAIM: Claim, EntryType.ERASURE: Erasure,
}  # fmt: skip


class InstantText(Func):
    """An instant as the ledger writes it, made by PostgreSQL: to read it as a datetime, only to write
    it out again, costs as much as all hashing."""

    template = "to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    output_field = TextField()


class StoredEntry(NamedTuple):
    """A leaf as it is stored."""

    type: str
    open_salt: bytes
    detail_salt: bytes
    words_digest: bytes
    leaf_hash: bytes


class StoredWords(NamedTuple):
    """Words as they are stored."""

    salt: bytes
    fields: dict[str, Any]


@dataclass(frozen=True)
class Rows:
    """Rows of one stretch, each by sequence; `of_type` by type of entry first."""

    of_type: dict[str, dict[int, Row]]
    words: dict[int, StoredWords]


@dataclass(frozen=True)
class Stretch(Rows):
    """The same with the entries of the ledger."""

    entries: dict[int, StoredEntry]


def read_rows(first: int, last: int) -> Rows:
    """The rows from one sequence to another, both included, and their words. Four queries."""
    found = Words.objects.filter(sequence__gte=first, sequence__lte=last)
    words = found.values_list("sequence", "salt", "fields")
    return Rows(
        {kind: _rows(kind, first, last) for kind in MODELS},
        {sequence: StoredWords(bytes(salt), fields) for sequence, salt, fields in words},
    )


def read_stretch(first: int, last: int) -> Stretch:
    """Everything from one sequence to another, both included. Five queries."""
    entries = LedgerEntry.objects.filter(sequence__gte=first, sequence__lte=last)
    stored = entries.values_list("sequence", *StoredEntry._fields)
    rows = read_rows(first, last)
    return Stretch(
        rows.of_type,
        rows.words,
        {
            sequence: StoredEntry(kind, bytes(one), bytes(two), bytes(words), bytes(leaf))
            for sequence, kind, one, two, words, leaf in stored
        },
    )


def _rows(kind: str, first: int, last: int) -> dict[int, Row]:
    model, columns = MODELS[kind], COLUMNS[kind]
    rows = model._default_manager.filter(sequence__gte=first, sequence__lte=last)
    values = rows.order_by().values_list("sequence", *(_as_read(model, column) for column in columns))
    return {sequence: dict(zip(columns, row, strict=True)) for sequence, *row in values}


def _as_read(model: type[Model], column: str) -> str | InstantText:
    is_instant = "__" not in column and isinstance(model._meta.get_field(column), DateTimeField)
    return InstantText(column) if is_instant and connection.vendor == "postgresql" else column

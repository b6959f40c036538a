"""A stretch of the ledger with the rows behind it: what writing, verifying and exporting all read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import orjson
from django.db import connection
from django.db.models import DateTimeField, Func, JSONField, Model, QuerySet, TextField
from django.db.models.functions import Cast

from convoys.canonical import COLUMNS, Row
from convoys.models import Claim, EntryType, Erasure, Event, LedgerEntry, Words
from convoys.queries.compiled import Compiled
from convoys.queries.statements import Found

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


def returned(kind: str) -> str:
    """SQL for what an INSERT of such an entry's row gives back: see `read_back`."""
    return _OWN[kind].selected


def read_back(kind: str, inserted: Iterable[Model], found: Found) -> dict[int, Row]:
    """Rows just inserted, as they are stored. `found` is what `returned` gave back of each.

    What stands in other tables than their own (a convoy's reference) is taken from their objects.
    """
    own, others = _parts(kind)
    rows = _by_sequence(kind, own, _OWN[kind].read(found))
    return {
        one.pk: {
            **rows[one.pk],
            **{column: _of(getattr(one, relation), name) for column, relation, name in others},
        }
        for one in inserted
    }


def words_returned() -> str:
    """SQL for what an INSERT of words gives back: see `words_read_back`."""
    return _WORDS.selected


def words_read_back(found: Found) -> dict[int, StoredWords]:
    """Words just inserted, as they are stored; `found` is what `words_returned` gave back."""
    return _words(_WORDS.read(found))


def read_rows(first: int, last: int, kinds: Iterable[str] = MODELS) -> Rows:
    """The rows from one sequence to another, both included, and their words. A query a kind, and one."""
    of_type = {kind: _by_sequence(kind, COLUMNS[kind], _ROWS[kind].rows(first, last)) for kind in kinds}
    return Rows(of_type, _words(_WORDS.rows(first, last)))


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


def _by_sequence(kind: str, columns: Sequence[str], found: Found) -> dict[int, Row]:
    documents = _DOCUMENTS[kind]
    rows: dict[int, Row] = {}
    for sequence, *values in found:
        row: dict[str, Any] = dict(zip(columns, values, strict=True))
        for column in documents:
            row[column] = orjson.loads(row[column])
        rows[sequence] = row
    return rows


def _words(found: Found) -> dict[int, StoredWords]:
    return {sequence: StoredWords(bytes(salt), orjson.loads(fields)) for sequence, salt, fields in found}


def _of(other: Model | None, name: str) -> Any:
    return None if other is None else getattr(other, name)


@cache
def _parts(kind: str) -> tuple[tuple[str, ...], tuple[tuple[str, str, str], ...]]:
    """The columns that stand in an entry's own row, and the others with their relation and name."""
    own = tuple(column for column in COLUMNS[kind] if "__" not in column)
    others = (column for column in COLUMNS[kind] if "__" in column)
    return own, tuple((column, *column.split("__")) for column in others)  # type: ignore[misc]


_DOCUMENTS = {
    kind: [
        column
        for column in columns
        if "__" not in column and isinstance(MODELS[kind]._meta.get_field(column), JSONField)
    ]
    for kind, columns in COLUMNS.items()
}


def _own(kind: str) -> Callable[[], QuerySet[Any, Any]]:
    """The columns of a kind's own rows that are hashed."""

    def rows() -> QuerySet[Any, Any]:
        model, (own, _) = MODELS[kind], _parts(kind)
        found = model._default_manager.order_by()
        return found.values_list("sequence", *(_as_read(model, column) for column in own))

    return rows


def _joined(kind: str) -> Callable[[], QuerySet[Any, Any]]:
    """The rows of a kind from 0 to 0, with the columns that are hashed."""

    def rows() -> QuerySet[Any, Any]:
        model = MODELS[kind]
        found = model._default_manager.filter(sequence__gte=0, sequence__lte=0).order_by()
        return found.values_list("sequence", *(_as_read(model, column) for column in COLUMNS[kind]))

    return rows


def _as_read(model: type[Model], column: str) -> str | Func:
    field = None if "__" in column else model._meta.get_field(column)
    if isinstance(field, JSONField):
        return Cast(column, TextField())
    if isinstance(field, DateTimeField) and connection.vendor == "postgresql":
        return InstantText(column)
    return column


_OWN = {kind: Compiled(_own(kind)) for kind in MODELS}
_ROWS = {kind: Compiled(_joined(kind)) for kind in MODELS}
_WORDS = Compiled(
    lambda: (
        Words.objects.filter(sequence__gte=0, sequence__lte=0)
        .order_by()
        .values_list("sequence", "salt", Cast("fields", TextField()))
    )
)

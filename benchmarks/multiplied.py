"""A large record in minutes: some thousand convoys told for real, then copied with other keys.

The generator tells some hundred convoys a second, which for a million takes hours. What only reads does
not see the difference: copies have keys, references and sequences of their own, and everything that the
API reads. They share the change sets of the first, and nothing of them is in the ledger's tree, so that
this record does not verify and is none to write to.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.models import Max, Model

from benchmarks.copying import columns_of
from benchmarks.generator import fill
from convoys.models import (
    CargoLine,
    Claim,
    Convoy,
    ConvoyOrganisation,
    Event,
    LedgerHead,
    StateInterval,
    VisibilityChange,
    Words,
)  # fmt: skip

TOLD = 4000
COPIED: tuple[type[Model], ...] = (
    Convoy, ConvoyOrganisation, CargoLine, StateInterval, VisibilityChange, Event, Claim, Words,
)  # fmt: skip
# Columns that a copy has behind those of the copy before, by as many as one copy has.
BY_ENTRIES = {
    "sequence", "chain", "supersedes", "target_event_id", "target_claim_id", "hold_chain", "newest_entry",
    "newest_mention", "opening_chain", "closing_chain",
}  # fmt: skip
BY_CONVOYS = {"convoy_id", "target_convoy_id", "other_convoy_id", "alleged_convoy_id"}


def fill_by_multiplying(convoys: int, seed: int, progress: bool = False) -> None:
    """Write so many, the last copies a few more; for a superuser, as `fill`."""
    told = min(TOLD, convoys)
    fill(told, seed, progress)
    copies = -(-convoys // told) - 1
    size = LedgerHead.objects.values_list("size", flat=True).get()
    last_key = Convoy.objects.aggregate(last=Max("pk"))["last"]
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        with _without_indexes():
            for number in range(1, copies + 1):
                for model in COPIED:
                    cursor.execute(_copying(model, size, last_key, told), {"n": number})
                if progress:
                    print(f"\r{number} of {copies} copies", end="", file=sys.stderr)
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('convoys_convoy', 'id'), max(id)) FROM convoys_convoy"
        )
        LedgerHead.objects.update(size=size * (copies + 1))
        cursor.execute("VACUUM ANALYZE")


def _copying(model: type[Model], size: int, last_key: int, told: int) -> str:
    """The statement that appends the n-th copy of a table's first rows."""
    columns = {field.column: field.attname for field in columns_of(model)}
    values = [_shifted(model, column, size, last_key, told) for column in columns]
    table = model._meta.db_table
    if model is Convoy:
        first, order = f"id <= {last_key}", "id"
    elif "sequence" in columns:
        first, order = f"sequence <= {size}", "sequence"
    else:
        first, order = f"convoy_id <= {last_key}", "convoy_id"
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608 - names of our own tables
        f"SELECT {', '.join(values)} FROM {table} WHERE {first} ORDER BY {order}"
    )


def _shifted(model: type[Model], column: str, size: int, last_key: int, told: int) -> str:
    if column in BY_ENTRIES:
        return f"{column} + %(n)s * {size}::bigint"
    if column in BY_CONVOYS or (model is Convoy and column == "id"):
        return f"{column} + %(n)s * {last_key}"
    if model is Convoy and column == "reference":
        return f"'B-' || lpad((substr(reference, 3)::integer + %(n)s * {told})::text, 7, '0')"
    return column


@contextmanager
def _without_indexes() -> Iterator[None]:
    """While rows go in, tables have their primary keys alone; what is dropped is made again.

    All but the index of stretches of time: the same instants a hundred times over are what it is slowest to
    part, and lists of now do not ask it.
    """
    tables = [model._meta.db_table for model in COPIED]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype = 'u' AND conrelid::regclass::text = ANY(%s)",
            [tables],
        )
        constraints = cursor.fetchall()
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indrelid::regclass::text = ANY(%s) AND NOT indisprimary"
            " AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid AND contype = 'u')",
            [tables],
        )
        indexes = cursor.fetchall()
        for table, name, _ in constraints:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        yield
        cursor.execute("SET maintenance_work_mem = '1GB'")
        for table, name, definition in constraints:
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        for _, definition in indexes:
            if "USING gist" not in definition:
                cursor.execute(definition)

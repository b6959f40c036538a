"""Database triggers that keep the record append-only, on SQLite and PostgreSQL.

They guard against hands and tools that go around the write path. Migrations that rebuild a
guarded table call `install()` at their end, since SQLite drops a table's triggers with it.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

APPEND_ONLY = (
    "convoys_changeset",
    "convoys_event",
    "convoys_claim",
    "convoys_ledgerentry",
    "convoys_ledgernode",
    "convoys_erasure",
)
# Words and kept documents may be erased, with an entry that says so, but never changed.
NEVER_EDITED = ("convoys_words", "convoys_document")

FUNCTION = """
CREATE OR REPLACE FUNCTION convoys_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$
"""


def _guards(connection: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    """Table and operation refused, of the tables that there are: earlier migrations have fewer."""
    present = set(connection.introspection.table_names())
    refused = [(table, "UPDATE") for table in APPEND_ONLY + NEVER_EDITED]
    refused += [(table, "DELETE") for table in APPEND_ONLY]
    if connection.vendor == "postgresql":
        refused += [(table, "TRUNCATE") for table in APPEND_ONLY]
    return [(table, operation) for table, operation in refused if table in present]


def _name(table: str, operation: str) -> str:
    return f"{table}_no_{operation.lower()}"


def install(connection: BaseDatabaseWrapper) -> None:
    """Put every guard in place; safe to repeat."""
    remove(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(FUNCTION)
        for table, operation in _guards(connection):
            name = _name(table, operation)
            if connection.vendor == "postgresql":
                each = "STATEMENT" if operation == "TRUNCATE" else "ROW"
                cursor.execute(
                    f"CREATE TRIGGER {name} BEFORE {operation} ON {table} "
                    f"FOR EACH {each} EXECUTE FUNCTION convoys_append_only()"
                )
            else:
                cursor.execute(
                    f"CREATE TRIGGER {name} BEFORE {operation} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: {operation} refused'); END"
                )


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the guards away, for a flush of a test or demonstration database."""
    guards = _guards(connection)
    with connection.cursor() as cursor:
        for table, operation in guards:
            on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {_name(table, operation)}{on_table}")


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of guards that are not in place."""
    if connection.vendor == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    else:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        present = {row[0] for row in cursor.fetchall()}
    wanted = [_name(table, operation) for table, operation in _guards(connection)]
    return [name for name in wanted if name not in present]

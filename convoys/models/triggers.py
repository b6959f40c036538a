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
# Words may be erased, with an entry that says so, but never reworded.
NEVER_EDITED = ("convoys_words",)

FUNCTION = """
CREATE OR REPLACE FUNCTION convoys_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$
"""


def _guards() -> list[tuple[str, str]]:
    refused = [(table, "UPDATE") for table in APPEND_ONLY + NEVER_EDITED]
    return refused + [(table, "DELETE") for table in APPEND_ONLY]


def _name(table: str, operation: str) -> str:
    return f"{table}_no_{operation.lower()}"


def install(connection: BaseDatabaseWrapper) -> None:
    """Put every guard in place; safe to repeat."""
    remove(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(FUNCTION)
        for table, operation in _guards():
            name = _name(table, operation)
            if connection.vendor == "postgresql":
                cursor.execute(
                    f"CREATE TRIGGER {name} BEFORE {operation} ON {table} "
                    "FOR EACH ROW EXECUTE FUNCTION convoys_append_only()"
                )
            else:
                cursor.execute(
                    f"CREATE TRIGGER {name} BEFORE {operation} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: {operation} refused'); END"
                )
        if connection.vendor == "postgresql":
            for table in APPEND_ONLY:
                cursor.execute(
                    f"CREATE TRIGGER {_name(table, 'TRUNCATE')} BEFORE TRUNCATE ON {table} "
                    "FOR EACH STATEMENT EXECUTE FUNCTION convoys_append_only()"
                )


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the guards away, for a flush of a test or demonstration database."""
    names = [(table, _name(table, operation)) for table, operation in _guards()]
    if connection.vendor == "postgresql":
        names += [(table, _name(table, "TRUNCATE")) for table in APPEND_ONLY]
    with connection.cursor() as cursor:
        for table, name in names:
            on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}")


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of guards that are not in place."""
    if connection.vendor == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    else:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        present = {row[0] for row in cursor.fetchall()}
    wanted = [_name(table, operation) for table, operation in _guards()]
    if connection.vendor == "postgresql":
        wanted += [_name(table, "TRUNCATE") for table in APPEND_ONLY]
    return [name for name in wanted if name not in present]

"""Database triggers that keep the record append-only and mark master data as changed, on both databases.

They guard against hands and tools that go around the write path, and see every change of master
data, whoever makes it. Migrations that rebuild such a table call `install()` at their end (of
`accounts`, one of `convoys` after them), since SQLite drops a table's triggers with it.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

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

# Master data that answers show beside the record, and which of a table's columns count; (): all.
# Projections of the record do not: the write path moves them while it holds the ledger's head, after
# which nothing is locked, and the head tells of them.
MASTER_DATA: dict[str, tuple[str, ...]] = {
    "accounts_organisation": (),
    "accounts_organisationname": (),
    "convoys_place": (),
    "convoys_placename": (),
    "convoys_controlpoint": ("place_id", "type", "side_a_id", "side_b_id"),
    "convoys_route": (),
    "convoys_routestop": (),
    "convoys_agreement": ("code", "title", "is_exercise", "note"),
    "convoys_agreement_routes": (),
}
STAMP_TABLE = "convoys_masterdata"
# A new value that has never been: a counter would come to one again after a backup is put back.
STAMP = """
INSERT INTO convoys_masterdata (id, stamp) VALUES (1, {value})
ON CONFLICT (id) DO UPDATE SET stamp = excluded.stamp
"""
NEW_VALUE = {"postgresql": "gen_random_uuid()", "sqlite": "lower(hex(randomblob(16)))"}
STAMPING = f"""
CREATE OR REPLACE FUNCTION convoys_stamp_master_data() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {STAMP.format(value=NEW_VALUE["postgresql"])};
    RETURN NULL;
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


def _stamped(connection: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    """Table and operation that mark master data as changed, of the tables that there are."""
    present = set(connection.introspection.table_names())
    if STAMP_TABLE not in present:
        return []
    operations = ["INSERT", "UPDATE", "DELETE"]
    if connection.vendor == "postgresql":
        operations.append("TRUNCATE")
    return [(table, operation) for table in MASTER_DATA if table in present for operation in operations]


def _name(table: str, operation: str) -> str:
    return f"{table}_no_{operation.lower()}"


def _stamp_name(table: str, operation: str) -> str:
    return f"{table}_{operation.lower()}_stamps"


def install(connection: BaseDatabaseWrapper) -> None:
    """Put every trigger in place; safe to repeat."""
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
        _install_stamps(connection, cursor)


def _install_stamps(connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> None:
    stamped = _stamped(connection)
    if not stamped:
        return
    stamp = STAMP.format(value=NEW_VALUE[connection.vendor])
    if connection.vendor == "postgresql":
        cursor.execute(STAMPING)
    for table, operation in stamped:
        columns = ", ".join(MASTER_DATA[table]) if operation == "UPDATE" else ""
        when = f"{operation} OF {columns}" if columns else operation
        # Before the rows: who changes master data first waits for whoever is at it, and holds nothing yet.
        head = f"CREATE TRIGGER {_stamp_name(table, operation)} BEFORE {when} ON {table}"
        if connection.vendor == "postgresql":
            cursor.execute(f"{head} FOR EACH STATEMENT EXECUTE FUNCTION convoys_stamp_master_data()")
        else:
            cursor.execute(f"{head} BEGIN {stamp}; END")
    cursor.execute(stamp)  # while they were away anything may have changed


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take all of them away, for a flush of a test or demonstration database."""
    names = [(table, _name(table, operation)) for table, operation in _guards(connection)]
    names += [(table, _stamp_name(table, operation)) for table, operation in _stamped(connection)]
    with connection.cursor() as cursor:
        for table, name in names:
            on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}")


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of triggers that are not in place."""
    if connection.vendor == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    else:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        present = {row[0] for row in cursor.fetchall()}
    wanted = [_name(table, operation) for table, operation in _guards(connection)]
    wanted += [_stamp_name(table, operation) for table, operation in _stamped(connection)]
    return [name for name in wanted if name not in present]

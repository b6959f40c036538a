"""Stops a worker at a chosen point of its work: by a trigger in the database, not by a hook in the code.

The trigger asks for an advisory lock that the test holds, so whoever comes there waits until the
gate opens. What the worker was about to write is then written or, where the test wants so, undone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from urllib.parse import quote

import psycopg
from django.db import connection

from convoys.models import Alert, Message
from tests.chaos.processes import PATIENCE
from tests.test_wiring.waiting import until

KEY = 20230726


class Point(Enum):
    """When the gate is met: a table, and the trigger's clause."""

    ALERTS_INSERTED = (Alert, "TRIGGER {name} AFTER INSERT ON {table} FOR EACH STATEMENT")
    ALERTS_COMMITTING = (
        Alert,
        "CONSTRAINT TRIGGER {name} AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW",
    )
    ATTEMPT_BEGINNING = (
        Message,
        "TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW"
        " WHEN (OLD.attempt_began_at IS NULL AND NEW.attempt_began_at IS NOT NULL)",
    )
    SETTLING = (
        Message,
        "TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW"
        " WHEN (OLD.state <> 'sent' AND NEW.state = 'sent')",
    )


class Gate:
    """A gate that is shut. `waiting` are the database's own processes that stand before it."""

    def __init__(self, point: Point, holder: psycopg.Connection) -> None:
        self.point = point
        self._holder = holder

    def waiting(self) -> list[int]:
        rows = self._holder.execute(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [KEY],
        )
        return [int(pid) for (pid,) in rows]

    def until_somebody_waits(self, how_many: int = 1) -> None:
        what = f"{how_many} stand before the gate {self.point.name}"
        until(lambda: len(self.waiting()) >= how_many, what, PATIENCE)

    def undo(self) -> None:
        """Undo what those before the gate were about to write, as when their machine is gone."""
        for pid in self.waiting():
            self._holder.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    def open(self) -> None:
        """Let those through who wait, and everybody after them."""
        self._holder.execute("SELECT pg_advisory_unlock_all()")


def database_url() -> str:
    """Where the test's own database is."""
    at = connection.settings_dict
    who = quote(at["USER"] or "postgres") + (f":{quote(at['PASSWORD'])}" if at["PASSWORD"] else "")
    return f"postgres://{who}@{at['HOST'] or '127.0.0.1'}:{at['PORT'] or 5432}/{quote(at['NAME'])}"


@contextmanager
def gate(point: Point) -> Iterator[Gate]:
    """A shut gate at this point. It opens, and is gone, when the block ends."""
    model, clause = point.value
    name, table = f"chaos_{point.name.lower()}", model._meta.db_table
    with psycopg.connect(database_url(), autocommit=True) as holder:
        holder.execute(
            f"CREATE OR REPLACE FUNCTION chaos_wait() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0"
            f" AS $$ BEGIN PERFORM pg_advisory_lock_shared({KEY}); PERFORM pg_advisory_unlock_shared({KEY});"
            f" RETURN NEW; END $$"
        )
        holder.execute("SELECT pg_advisory_lock(%s)", [KEY])
        holder.execute(f"CREATE {clause.format(name=name, table=table)} EXECUTE FUNCTION chaos_wait()")
        shut = Gate(point, holder)
        try:
            yield shut
        finally:
            shut.open()
            holder.execute(f"DROP TRIGGER {name} ON {table}")

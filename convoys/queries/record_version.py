"""In which state record and master data are: the same version, the same answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Subquery

from convoys.models import LedgerHead, MasterData
from convoys.queries.compiled import Compiled


@dataclass(frozen=True, slots=True)
class RecordVersion:
    """The ledger's head, and the stamp that is new after every change of master data.

    No two states of the database share one, not even where a backup was put back: root and stamp
    hold random bits.
    """

    size: int
    root: bytes
    head_at: datetime | None
    master_data: UUID | None


_VERSION = Compiled(
    lambda: LedgerHead.objects.values_list(
        "size", "root", "time", Subquery(MasterData.objects.values("stamp")[:1])
    )
)


def record_version() -> RecordVersion | None:
    """The version as of now, by one statement; None where nothing was ever recorded.

    Ask before reading what the answer tells: what is written in between then makes the answer newer
    than its version, and never older.
    """
    found = _VERSION.rows()
    if not found:
        return None
    size, root, head_at, master_data = found[0]
    return RecordVersion(size, bytes(root), head_at, master_data)

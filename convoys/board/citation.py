"""How a page is cited: an address that carries both moments and the ledger's size and head.

Whoever opens it later sees the same answer, and whether the ledger of then is still the beginning
of today's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.utils import timezone

from convoys.board.day import Day
from convoys.queries.ledger_head import newest_head
from convoys.queries.proofs import root_at

HEAD = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


@dataclass(frozen=True)
class Citation:
    """The address of this page for good. `holds` is about the head that it was opened with, if any."""

    address: str
    size: int
    root: str
    asked_size: int = 0
    holds: bool | None = None


def citation_of(path: str, day: Day, asked_head: str = "") -> Citation:
    """Cite the page at this path as of the day; `asked_head` is the `ledger` of its present address."""
    size, root = newest_head()
    moment, now = day.moment, timezone.now()
    carried = {
        "as_of": _instant(moment.as_of or now),
        "known_at": _instant(moment.known_at or now),
        "ledger": f"{size}:{root.hex()}",
    }
    found = HEAD.fullmatch(asked_head)
    if found is None:
        return Citation(f"{path}?{urlencode(carried, safe=':')}", size, root.hex())
    asked_size = int(found[1])
    holds = asked_size <= size and root_at(asked_size).hex() == found[2]
    return Citation(f"{path}?{urlencode(carried, safe=':')}", size, root.hex(), asked_size, holds)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")

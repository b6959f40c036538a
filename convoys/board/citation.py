"""How a page is cited: an address that carries both moments and the ledger's size and head.

Whoever opens it later sees the very same page, out of the entries that the ledger had then, and
whether the ledger of then is still the beginning of today's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.utils import timezone

from convoys.board.day import Day
from convoys.queries.ledger_head import newest_head
from convoys.queries.proofs import root_at

HEAD = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")


@dataclass(frozen=True)
class Cited:
    """The head that the address of a page carries, and whether this ledger had it once."""

    size: int
    root: str
    holds: bool
    is_longer: bool  # it names more entries than the ledger has


@dataclass(frozen=True)
class Citation:
    """The address of a page for good, its parameters, and the head that it carries."""

    address: str
    query: str
    size: int
    root: str


def cited_in(address: str) -> Cited | None:
    """Read the `ledger` parameter of an address; None where it carries none, or nothing that is a head."""
    found = HEAD.fullmatch(address)
    if found is None:
        return None
    asked, root = int(found[1]), found[2]
    size, _head = newest_head()
    return Cited(asked, root, asked <= size and root_at(asked).hex() == root, asked > size)


def as_cited(day: Day, cited: Cited | None) -> Day:
    """The day out of the entries that were cited. A head that does not hold has none."""
    if cited is None or not cited.holds:
        return day
    return replace(day, moment=replace(day.moment, size=cited.size))


def citation_of(path: str, day: Day, cited: Cited | None) -> Citation:
    """Cite the page at this path as of the day: by the head that it was opened with, if that holds."""
    size, root = newest_head()
    if cited is not None and cited.holds:
        size, root = cited.size, bytes.fromhex(cited.root)
    now = timezone.now()
    carried = {"as_of": _instant(day.moment.as_of or now), "known_at": _instant(day.moment.known_at or now)}
    query = urlencode(carried, safe=":")
    return Citation(f"{path}?{query}&ledger={size}:{root.hex()}", query, size, root.hex())


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")

"""What a workbook says about itself: a file is copied and kept long after its address is forgotten."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from convoys.api.etags import Basis
from convoys.api.formats.columns import Cell
from convoys.clocks import instance_zone
from convoys.queries.api_ledger import head_told

EMPTY = "Unknown, or not stated; never 0. A low figure without a high one means at least."
RULES = f"{settings.SITE_URL}/api/v1/docs"


def about(view: Any) -> list[tuple[str, Cell]]:
    """Where it is from, and how far the record had come. Nothing of who asked, and nothing of the clock:
    the same table is the same file."""
    return [
        ("What", view.table.name),
        ("Address", view.request.build_absolute_uri()),
        *(_record() if view.basis is Basis.RECORD else []),
        ("Empty cells", EMPTY),
        ("Explained at", RULES),
    ]


def _record() -> list[tuple[str, Cell]]:
    head = head_told()
    return [
        ("Ledger entries", head.size),
        ("Newest entry of", head.time.astimezone(instance_zone()).isoformat() if head.time else None),
        ("Ledger root", head.root.hex()),
    ]


def moment_rows(moment: dict[str, Any]) -> list[tuple[str, Cell]]:
    """Of which moment it is, where it can be asked about another."""
    told = moment.get("moment")
    if told is None:
        return []
    basis = told["basis"]
    return [
        ("As of", told["as_of"] or "now: when the newest entry was written"),
        ("Known at", told["known_at"] or "now"),
        ("Basis", basis),
    ]

"""Code lists as one table: what each code means, and its nearest code elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convoys.api.formats.columns import WIDE, WIDEST, Column, Row, Table, flat, joined, text


def rows_in(lists: Any) -> Iterator[Row]:
    """Every code, list by list."""
    for name, codes in lists.items():
        for code in codes:
            yield {"list": name, **code}


VOCABULARY = Table(
    "vocabulary",
    flat(
        text("list", "#meta+list"),
        text("code", "#meta+code", WIDE),
        text("label", "#description+label", WIDEST),
        (
            Column(
                "outside",
                "outside",
                "#meta+code+outside",
                lambda value: "; ".join(f"{scheme}={code}" for scheme, code in value.items()) or None,
                WIDE,
            ),
        ),
        joined("subjects", "#event+subject+type", WIDE),
        joined("changes_state_from", "#status+from", WIDE),
        text("reports", "#event+reports"),
        text("after_final", "#event+after_final"),
    ),
    rows_in,
)

"""Figures as tables: groups, what is not confirmed, and the totals, each row with the rule it is counted by.

A row may be copied out of its table: so each says of which moment it is, and how it was counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from convoys.api.formats.columns import (
    WIDE,
    WIDEST,
    Column,
    Columns,
    Row,
    Table,
    decimal,
    flat,
    instant,
    nested,
    text,
)
from convoys.queries.durations import LIMITS

# The parts of an answer in the order of the table, each with what its rows are called in the column `row`.
PARTS = (
    ("results", "group"),
    ("not_confirmed", "not_confirmed"),
    ("total", "total"),
    ("not_confirmed_total", "not_confirmed_total"),
)
ABOUT_ALL = ("group_by", "overlapping", "counting_rule", "moment")


def rows_in(answer: Any) -> Iterator[Row]:
    """Every figure of an answer; totals stand last and say so, and may not be summed with the rest."""
    about = {name: answer[name] for name in ABOUT_ALL}
    for part, called in PARTS:
        found = answer.get(part, [])
        for figures in found if isinstance(found, list) else [found]:
            yield {"row": called, **figures, **about}


def _figures(name: str, *columns: Columns) -> Table:
    return Table(
        name,
        flat(
            text("row", "#meta+row"),
            text("group_by", "#group+type"),
            text("key", "#group+code", WIDE),
            text("name", "#group+name", WIDE),
            *columns,
            text("overlapping", "#meta+overlapping"),
            nested(
                "moment",
                instant("as_of", "#date+as_of"),
                instant("known_at", "#date+known_at"),
                text("backfilled", "#meta+backfilled"),
                text("basis", "#meta+basis", WIDE),
            ),
            text("counting_rule", "#meta+counting_rule", WIDEST),
        ),
        rows_in,
    )


def _length(number: int, name: str) -> Column:
    return Column(
        "lengths", f"lengths_{name}", f"#event+num+days_{name}", lambda value: value[number]["holds"]
    )


def _lengths() -> Columns:
    """How many holds lasted so long, in days: `lengths_3_7` are those of at least 3 and less than 7."""
    ends = pairwise([*LIMITS, "more"])
    return tuple(_length(number, f"{least}_{below}") for number, (least, below) in enumerate(ends))


TONNE_DAYS = _figures(
    "tonne-days",
    decimal("low", "#impact+num+tonne_days+min"),
    decimal("high", "#impact+num+tonne_days+max"),
    text("holds", "#event+num"),
    text("unknown_tonnage", "#event+num+unknown_tonnage"),
)

HELD_NOW = _figures(
    "held-now",
    text("convoys", "#affected+num+convoys"),
    decimal("tonnes_low", "#output+num+tonnes+min"),
    decimal("tonnes_high", "#output+num+tonnes+max"),
    text("unknown_tonnage", "#affected+num+convoys+unknown_tonnage"),
    instant("longest_held_since", "#date+start"),
    text("longest_held_precision", "#date+start+precision"),
)

DURATIONS = _figures(
    "durations",
    text("holds", "#event+num+ended"),
    decimal("shortest", "#event+num+days+min"),
    decimal("median", "#event+num+days+median"),
    decimal("longest", "#event+num+days+max"),
    _lengths(),
    nested(
        "open",
        text("holds", "#event+num+open"),
        text("not_confirmed", "#event+num+open+not_confirmed"),
        decimal("longest_low", "#event+num+days+open+min"),
        decimal("longest_high", "#event+num+days+open+max"),
    ),
)

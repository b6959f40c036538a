"""Lines of `records.csv` as records of the write path, registrations with their declaration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from convoys.services.changes import Account, Record, SubjectRef, When
from convoys.services.importing import cells
from convoys.services.importing.tables import Case, Row
from convoys.vocabulary import KINDS, Audience, DecidedBy, Item

# A note's own text in the files is the compiler's remark, which is for staff: what partners read is this.
NOTE_FOR_PARTNERS = "What is reported here may concern this convoy; the accounts say how far."
SIDES = frozenset(DecidedBy)


def subject_of(row: Row) -> SubjectRef:
    return SubjectRef(row["subject_type"], row["subject"])


def when_of(row: Row, zone: ZoneInfo) -> When:
    return When.parse(
        row["occurred_at"],
        zone,
        precision=row["precision"],
        bound=row["bound"],
        as_printed=row["time_as_printed"],
    )


def record_of(row: Row, case: Case, zone: ZoneInfo, claims: Sequence[Account]) -> Record:
    """One event with its claims, for all partners. A registration shares its convoy with them."""
    kind = KINDS[row["kind"]]
    decided_by = row["decided_by"]
    is_side = decided_by in SIDES
    carries_load = "trucks" in kind.allowed
    return Record(
        subject=subject_of(row),
        kind=kind.code,
        when=when_of(row, zone),
        place=row["place"],
        held_before=row["held_before"],
        heading=row["heading"],
        decided_by=decided_by if is_side else "",
        decided_by_organisation="" if is_side else decided_by,
        access=row["access"],
        trucks=cells.whole(row, "trucks") if carries_load else None,
        tonnes_low=cells.decimal(row, "tonnes_low") if carries_load else None,
        tonnes_high=cells.decimal(row, "tonnes_high") if carries_load else None,
        declares=declares_of(row, case),
        visible_to="all_partners" if kind.code == "registered" else None,
        text=NOTE_FOR_PARTNERS if "text" in kind.required else "",
        audience=Audience.PARTNERS,
        claims=claims,
    )


def declares_of(row: Row, case: Case) -> dict[str, Any]:
    """The items that a registration or an amendment states; an item that nobody states is left out."""
    if row["kind"] not in ("registered", "amended"):
        return {}
    declared: dict[str, Any] = {}
    if row["kind"] == "registered":
        declared |= _registration(next(c for c in case.rows("convoys") if c["reference"] == row["subject"]))
    if row["trucks"]:
        declared[Item.TRUCKS] = cells.whole(row, "trucks")
    if row["tonnes_low"]:
        declared[Item.TONNES] = _tonnes(row)
    lines = [line for line in case.rows("cargo_lines") if row["id"] in cells.codes(line, "record")]
    if lines:
        declared[Item.CARGO] = [_cargo_line(line) for line in lines]
    return declared


def _registration(convoy: Row) -> dict[str, Any]:
    declared: dict[str, Any] = {}
    if convoy["sponsors"]:
        declared[Item.SPONSORS] = list(cells.codes(convoy, "sponsors"))
    for item in (Item.CARRIER, Item.CONSIGNEE, Item.ORIGIN, Item.DESTINATION, Item.ROUTE):
        if convoy[item]:
            declared[item] = convoy[item]
    return declared


def _tonnes(row: Row) -> dict[str, Any]:
    figures = {"low": cells.decimal(row, "tonnes_low"), "high": cells.decimal(row, "tonnes_high")}
    return {end: str(figure) for end, figure in figures.items() if figure is not None}


def _cargo_line(line: Row) -> dict[str, Any]:
    quantity, tonnes = cells.decimal(line, "quantity"), _tonnes(line)
    said: Mapping[str, Any] = {
        "category": line["category"],
        "description": line["description"],
        "quantity": None if quantity is None else str(quantity),
        "unit": line["unit"],
        "tonnes_low": tonnes.get("low"),
        "tonnes_high": tonnes.get("high"),
    }
    return {name: value for name, value in said.items() if value not in (None, "")}

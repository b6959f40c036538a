"""Whether a case's files hold together, before anything of them is written."""

from __future__ import annotations

from collections.abc import Iterator

from accounts.models import OrganisationType
from convoys.services.importing import cells
from convoys.services.importing.tables import BadCase, Case, Row
from convoys.vocabulary import KINDS, ControlPointType, Item, PlaceKind, SubjectType

KEYS = {
    "organisations": "code",
    "places": "code",
    "control_points": "place",
    "agreements": "code",
    "convoys": "reference",
    "records": "id",
    "claims": "id",
}
# Cells that hold one code (or several, divided by semicolons) of another file's rows.
REFERENCES = (
    ("control_points", "place", "places"),
    ("control_points", "side_a", "places"),
    ("control_points", "side_b", "places"),
    ("routes", "place", "places"),
    ("agreements", "routes", "routes"),
    ("convoys", "sponsors", "organisations"),
    ("convoys", "carrier", "organisations"),
    ("convoys", "consignee", "organisations"),
    ("convoys", "origin", "places"),
    ("convoys", "destination", "places"),
    ("convoys", "route", "routes"),
    ("cargo_lines", "reference", "convoys"),
    ("cargo_lines", "record", "records"),
    ("records", "place", "places"),
    ("records", "held_before", "control_points"),
    ("records", "heading", "places"),
    ("claims", "alleged_holder", "organisations"),
)
CODES = (
    ("organisations", "type", frozenset(OrganisationType.values)),
    ("places", "kind", frozenset(PlaceKind.values)),
    ("control_points", "type", frozenset(ControlPointType.values)),
    ("records", "kind", frozenset(KINDS)),
    ("records", "subject_type", frozenset(SubjectType.values)),
)
SUBJECTS = {
    SubjectType.CONVOY: "convoys",
    SubjectType.CONTROL_POINT: "control_points",
    SubjectType.AGREEMENT: "agreements",
}


def check_case(case: Case) -> None:
    """Raises BadCase naming the first line that refers to nothing, or says what cannot be."""
    known = {table: _keys(case, table) for table in KEYS}
    known["routes"] = frozenset(row["route"] for row in case.rows("routes"))
    for fault in _faults(case, known):
        raise BadCase(fault)


def _keys(case: Case, table: str) -> frozenset[str]:
    keys = [row[KEYS[table]] for row in case.rows(table)]
    for number, key in enumerate(keys):
        if not key or key in keys[:number]:
            raise BadCase(f"{table}.csv: {KEYS[table]} {key!r} is empty or stands there twice.")
    return frozenset(keys)


def _faults(case: Case, known: dict[str, frozenset[str]]) -> Iterator[str]:
    for table, column, allowed in CODES:
        for row in case.rows(table):
            if row[column] not in allowed:
                yield f"{_line(table, row)}: {column} {row[column]!r} is no code of ours."
    for table, column, other in REFERENCES:
        for row in case.rows(table):
            for code in cells.codes(row, column):
                if code not in known[other]:
                    yield f"{_line(table, row)}: {column} {code!r} is not in {other}.csv."
    registered = set()
    for row in case.rows("records"):
        other = SUBJECTS[SubjectType(row["subject_type"])]
        if row["subject"] not in known[other]:
            yield f"{_line('records', row)}: subject {row['subject']!r} is not in {other}.csv."
        if row["kind"] == "registered":
            registered.add(row["subject"])
        elif other == "convoys" and row["subject"] not in registered:
            yield f"{_line('records', row)}: its convoy is not registered by a line before it."
    for row in case.rows("claims"):
        reference, _, item = row["target"].partition(":")
        is_line = row["target"] in known["records"] or row["target"] in known["claims"] - {row["id"]}
        if not is_line and not (reference in registered and item in Item.values):
            yield f"{_line('claims', row)}: target {row['target']!r} is neither a line nor a convoy's figure."


def _line(table: str, row: Row) -> str:
    return f"{table}.csv, {cells.where(row)}"

"""A case's files, read whole: rows as text by column, each file's columns checked on the way in."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

Row = Mapping[str, str]

# One entry per file. A column that is not named here is left unread (raw_rows, note of a control point ...).
COLUMNS: dict[str, tuple[str, ...]] = {
    "organisations": ("code", "name", "name_hy", "name_az", "name_other", "type", "country", "note"),
    "places": (
        "code", "kind", "name_hy", "name_az", "name_other", "aliases", "country", "latitude", "longitude",
        "coordinate_source", "time_zone", "note",
    ),
    "control_points": ("place", "type", "side_a", "side_b", "note"),
    "routes": ("route", "position", "place"),
    "route_names": ("route", "name", "desk_email"),
    "agreements": ("code", "title", "routes", "note"),
    "convoys": (
        "reference", "sponsors", "carrier", "consignee", "origin", "destination", "route", "tonnes_note",
        "in_article", "in_article_note", "note",
    ),
    "cargo_lines": (
        "reference", "line", "record", "category", "description", "quantity", "unit", "tonnes_low",
        "tonnes_high",
    ),
    "records": (
        "id", "subject_type", "subject", "kind", "occurred_at", "precision", "bound", "time_as_printed",
        "place", "held_before", "heading", "decided_by", "access", "trucks", "tonnes_low", "tonnes_high",
        "note",
    ),
    "claims": (
        "id", "target", "speaker", "speaker_person", "speaker_kind", "publisher", "title", "url", "language",
        "said_on", "reported_on", "stance", "statement", "verbatim", "alleged_holder", "alleged_cause",
        "alleged_on", "alleged_place", "alleged_access", "alleged_order", "alleged_trucks",
        "alleged_tonnes_low", "alleged_tonnes_high", "note",
    ),
}  # fmt: skip
OPTIONAL = frozenset({"agreements", "route_names"})


class BadCase(Exception):
    """A file of the case cannot be taken as it is; the message names file, line and column."""


@dataclass(frozen=True)
class Case:
    """What a folder holds. `name` is the folder's, and goes into the identity of every change set."""

    name: str
    tables: Mapping[str, tuple[Row, ...]]

    def rows(self, table: str) -> tuple[Row, ...]:
        return self.tables[table]


def read_case(folder: Path) -> Case:
    """Read every file of the folder; raises BadCase where one is missing or has other columns."""
    return Case(folder.resolve().name, {table: read_table(folder / f"{table}.csv") for table in COLUMNS})


def read_table(path: Path) -> tuple[Row, ...]:
    """One file's rows; cells lose surrounding space. An optional file that is missing is empty."""
    columns = COLUMNS[path.stem]
    if not path.exists() and path.stem in OPTIONAL:
        return ()
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                raise BadCase(f"{path.name} lacks the column {', '.join(missing)}.")
            return tuple(_row(path.name, reader.line_num, row) for row in reader)
    except FileNotFoundError as error:
        raise BadCase(f"{path} is not there.") from error
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise BadCase(f"{path.name} cannot be read as CSV in UTF-8: {error}.") from error


def _row(file: str, line: int, row: dict[str | None, str | list[str] | None]) -> Row:
    if None in row or None in row.values():
        raise BadCase(f"{file}, line {line}: not as many cells as the header has.")
    return {str(column): str(value).strip() for column, value in row.items()}

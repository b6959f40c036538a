"""The case's files hold together, and are turned into what they say, before anything is written."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from accounts.models import OrganisationType
from convoys.services.demo import CASE
from convoys.services.importing import cells
from convoys.services.importing.accounts import account_of
from convoys.services.importing.checking import check_case
from convoys.services.importing.records import declares_of, record_of
from convoys.services.importing.tables import BadCase, Case, read_case, read_table
from convoys.vocabulary import KINDS, CargoCategory, Cause

TBILISI = ZoneInfo("Asia/Tbilisi")
ROWS = {
    "organisations": 69, "places": 20, "control_points": 4, "routes": 17, "agreements": 4, "convoys": 12,
    "cargo_lines": 27, "records": 94, "claims": 229,
}  # fmt: skip


@pytest.fixture(scope="module")
def case() -> Case:
    return read_case(CASE)


@pytest.mark.parametrize(("table", "count"), ROWS.items())
def test_every_row_is_read(case: Case, table: str, count: int) -> None:
    assert len(case.rows(table)) == count


def test_known_from_is_the_earliest_day_of_a_document_that_reports_or_confirms(case: Case) -> None:
    """The write path derives an event's knowledge from its claims: on every row it must agree."""
    for record in case.rows("records"):
        days = [
            claim["reported_on"]
            for claim in case.rows("claims")
            if claim["target"] == record["id"]
            and claim["stance"] in ("reports", "confirms")
            and claim["reported_on"]
        ]
        assert min(days, default="") == record["known_from"], record["id"]


def test_registrations_and_amendments_add_up_to_the_declaration_as_known_today(case: Case) -> None:
    for convoy in case.rows("convoys"):
        declared: dict[str, Any] = {}
        for record in case.rows("records"):
            if record["subject"] == convoy["reference"]:
                declared |= declares_of(record, case)
        tonnes = declared.get("tonnes", {})
        assert ";".join(declared.get("sponsors", [])) == convoy["sponsors"]
        for item in ("carrier", "consignee", "origin", "destination", "route"):
            assert declared.get(item, "") == convoy[item], convoy["reference"]
        assert str(declared.get("trucks", "")) == convoy["trucks"], convoy["reference"]
        assert tonnes.get("low", "") == convoy["tonnes_low"], convoy["reference"]
        assert tonnes.get("high", "") == convoy["tonnes_high"], convoy["reference"]
        lines = [line for line in case.rows("cargo_lines") if line["reference"] == convoy["reference"]]
        assert len(declared.get("cargo", [])) == len(lines), convoy["reference"]


def test_an_amendment_replaces_the_whole_cargo(case: Case) -> None:
    registered, amended = (
        declares_of(next(row for row in case.rows("records") if row["id"] == record), case)["cargo"]
        for record in ("KB23-06.01", "KB23-06.09")
    )
    assert [line["category"] for line in registered] == ["food"]
    assert [line["category"] for line in amended] == ["food", "wash", "shelter_nfi"]
    assert amended[1]["quantity"] == "192"
    assert "tonnes_low" not in amended[1]


def test_every_code_is_one_of_ours(case: Case) -> None:
    organisations = {row["code"] for row in case.rows("organisations")}
    places = {row["code"] for row in case.rows("places")}
    for row in case.rows("records"):
        record = record_of(row, case, TBILISI, [])
        kind = KINDS[record.kind]
        stated = {name for name in KINDS_FIELDS if getattr(record, name) not in (None, "")}
        assert stated <= kind.allowed, row["id"]
        assert {record.place, record.heading, record.held_before} - {""} <= places
        assert {record.decided_by_organisation} - {""} <= organisations
    for row in case.rows("claims"):
        account = account_of(row, dict.fromkeys(places, row), TBILISI)
        assert set(account.alleged_causes) <= set(Cause), row["id"]
        assert set(account.alleged_holders) <= organisations, row["id"]
    assert {row["category"] for row in case.rows("cargo_lines")} <= set(CargoCategory)
    assert {row["type"] for row in case.rows("organisations")} <= set(OrganisationType)


KINDS_FIELDS = (
    "place", "held_before", "heading", "decided_by", "decided_by_organisation", "access", "trucks",
    "tonnes_low", "tonnes_high",
)  # fmt: skip


def test_a_note_is_for_staff_and_never_what_partners_read(case: Case) -> None:
    notes = {row["note"] for row in case.rows("records")} - {""}
    for row in case.rows("records"):
        record = record_of(row, case, TBILISI, [])
        assert record.text not in notes
        assert record.audience == "partners"


def test_an_alleged_place_that_is_no_place_on_record_stays_words(case: Case) -> None:
    places = {row["code"]: row for row in case.rows("places")}
    account = account_of(next(row for row in case.rows("claims") if row["id"] == "C108"), places, TBILISI)
    assert account.alleged_place == ""
    assert account.alleged_place_words == "a few kilometers from Karabakh"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"route,position\nx,1\n", "lacks the column place"),
        (b"route,position,place\nx,1\n", "line 2: not as many cells"),
        (b"route,position,place\nx,1,\xff\n", "cannot be read as CSV in UTF-8"),
    ],
)
def test_a_file_of_another_shape_is_refused_with_its_name(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "routes.csv"
    path.write_bytes(content)
    with pytest.raises(BadCase, match=f"routes.csv.*{message}"):
        read_table(path)


def test_an_empty_cell_is_unknown_and_a_bad_one_names_its_line() -> None:
    assert cells.decimal({"id": "X", "tonnes_low": ""}, "tonnes_low") is None
    assert cells.decimal({"id": "X", "tonnes_low": "69.15"}, "tonnes_low") == Decimal("69.15")
    with pytest.raises(BadCase, match="X: tonnes_low is 'NaN'"):
        cells.decimal({"id": "X", "tonnes_low": "NaN"}, "tonnes_low")
    with pytest.raises(BadCase, match="X: said_on is 'May'"):
        cells.day({"id": "X", "said_on": "May"}, "said_on")


@pytest.mark.parametrize(
    ("table", "line", "changes", "message"),
    [
        (
            "records",
            3,
            {"kind": "vanished"},
            r"records\.csv, KB23-01\.04: kind 'vanished' is no code of ours",
        ),
        ("records", 3, {"place": "nowhere"}, r"KB23-01\.04: place 'nowhere' is not in places\.csv"),
        ("records", 3, {"held_before": "goris"}, r"'goris' is not in control_points\.csv"),
        (
            "records",
            3,
            {"id": "KB23-01.03"},
            r"records\.csv: id 'KB23-01\.03' is empty or stands there twice",
        ),
        ("records", 0, {"kind": "departed"}, r"KB23-01\.01: its convoy is not registered by a line before"),
        ("records", 93, {"subject": "AG9"}, r"subject 'AG9' is not in agreements\.csv"),
        ("claims", 0, {"target": "KB23-99.01"}, r"claims\.csv, C001: target 'KB23-99\.01' is neither"),
        ("claims", 0, {"target": "KB23-01:colour"}, r"C001: target 'KB23-01:colour' is neither"),
        ("claims", 0, {"target": "C001"}, r"C001: target 'C001' is neither"),
        ("claims", 0, {"alleged_holder": "nobody"}, r"alleged_holder 'nobody' is not in organisations\.csv"),
        ("routes", 0, {"place": "nowhere"}, r"routes\.csv, aghdam: place 'nowhere' is not in places\.csv"),
        ("convoys", 0, {"sponsors": "am_government;x"}, r"convoys\.csv, KB23-01: sponsors 'x' is not in"),
        ("cargo_lines", 0, {"record": "KB23-99.01"}, r"record 'KB23-99\.01' is not in records\.csv"),
        ("places", 0, {"kind": "moon"}, r"kind 'moon' is no code of ours"),
    ],
)
def test_a_line_that_refers_to_nothing_is_named_before_anything_is_written(
    case: Case, table: str, line: int, changes: dict[str, str], message: str
) -> None:
    rows = list(case.rows(table))
    rows[line] = dict(rows[line]) | changes
    with pytest.raises(BadCase, match=message):
        check_case(Case(case.name, {**case.tables, table: tuple(rows)}))


def test_the_case_that_comes_with_the_project_holds_together(case: Case) -> None:
    check_case(case)

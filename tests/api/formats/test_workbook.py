"""Workbooks open elsewhere, hold what fits, and never a formula."""

from __future__ import annotations

import io
import zipfile
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook

from convoys.api.formats import workbook as rooms
from convoys.api.formats.workbook import CUT, MOST_CHARACTERS, Workbook, letters


def written(rows: list[list[Any]], heads: list[list[str]] | None = None, about: Any = ()) -> bytes:
    out = io.BytesIO()
    heads = heads or [["a", "b"]]
    with Workbook(out, "convoys", heads, [10] * len(heads[0])) as workbook:
        for row in rows:
            workbook.add(row)
        workbook.finish(about)
    return out.getvalue()


def test_columns_are_called_as_spreadsheets_call_them() -> None:
    assert [letters(n) for n in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]


def test_numbers_are_numbers_text_is_text_and_what_is_unknown_is_empty() -> None:
    book = load_workbook(io.BytesIO(written([[Decimal("40.500"), "40.500"], [-3, None], [True, "=1+1"]])))
    cells = [cell for row in book["convoys"].iter_rows(min_row=2) for cell in row]
    assert [(cell.value, cell.data_type) for cell in cells] == [
        (40.5, "n"), ("40.500", "s"), (-3, "n"), (None, "n"), (True, "b"), ("=1+1", "s"),
    ]  # fmt: skip
    assert [cell.quotePrefix for cell in cells][-1] is True
    assert [cell.quotePrefix for cell in cells][1] is False


def test_a_number_with_more_digits_than_a_spreadsheet_keeps_is_text() -> None:
    book = load_workbook(io.BytesIO(written([[2**62, 10**15 - 1]])))
    assert [cell.value for cell in book["convoys"][2]] == [str(2**62), 10**15 - 1]


def test_names_are_bold_and_stay_when_one_scrolls_and_rows_can_be_filtered() -> None:
    heads = [["reference", "status"], ["#meta+id", "#status+code"]]
    sheet = load_workbook(io.BytesIO(written([["C-1", "held"]], heads)))["convoys"]
    assert sheet.freeze_panes == "A3"
    assert sheet.auto_filter.ref == "A2:B3"
    assert [sheet["A1"].font.b, sheet["A2"].font.b, sheet["A3"].font.b] == [True, True, False]


def test_there_is_no_formula_in_any_part_whatever_is_written() -> None:
    nasty = ["=1+1", '<r></is></c><c r="B1"><f>1+1</f></c><c t="inlineStr"><is></r>', "</t><f>1</f>"]
    content = written([[text, text] for text in nasty], about=[("Address", "=1+1")])
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    for name in archive.namelist():
        assert b"<f>" not in archive.read(name), name
    assert [
        row[0].value for row in load_workbook(io.BytesIO(content))["convoys"].iter_rows(min_row=2)
    ] == nasty


@pytest.mark.parametrize("sign", ["x", "🚚", "é"])
def test_a_text_too_long_for_a_cell_is_cut_and_says_so(sign: str) -> None:
    fits = sign * (MOST_CHARACTERS // len(sign.encode("utf-16-le")) * 2)
    whole, cut = load_workbook(io.BytesIO(written([[fits, fits * 2]])))["convoys"][2]
    assert whole.value == fits
    assert cut.value.endswith(CUT)
    assert len(cut.value.encode("utf-16-le")) // 2 <= MOST_CHARACTERS
    assert fits.startswith(cut.value.removesuffix(CUT))


def test_rows_that_no_sheet_has_room_for_go_on_on_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "MOST_ROWS", 4)
    book = load_workbook(io.BytesIO(written([[n, n] for n in range(7)])))
    assert book.sheetnames == ["convoys", "convoys 2", "convoys 3", "About"]
    rows = [list(book[name].iter_rows(values_only=True)) for name in book.sheetnames[:3]]
    assert [sheet[0] for sheet in rows] == [("a", "b")] * 3
    assert [row[0] for sheet in rows for row in sheet[1:]] == list(range(7))


def test_a_sheet_of_too_many_bytes_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "MOST_BYTES", 2000)
    book = load_workbook(io.BytesIO(written([["x" * 900, n] for n in range(6)])))
    rows = [row for name in book.sheetnames[:-1] for row in book[name].iter_rows(min_row=2, values_only=True)]
    assert len(book.sheetnames) > 2
    assert [row[1] for row in rows] == list(range(6))


def test_the_same_table_is_the_same_file() -> None:
    assert written([["C-1", 1]]) == written([["C-1", 1]])


def test_a_table_without_rows_opens() -> None:
    assert load_workbook(io.BytesIO(written([]))).sheetnames == ["convoys", "About"]

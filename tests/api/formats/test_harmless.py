"""Whatever a person can write, no spreadsheet takes it for a formula."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from convoys.api.formats.csv_file import lines
from convoys.api.formats.harmless import harmless
from convoys.api.formats.workbook import Workbook
from tests.api.formats.reading import sheets

SIGNS = "=+-@＝＋－＠﹢﹣﹦﹫"
UNSEEN = " \t\r\n\x0b\x0c\x00\u00a0\u200b\u2060\ufeff\u202e\"'`“”«»"
DIVIDERS = ",;|\t\r\n"
# Mostly of what matters here, so that few tries find much; and anything else.
nasty = st.text(st.sampled_from(SIGNS + UNSEEN + DIVIDERS + "1A(!<>&"), max_size=12)
written = nasty | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def runs(cell: str) -> bool:
    """What the most eager of spreadsheets might do: looks behind all that is not seen."""
    return cell.lstrip(UNSEEN.replace("'", ""))[:1] in set(SIGNS)


@given(st.lists(written, min_size=1, max_size=4))
@example(["=1+1"])
@example(["\t=1+1"])
@example(['  "\'=HYPERLINK("http://a")'])
@example(["＝1", "＋1"])
@example(["a;=1+1;b"])
@example(["two lines\n@SUM(1)"])
def test_no_cell_is_a_formula_however_the_file_is_divided(texts: list[str]) -> None:
    content = b"".join(lines([texts])).decode()
    (row,) = csv.reader(io.StringIO(content, newline=""))
    assert len(row) == len(texts)
    for cell in row:
        assert not runs(cell), cell
        assert not cell.startswith(("\t", "\r"))
    for piece in re.split(f"[{DIVIDERS}]", content):
        assert not runs(piece), piece


@given(written)
def test_what_is_marked_is_the_text_with_apostrophes_and_nothing_else(text: str) -> None:
    marked = harmless(text)
    rest = iter(text)
    following = next(rest, None)
    for sign in marked:
        if sign == following:
            following = next(rest, None)
        else:
            assert sign == "'"
    assert following is None


@pytest.mark.parametrize(
    "text", ["", "flour", "KB23-06", "40.000", "a - b", "1=1", "x@y.example", "Berdzor / Lachin", "it's"]
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_a_long_text_of_signs_that_are_not_seen_is_gone_over_once() -> None:
    """Were each line end looked behind anew, these would be a thousand million steps."""
    for unseen in ("\n", "\t ", ";", " \"'"):
        assert harmless("a" + unseen * 60_000 + "b").count("a") == 1
        assert harmless("a" + unseen * 60_000 + "=1").endswith("=1")


def test_numbers_of_ours_are_no_text() -> None:
    row = b"".join(lines([[-3, Decimal("-46.75128"), Decimal("0.000"), None, True, False, "-3"]]))
    assert row == b"-3,-46.75128,0.000,,true,false,'-3\r\n"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), min_size=1, max_size=3))
@example(["=1+1"])
@example(['<r></is></c><c r="B1"><f>1+1</f></c><c t="inlineStr"><is></r>'])
@example(["_x0041_ \x01\x0b\ufffe ]]> &amp; <t>"])
def test_a_workbook_gives_back_what_was_written_as_text(texts: list[str]) -> None:
    out = io.BytesIO()
    with Workbook(out, "table", [["a", "b", "c"]], [10, 10, 10]) as workbook:
        workbook.add(texts)
        workbook.finish([])
    read = sheets(out.getvalue())["table"][1]
    assert [unescaped(cell or "") for cell in read[: len(texts)]] == texts


def unescaped(text: str) -> str:
    """SpreadsheetML's way to write what XML cannot hold (ISO/IEC 29500-1, 22.9.2.19)."""
    return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)

"""Walking lists page by page: nothing twice, nothing skipped, both ways, whatever is added meanwhile."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from accounts.models import Organisation
from convoys.api.pagination import Cursor
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

HOW_MANY = 7


@pytest.fixture
def program() -> Program:
    """Seven convoys alike in all but their reference, in another order than the list's."""
    for letter in "DAGCFBE":
        make.make_convoy(f"C-{letter}", when="2026-03-01T06:00")
    return Program(make.partner())


def walk(program: Program, path: str, link: str = "next") -> list[list[Any]]:
    pages = []
    address: str | None = f"/api/v1/{path}"
    while address is not None:
        page = program.get(address)
        pages.append([row.get("reference") or row.get("sequence") or row["code"] for row in page["results"]])
        address = page[link]
        assert len(pages) < 50, "the walk does not end"
    return pages


@pytest.mark.parametrize("size", [1, 2, 3, HOW_MANY - 1, HOW_MANY, HOW_MANY + 1, 500])
@pytest.mark.parametrize("path", ["convoys", "events"])
def test_every_row_is_met_once_in_order_whatever_the_page_size(
    path: str, size: int, program: Program
) -> None:
    pages = walk(program, f"{path}?page_size={size}")
    rows = [row for page in pages for row in page]
    assert len(rows) == HOW_MANY
    assert rows == sorted(set(rows))
    assert all(len(page) == size for page in pages[:-1])
    assert len(pages) == -(-HOW_MANY // size)


def test_the_way_back_meets_the_same_pages(program: Program) -> None:
    forth = walk(program, "convoys?page_size=3")
    last = program.get(program.get(program.get("convoys?page_size=3")["next"])["next"])
    assert (last["next"], [row["reference"] for row in last["results"]]) == (None, ["C-G"])
    back = walk(program, last["previous"].split("/api/v1/")[1], "previous")
    assert [["C-G"], *back] == forth[::-1]


def test_the_first_page_has_none_before_and_a_filter_goes_along(program: Program) -> None:
    page = program.get("convoys?page_size=2&status=planned")
    assert page["previous"] is None
    assert "status=planned" in page["next"]
    second = program.get(page["next"])
    assert program.get(second["previous"])["results"] == page["results"]
    assert program.get(second["previous"])["previous"] is None


def test_rows_added_during_a_walk_disturb_nothing(program: Program) -> None:
    first = program.get("convoys?page_size=3")
    make.make_convoy("C-AA")
    make.make_convoy("C-DD")
    second = program.get(first["next"])
    assert [row["reference"] for row in first["results"]] == ["C-A", "C-B", "C-C"]
    assert [row["reference"] for row in second["results"]] == ["C-D", "C-DD", "C-E"]


def test_a_full_last_page_has_no_next(program: Program) -> None:
    assert program.get(f"convoys?page_size={HOW_MANY}")["next"] is None


def test_control_points_and_organisations_are_walked_by_code(program: Program) -> None:
    assert walk(program, "control-points?page_size=1") == [["bridge"], ["gate"]]
    for code in ("zeta", "alpha", "midway"):
        make.organisation(code, name="The same name")
    codes = [code for page in walk(program, "organisations?page_size=1") for code in page]
    assert codes == sorted(Organisation.objects.values_list("code", flat=True))


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "%00",
        "%F0%9F%9A%9A",
        "'; DROP TABLE convoys_convoy; --",
        "A" * 5000,
        encoded("[]"),
        encoded("null"),
        encoded("17"),
        encoded('{"0":1,"1":2}'),
        encoded("[0,true]"),
        encoded("[0,1.5]"),
        encoded("[0,NaN]"),
        encoded("[2,1]"),
        encoded("[0,-1]"),
        encoded("[0,9223372036854775808]"),
        encoded("[0," + "9" * 5000 + "]"),
        encoded('[0,"\\u0000"]'),
        encoded('[0,"\\ud800"]'),
        encoded('[0,"' + "x" * 201 + '"]'),
        encoded("[0,[1]]"),
        encoded("[" * 3000),
    ],
)
def test_an_impossible_cursor_is_a_problem(cursor: str) -> None:
    program = Program(make.partner())
    for path in ("convoys", "control-points"):
        answer = program.ask(f"{path}?cursor={cursor}")
        assert (answer.status, answer.body["code"]) == (400, "invalid-cursor"), path


def test_a_cursor_of_another_list_is_a_problem(program: Program) -> None:
    of_numbers, of_convoys = Cursor(3).encode(), Cursor("C-A").encode()
    assert program.ask(f"convoys?cursor={of_numbers}").body["code"] == "invalid-cursor"
    assert program.ask(f"convoys?cursor={of_convoys}").status == 200


def test_a_cursor_past_the_end_is_an_empty_page(program: Program) -> None:
    page = program.get(f"convoys?cursor={Cursor('Z').encode()}")
    assert (page["results"], page["next"], page["previous"]) == ([], None, None)

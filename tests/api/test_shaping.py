"""Less or more of each row than usual: single keys, things shown whole, another order."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from convoys.services.changes import control_point
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

PLACES = ("origin", "destination", "stands_at", "control_point", "heading")


@pytest.fixture
def program() -> Program:
    """A and C held, C first; B on the way; D planned, which was reported on last of all."""
    make.organisation("aid_society", country="CH")
    make.make_held_convoy("A", "2026-03-03")
    make.make_held_convoy("C", "2026-03-02")
    make.make_convoy("B")
    make.tell("B", "departed", "2026-03-01T09:00", place="harbour")
    make.make_convoy("D")
    make.tell("D", "seen", "2026-03-05", place="harbour")
    return Program(make.partner())


# --- fields


def test_only_the_keys_asked_for_are_there_and_they_are_as_they_always_are(program: Program) -> None:
    whole = program.get("convoys")["results"]
    for fields in (["reference"], ["reference", "status"], ["held_since", "due_at"], ["sponsors", "route"],
                   ["origin", "control_point"], ["silent_from"]):  # fmt: skip
        page = program.get(f"convoys?fields={','.join(fields)}")
        assert page["results"] == [{key: row[key] for key in row if key in fields} for row in whole]
        assert page["moment"]["basis"] == "as known now"
    assert program.get("convoys?fields=reference&fields=status")["results"][0].keys() == {
        "reference",
        "status",
    }


@pytest.mark.parametrize("moment", ["", "&as_of=2026-03-04"])
def test_a_detail_has_the_keys_asked_for_and_says_of_which_moment_it_is(
    moment: str, program: Program
) -> None:
    whole = program.get(f"convoys/A?{moment}")
    for fields in ("reference", "cargo", "other_references,status", "episodes", "events", "contested,claims"):
        part = program.get(f"convoys/A?fields={fields}{moment}")
        assert part == {key: whole[key] for key in whole if key in fields.split(",") or key == "moment"}


@pytest.mark.parametrize(
    "path", ["episodes", "routes", "control-points", "organisations", "agreements", "routes/main"]
)
def test_every_resource_can_be_asked_for_single_keys(path: str, program: Program) -> None:
    make.agreement()
    answer = program.get(path)
    whole = answer["results"][0] if "results" in answer else answer
    key = next(name for name in whole if name != "moment")
    answer = program.get(f"{path}?fields={key}")
    part = answer["results"][0] if "results" in answer else answer
    assert {name: part[name] for name in part if name != "moment"} == {key: whole[key]}


def test_fewer_keys_cost_fewer_queries(program: Program) -> None:
    def cost(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            program.get(path)
        return len(queries)

    whole = cost("convoys?expand=places")  # of which no texts are kept
    assert cost("convoys?expand=places&fields=reference,status,tonnes_low") <= whole - 5
    assert cost("convoys/A?fields=reference,status") <= cost("convoys/A") - 5


# --- expand


def test_what_is_expanded_is_what_its_own_resource_shows(program: Program) -> None:
    make.tell(control_point("bridge"), "access_changed", "2026-03-01", access="closed")
    plain = program.get("convoys?status=held")["results"][0]
    row = program.get("convoys?status=held&expand=sponsors,route,places")["results"][0]
    assert row["sponsors"] == [program.get("organisations/aid_society")]
    route = program.get("routes/main")
    del route["moment"]
    assert row["route"] == route
    assert row["route"]["access"] == "closed"
    for key in set(PLACES) - {"heading"}:
        assert {name: row[key][name] for name in plain[key]} == plain[key]
        assert row[key]["kind"] in ("town", "control_point")
        assert row[key]["exercise"] is False
    for key in set(plain) - {"sponsors", "route", *PLACES}:
        assert row[key] == plain[key]
    detail = program.get("convoys/A?expand=sponsors,route,places")
    assert (detail["sponsors"], detail["route"]) == (row["sponsors"], row["route"])


def test_on_another_day_a_route_has_the_access_of_that_day(program: Program) -> None:
    make.tell(control_point("bridge"), "access_changed", "2026-03-01", access="closed")
    make.tell(control_point("bridge"), "access_changed", "2026-03-04", access="open")
    for day, access in (("2026-03-03", "closed"), ("2026-03-05", "open")):
        row = program.get(f"convoys?expand=route&as_of={day}")["results"][0]
        assert row["route"]["access"] == access


def test_expand_and_fields_go_together_and_queries_stay_as_many(program: Program) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            program.get("convoys?expand=sponsors,route,places")
        return len(queries)

    row = program.get("convoys?expand=sponsors&fields=reference")["results"][0]
    assert row == {"reference": "A"}
    cost()
    few = cost()
    for number in range(4):
        make.organisation(f"society_{number}")
        make.route(f"road_{number}", "harbour", "bridge", "valley")
        make.make_convoy(
            f"E-{number}",
            declares={"route": f"road_{number}", "sponsors": ["aid_society", f"society_{number}"]},
        )
    assert cost() == few <= 16


# --- ordering


def references(program: Program, query: str) -> str:
    return "".join(program.ask(f"convoys?{query}").references)


@pytest.mark.parametrize(
    ("ordering", "found"),
    [
        ("reference", "ABCD"),
        ("-reference", "DCBA"),
        # Those that are not held stand last, by reference, whichever way the list runs.
        ("held_since", "CABD"),
        ("-held_since", "ACDB"),
        ("last_reported_at", "BCAD"),
        ("-last_reported_at", "DACB"),
    ],
)
def test_convoys_stand_in_the_order_asked_for_page_by_page_both_ways(
    ordering: str, found: str, program: Program
) -> None:
    assert references(program, f"ordering={ordering}") == found
    for size in (1, 2, 3, 4):
        pages: list[dict[str, Any]] = []
        address: str | None = f"convoys?ordering={ordering}&page_size={size}"
        while address:
            pages.append(program.get(address))
            address = pages[-1]["next"]
        assert "".join(row["reference"] for page in pages for row in page["results"]) == found
        assert len(pages) == -(-4 // size)
        for earlier, later in pairwise(pages):
            assert program.get(later["previous"])["results"] == earlier["results"]
        assert pages[0]["previous"] is None


def test_rows_alike_in_the_column_are_told_apart_by_their_key(program: Program) -> None:
    for number in range(5):
        make.make_held_convoy(f"SAME-{number}", "2026-03-03")
    walked: list[str] = []
    address: str | None = "convoys?ordering=-held_since&page_size=2&status=held"
    while address:
        page = program.get(address)
        walked += [row["reference"] for row in page["results"]]
        address = page["next"]
    assert walked == [*(f"SAME-{number}" for number in range(4, -1, -1)), "A", "C"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("convoys?fields=refrence", "fields"),
        ("convoys?fields=", "fields"),
        ("convoys?fields=events", "fields"),
        ("convoys/A?fields=moment", "fields"),
        ("convoys?expand=events", "expand"),
        ("convoys?expand=", "expand"),
        ("convoys?ordering=status", "ordering"),
        ("convoys?ordering=", "ordering"),
        ("convoys?ordering=--reference", "ordering"),
        ("convoys?ordering=held_since&as_of=2026-03-04", "ordering"),
    ],
)
def test_a_value_that_is_not_known_is_named_with_the_valid_ones(
    query: str, parameter: str, program: Program
) -> None:
    answer = program.ask(query)
    assert (answer.status, answer.body["code"]) == (400, "invalid-parameter")
    assert [error["parameter"] for error in answer.body["errors"]] == [parameter]


def test_the_valid_fields_are_named(program: Program) -> None:
    detail = program.ask("convoys?fields=refrence").body["detail"]
    assert "There is no “refrence”. Valid: reference, exercise, status, " in detail


def test_a_cursor_serves_the_order_it_was_made_for_alone(program: Program) -> None:
    def cursor(query: str) -> str:
        return str(program.get(f"convoys?{query}&page_size=1")["next"].split("cursor=")[1].split("&")[0])

    orders = ("reference", "-reference", "held_since", "-held_since", "last_reported_at")
    for made_for in orders:
        for asked in orders:
            answer = program.ask(f"convoys?ordering={asked}&cursor={cursor(f'ordering={made_for}')}")
            assert answer.status == (200 if asked == made_for else 400), (made_for, asked)

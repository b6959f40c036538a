"""Tonne-days held over the API: the reference figure, what is listed apart, and for whom it counts."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from convoys.queries.hold_groups import GROUPINGS
from convoys.queries.tonne_days import COUNTING_RULE
from convoys.services.changes import Claim, Correct, Target, convoy
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

PATH = "statistics/tonne-days"


def rows(answer: dict[str, Any], part: str = "results") -> dict[str | None, dict[str, Any]]:
    return {row["key"]: row for row in answer[part]}


@pytest.fixture
def held() -> None:
    """OWN: 40 t held 2 to 5 March and delivered. OPEN: at least 10 t, held since 2 March, seen on the 4th.
    UNKNOWN: no tonnage. SILENT: 5 t, held since 1 January, never heard of since. X: an exercise.
    THIRD: another's."""
    make.organisation("third_society")
    make.make_held_convoy("OWN", "2026-03-02")
    make.tell("OWN", "delivered", "2026-03-05", place="valley")
    make.make_held_convoy("OPEN", "2026-03-02", declares={"tonnes": {"low": "10.000"}})
    make.tell("OPEN", "seen", "2026-03-04", place="junction")
    make.make_held_convoy("UNKNOWN", "2026-03-05", declares={"tonnes": None})
    make.make_convoy("SILENT", "2026-01-01", declares={"tonnes": {"low": "5.000", "high": "5.000"}})
    make.tell("SILENT", "held", "2026-01-01", place="junction", held_before="bridge")
    make.make_held_convoy("X", "2026-03-02", is_exercise=True)
    make.make_held_convoy("THIRD", "2026-03-02", declares={"sponsors": ["third_society"]})


def test_low_high_unknown_and_not_confirmed(held: None) -> None:
    answer = Program(make.partner()).get(f"{PATH}?as_of=2026-03-06")
    assert rows(answer) == {
        "OWN": _row("OWN", "120.000", "120.000"),
        "OPEN": _row("OPEN", "20.000", None),
        "UNKNOWN": _row("UNKNOWN", "0.000", "0.000", unknown_tonnage=1),
    }
    assert answer["total"] == {"low": "140.000", "high": None, "holds": 3, "unknown_tonnage": 1}
    (silent,) = answer["not_confirmed"]
    assert silent == _row("SILENT", "0.000", "320.000")
    assert answer["not_confirmed_total"]["high"] == "320.000"
    assert answer["counting_rule"] == COUNTING_RULE
    assert (answer["group_by"], answer["overlapping"]) == ("convoy", False)
    assert answer["moment"]["basis"] == "as known now"


def _row(key: str, low: str, high: str | None, unknown_tonnage: int = 0) -> dict[str, Any]:
    figures = {"low": low, "high": high, "holds": 1, "unknown_tonnage": unknown_tonnage}
    return {"key": key, "name": key, **figures}


@pytest.mark.parametrize("group_by", GROUPINGS)
def test_every_grouping_names_its_groups_and_says_whether_they_overlap(group_by: str, held: None) -> None:
    make.apply(
        make.record(
            "OWN", "seen", "2026-03-02", place="junction",
            claims=[make.account(alleged_holders=["third_society"], alleged_causes=["mines"])],
        )
    )  # fmt: skip
    answer = Program(make.viewer()).get(f"{PATH}?group_by={group_by}&as_of=2026-03-06")
    assert answer["overlapping"] is (group_by in ("cause", "sponsor", "holder"))
    assert answer["results"]
    for row in answer["results"]:
        assert (row["key"] is None) is (row["name"] is None)
    if group_by == "control_point":
        assert {row["name"] for row in answer["results"]} == {"Bridge"}
    if group_by == "sponsor":
        assert set(rows(answer)) == {"aid_society", "third_society"}


def test_a_partner_counts_what_it_may_see_and_no_exercise_counts(held: None) -> None:
    answers = {person.username: rows(Program(person).get(f"{PATH}?as_of=2026-03-06")) for person in (
        make.partner(), make.partner("third_society"), make.viewer())}  # fmt: skip
    assert set(answers["partner_aid_society"]) == {"OWN", "OPEN", "UNKNOWN"}
    assert set(answers["partner_third_society"]) == {"THIRD"}
    assert set(answers["viewer"]) == {"OWN", "OPEN", "UNKNOWN", "THIRD"}


def test_a_window_counts_its_own_days_only(held: None) -> None:
    program = Program(make.partner())
    inside = program.get(f"{PATH}?as_of=2026-03-06&from=2026-03-03&to=2026-03-04")
    assert rows(inside)["OWN"]["low"] == "40.000"
    before = program.get(f"{PATH}?as_of=2026-03-06&to=2026-02-01")
    assert before["results"] == []
    assert set(rows(before, "not_confirmed")) == {"SILENT"}


def test_days_are_those_of_the_place_where_the_hold_is_now_said_to_have_begun() -> None:
    make.make_convoy("MOVED")
    held = make.tell("MOVED", "held", "2026-03-02", place="junction")
    make.tell("MOVED", "released", "2026-03-03T12:00", place="junction")
    program, asked = Program(make.partner()), f"{PATH}?as_of=2026-03-06"
    assert program.get(asked)["total"]["low"] == "40.000"

    make.place("antipodes", time_zone="Pacific/Auckland")  # it was the 4th there when it was let go
    there = make.record("MOVED", "held", "2026-03-02", place="antipodes", claims=[])
    make.apply(Correct(held, there, "misheard"), author=make.coordinator())
    assert program.get(asked)["total"]["low"] == "80.000"


def test_an_answer_to_an_account_of_a_hold_names_holders_too_once_both_are_known() -> None:
    make.organisation("third_society")
    make.make_convoy("OWN")
    told = make.account(reported_on=date(2026, 3, 10))
    held = make.apply(
        make.record(
            "OWN",
            "held",
            "2026-03-02",
            place="junction",
            claims=[make.account(reported_on=date(2026, 3, 3)), told],
        ),
        backfilled=True,
    ).sequences[0]
    answer = make.account(reported_on=date(2026, 3, 5), stance="disputes", alleged_holders=["third_society"])
    make.apply(Claim(Target(chain=held[2]), answer), backfilled=True)
    for known_at, named in (("2026-03-07", {None}), ("2026-03-11", {"third_society"})):
        query = f"group_by=holder&as_of=2026-03-06&known_at={known_at}"
        assert set(rows(Program(make.viewer()).get(f"{PATH}?{query}"))) == named, known_at


def test_a_window_includes_both_its_ends() -> None:
    make.make_held_convoy("OWN", "2026-03-02T08:00")
    make.tell("OWN", "released", "2026-03-04T08:00", place="junction")
    program = Program(make.partner())
    for window, holds in (
        ("from=2026-03-04T08:00Z", 1), ("from=2026-03-04T08:01Z", 0),
        ("to=2026-03-02T08:00Z", 1), ("to=2026-03-02T07:59Z", 0),
        ("from=2026-03-03T00:00Z&to=2026-03-03T00:01Z", 1),
    ):  # fmt: skip
        assert program.get(f"{PATH}?as_of=2026-03-06&{window}")["total"]["holds"] == holds, window


def test_a_hold_that_ended_some_time_on_its_first_day_is_a_hold_of_no_days() -> None:
    make.make_held_convoy("SHORT", "2026-03-02T08:00")
    make.tell("SHORT", "released", "2026-03-02", place="junction")
    for window in ("", "&from=2026-03-01&to=2026-03-03"):
        answer = Program(make.partner()).get(f"{PATH}?as_of=2026-03-06{window}")
        assert answer["results"] == [_row("SHORT", "0.000", "0.000")], window


def test_nothing_is_counted_before_it_was_known(held: None) -> None:
    answer = Program(make.partner()).get(f"{PATH}?as_of=2026-03-06&known_at=2026-03-06")
    assert (answer["results"], answer["not_confirmed"]) == ([], [])
    assert answer["total"] == {"low": "0.000", "high": "0.000", "holds": 0, "unknown_tonnage": 0}


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("group_by=truck", ["group_by"]),
        ("group_by=", ["group_by"]),
        ("group_by=convoy&group_by=route", ["group_by"]),
        ("from=x&to=y&as_of=2026-03-06", ["from", "to"]),
        ("from=2026-03-04&to=2026-03-03", ["from"]),
        ("from=9999-01-01", ["from"]),
        ("to=2026-03-03%00", ["to"]),
        ("as_of=never", ["as_of"]),
    ],
)
def test_what_cannot_be_asked_is_named(query: str, parameters: list[str]) -> None:
    answer = Program(make.viewer()).ask(f"{PATH}?{query}")
    assert (answer.status, answer.body["code"]) == (400, "invalid-parameter")
    assert [error["parameter"] for error in answer.body["errors"]] == parameters


def test_an_unknown_parameter_is_refused() -> None:
    assert Program(make.viewer()).ask(f"{PATH}?groupby=route").body["code"] == "unknown-parameter"


def test_queries_do_not_grow_with_holds(held: None) -> None:
    program = Program(make.viewer())

    def cost() -> list[int]:
        counts = []
        for group_by in GROUPINGS:
            with CaptureQueriesContext(connection) as queries:
                program.get(f"{PATH}?group_by={group_by}&as_of=2026-03-06")
            counts.append(len(queries))
        return counts

    cost()
    few = cost()
    for number in range(5):
        make.make_held_convoy(f"C-{number}", "2026-03-02", declares={"sponsors": ["third_society"]})
        make.apply(make.record(convoy(f"C-{number}"), "seen", "2026-03-03", place="junction"))
    assert cost() == few
    assert max(few) <= 12

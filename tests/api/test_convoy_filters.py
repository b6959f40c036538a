"""Filters of convoys that no single column answers: how long held, how heavy, when, by what words.

Each is asked of now, which columns answer, and of a moment ago, which the record does.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from convoys.queries import convoy_filters
from convoys.services.changes import Claim, Retract, Target, convoy
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

NOW = make.utc(2026, 3, 10, 12)


@pytest.fixture
def program() -> Program:
    """On 10 March at noon. A: held since the 6th, 08:00. B: 10 t at least, with a waybill, held since some
    time on the 7th. C: tonnage unknown, of the other society, planned. D: delivered on the 5th after a
    hold from the 2nd to the 4th. E: on the road since January, not heard of since. X: an exercise, held."""
    make.organisation("other_society", name="The Other Society")
    waybill = {"issuer": "Carrier", "number": "WB/100%_7"}
    with time_machine.travel(NOW - timedelta(days=3), tick=True):
        make.make_held_convoy("A", "2026-03-06T08:00")
        make.make_held_convoy(
            "B", "2026-03-07",
            declares={"tonnes": {"low": "10.000"}, "references": [waybill]},
        )  # fmt: skip
    with time_machine.travel(NOW - timedelta(hours=1), tick=True):
        make.make_convoy("C", declares={"tonnes": None, "sponsors": ["other_society"], "origin": "elsewhere"})
        make.make_held_convoy("D", "2026-03-02")
        make.tell("D", "released", "2026-03-04", place="junction")
        make.tell("D", "delivered", "2026-03-05", place="valley", decided_by="")
        make.make_convoy("E", "2026-01-01", declares={"tonnes": {"low": "5.000", "high": "7.500"}})
        make.tell("E", "departed", "2026-01-02", place="harbour")
        make.make_held_convoy("X", is_exercise=True)
    return Program(make.viewer())


QUESTIONS = [
    ("held_longer_than=0", "AB"),
    ("held_longer_than=48", "AB"),
    ("held_longer_than=59", "AB"),
    # B was held some time on the 7th: for certain only since that day was over.
    ("held_longer_than=60", "A"),
    ("held_longer_than=100", ""),
    ("tonnes_from=10", "ABD"),
    ("tonnes_from=10.001", "AD"),
    ("tonnes_to=40", "ADE"),
    ("tonnes_to=7.5", "E"),
    ("tonnes_from=5&tonnes_to=39.999", "E"),
    ("departed_from=2026-03-01", "ABD"),
    ("departed_to=2026-02-01", "E"),
    ("departed_from=2026-01-02&departed_to=2026-01-02", "E"),
    ("held_from=2026-03-05", "AB"),
    ("held_from=2026-03-04", "ABD"),
    ("held_to=2026-03-05", "D"),
    ("held_from=2026-03-03&held_to=2026-03-03", "D"),
    ("held_from=2026-03-05&held_to=2026-03-05", ""),
    ("registered_from=2026-03-10", "CDE"),
    ("registered_to=2026-03-09", "AB"),
    ("registered_from=2026-03-07T11:00Z&registered_to=2026-03-08", "AB"),
    ("silent=true", "E"),
    ("silent=false", "ABCD"),
    ("q=wb/100", "B"),
    ("q=100%25_", "B"),
    ("q=0_%25", ""),
    ("q=other%20society", "C"),
    ("q=elsewhere", "C"),
    ("q=junction", "AB"),
    ("q=valley", "ABCDE"),
    ("q=nothing%20of%20the%20kind", ""),
    ("q=';%20DROP%20TABLE%20convoys_convoy;--", ""),
    ("q=%F0%9F%9A%9A%F0%9F%9A%9A", ""),
    ("contested=true", ""),
    ("contested=false", "ABCDE"),
    ("status=held&tonnes_from=20", "A"),
    ("exercise=all&held_longer_than=1&q=junction", "ABX"),
    ("exercise=true&held_longer_than=1", "X"),
]


@pytest.mark.parametrize("moment", ["", "&as_of=2026-03-10T11:59:59Z"])
def test_convoys_are_narrowed_now_and_on_another_day(moment: str, program: Program) -> None:
    with time_machine.travel(NOW, tick=False):
        for query, found in QUESTIONS:
            assert program.ask(f"convoys?{query}{moment}").references == list(found), query


def test_on_another_day_what_was_so_then_decides(program: Program) -> None:
    with time_machine.travel(NOW, tick=False):
        for query, found in (
            ("as_of=2026-03-03&held_longer_than=20", "D"),
            ("as_of=2026-03-03&held_longer_than=48", ""),
            ("as_of=2026-03-03&held_from=2026-03-05", ""),
            ("as_of=2026-03-03&q=junction", "D"),
            ("as_of=2026-02-01&departed_from=2026-01-01", "E"),
            ("as_of=2026-01-03&silent=true", ""),
            ("as_of=2026-02-01&silent=true", "E"),
            ("known_at=2026-03-08&tonnes_from=1", "AB"),
        ):
            assert program.ask(f"convoys?{query}").references == list(found), query


def test_tonnage_is_that_of_the_moment(program: Program) -> None:
    with time_machine.travel(NOW, tick=False):
        make.tell("A", "amended", "2026-03-09", declares={"tonnes": {"low": "90.000", "high": "90.000"}})
        assert program.ask("convoys?tonnes_from=90").references == ["A"]
        assert program.ask("convoys?tonnes_from=90&as_of=2026-03-08").references == []
        assert program.ask("convoys?tonnes_from=40&as_of=2026-03-08").references == ["A", "D"]


# --- cause


def test_a_cause_is_what_somebody_whom_one_may_read_alleges_of_a_hold() -> None:
    make.make_held_convoy("PLAIN")
    make.make_convoy("OWN")
    claims = [
        make.account(alleged_causes=["mines"]),
        make.account(speaker="B", alleged_causes=["weather"], audience="staff"),
    ]
    make.apply(
        make.record("OWN", "held", "2026-03-02", place="junction", held_before="bridge", claims=claims)
    )
    staff, partner = Program(make.viewer()), Program(make.partner())
    for path in ("convoys", "episodes"):
        key = {"convoys": "reference", "episodes": "convoy"}[path]

        def found(program: Program, query: str, path: str = path, key: str = key) -> list[str]:
            return [row[key] for row in program.get(f"{path}?{query}")["results"]]

        for moment in ("", "&as_of=2026-03-05"):
            assert found(staff, f"cause=mines{moment}") == ["OWN"]
            assert found(staff, f"cause=unknown,weather{moment}") == ["OWN"]
            assert found(partner, f"cause=mines{moment}") == ["OWN"]
            assert found(partner, f"cause=weather{moment}") == []
        assert found(staff, "cause=mines&as_of=2026-03-05&known_at=2026-03-05") == []


def test_a_cause_alleged_in_an_answer_counts_and_one_taken_back_does_not() -> None:
    make.make_convoy("OWN")
    said = make.apply(
        make.record("OWN", "held", "2026-03-02", place="junction", held_before="bridge")
    ).sequences[0]
    answer = make.apply(
        Claim(Target(chain=said[1]), make.account(stance="disputes", alleged_causes=["mines"]))
    )
    program = Program(make.viewer())
    assert program.ask("convoys?cause=mines").references == ["OWN"]
    make.apply(Retract(answer.sequences[0][0], "a slip"), author=make.coordinator())
    assert program.ask("convoys?cause=mines").references == []


# --- contested


@pytest.fixture
def disputed() -> None:
    """FIGURE: two say different tonnages. DENIED: its hold is denied. HIDDEN: denied for staff alone.
    AGREED: two say the same. THIRD, another's: denied."""
    make.organisation("third_society")
    for reference in ("FIGURE", "DENIED", "HIDDEN", "AGREED"):
        make.make_held_convoy(reference)
    make.make_held_convoy("THIRD", declares={"sponsors": ["third_society"]})
    item = {reference: Target(subject=convoy(reference), item="tonnes") for reference in ("FIGURE", "AGREED")}
    for reference, tonnes in (("FIGURE", (40, 50)), ("AGREED", (40, 40))):
        for speaker, figure in zip("AB", tonnes, strict=True):
            account = make.account(speaker=speaker, alleged_tonnes_low=figure, alleged_tonnes_high=figure)
            make.apply(Claim(item[reference], account))
    for reference, audience in (("DENIED", "parties"), ("THIRD", "parties"), ("HIDDEN", "staff")):
        seen = make.apply(make.record(reference, "seen", "2026-03-03", place="junction")).sequences[0]
        make.apply(
            Claim(Target(chain=seen[1]), make.account(speaker="Z", stance="denies", audience=audience))
        )


@pytest.mark.parametrize(
    ("who", "found"),
    [
        (make.viewer, ["DENIED", "FIGURE", "HIDDEN", "THIRD"]),
        (make.partner, ["DENIED", "FIGURE"]),
        (lambda: make.partner("third_society"), ["THIRD"]),
    ],
)
def test_contested_is_what_the_detail_calls_so_for_the_same_reader(who, found, disputed: None) -> None:
    program = Program(who())
    everything = program.ask("convoys").references
    assert program.ask("convoys?contested=true").references == found
    assert program.ask("convoys?contested=false").references == [r for r in everything if r not in found]
    assert [r for r in everything if program.get(f"convoys/{r}")["contested"]] == found
    assert program.ask("convoys?contested=true&as_of=2026-03-04").references == found
    assert program.ask("convoys?contested=true&known_at=2026-03-04").references == []


def test_more_convoys_than_can_be_compared_is_a_problem_that_says_what_to_do(
    disputed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convoy_filters, "MOST_COMPARED", 2)
    program = Program(make.viewer())
    answer = program.ask("convoys?contested=true")
    assert (answer.status, answer.body["errors"][0]["parameter"]) == (400, "contested")
    assert program.ask("convoys?contested=true&sponsor=third_society").references == ["THIRD"]


# --- updated since


def test_updated_since_finds_what_the_reader_may_know_of_and_no_more() -> None:
    with time_machine.travel(NOW - timedelta(days=2), tick=True):
        for reference in ("A", "B", "C"):
            make.make_convoy(reference)
    with time_machine.travel(NOW, tick=True):
        make.tell("A", "departed", "2026-03-09", place="harbour")
        make.tell("B", "note", text="for the desk", claims=[])
        since = (timezone.now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%MZ")
        assert Program(make.viewer()).ask(f"convoys?updated_since={since}").references == ["A", "B"]
        assert Program(make.partner()).ask(f"convoys?updated_since={since}").references == ["A"]
        assert Program(make.partner()).ask("convoys?updated_since=2026-03-08").references == ["A", "B", "C"]
        assert Program(make.partner()).ask("convoys?updated_since=2026-03-09").references == ["A"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("held_longer_than=x", "held_longer_than"),
        ("held_longer_than=-1", "held_longer_than"),
        ("held_longer_than=9999999999", "held_longer_than"),
        ("tonnes_from=1e3", "tonnes_from"),
        ("tonnes_from=-1", "tonnes_from"),
        ("tonnes_to=1.0001", "tonnes_to"),
        ("held_from=2026-03-05&held_to=2026-03-04", "held_from"),
        ("departed_from=2026-03-05&departed_to=2026-03-04", "departed_from"),
        ("registered_to=2026-02-30", "registered_to"),
        ("silent=1", "silent"),
        ("contested=", "contested"),
        ("cause=fog", "cause"),
        ("q=", "q"),
        ("q=a", "q"),
        ("q=ab&q=cd", "q"),
        ("q=a%00b", "q"),
        ("updated_since=yesterday", "updated_since"),
        ("updated_since=2026-03-01&as_of=2026-03-02", "updated_since"),
    ],
)
def test_a_value_that_cannot_be_taken_is_named(query: str, parameter: str) -> None:
    answer = Program(make.viewer()).ask(f"convoys?{query}")
    assert (answer.status, answer.body["code"]) == (400, "invalid-parameter")
    assert [error["parameter"] for error in answer.body["errors"]] == [parameter]


@pytest.mark.parametrize("moment", ["", "&as_of=2026-03-05"])
def test_queries_do_not_grow_with_convoys(moment: str, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 10_000
    program = Program(make.partner())
    questions = (
        "held_longer_than=1", "tonnes_from=1", "held_from=2026-03-01", "departed_from=2026-03-01",
        "silent=true", "contested=false", "q=bridge", "cause=mines", "registered_from=2026-01-01",
    )  # fmt: skip

    def cost() -> dict[str, int]:
        counts = {}
        for query in questions:
            with CaptureQueriesContext(connection) as queries:
                program.get(f"convoys?{query}{moment}")
            counts[query] = len(queries)
        return counts

    make.make_held_convoy("C-0")
    make.make_held_convoy("C-1")
    cost()  # texts that are kept are made once
    few = cost()
    for number in range(2, 6):
        make.make_held_convoy(f"C-{number}")
        make.apply(make.record(f"C-{number}", "seen", "2026-03-03", place="junction"))
    cost()
    assert cost() == few

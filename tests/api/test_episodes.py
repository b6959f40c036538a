"""Holds as a list: which there were, in which order, how each ended, who says so, and for whom."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from convoys.services.changes import Claim, Retract, Target
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


def told(program: Program, query: str = "") -> list[tuple[str, str, str | None]]:
    rows = program.get(f"episodes?{query}")["results"]
    return [(row["convoy"], row["held_since"][:10], row["ended"]) for row in rows]


@pytest.fixture
def program() -> Program:
    """OWN: held 2 to 5 March before the bridge, and since the 6th before the gate. THIRD, another's: held
    since the 4th. TURNED: held on the 1st, turned back on the 3rd. X: an exercise, held since the 2nd."""
    make.organisation("third_society")
    make.make_held_convoy("OWN", "2026-03-02")
    make.tell("OWN", "released", "2026-03-05", place="junction")
    make.tell("OWN", "held", "2026-03-06T12:00", place="hamlet", held_before="gate")
    make.make_held_convoy("THIRD", "2026-03-04", declares={"sponsors": ["third_society"]})
    make.make_held_convoy("TURNED", "2026-03-01T09:00")
    make.tell("TURNED", "turned_back", "2026-03-03", place="junction", decided_by="other")
    make.make_held_convoy("X", "2026-03-02", is_exercise=True)
    return Program(make.viewer())


def test_holds_stand_in_the_order_in_which_they_began_and_say_how_they_ended(program: Program) -> None:
    assert told(program) == [
        ("TURNED", "2026-03-01", "turned back"),
        ("OWN", "2026-03-02", "released"),
        ("THIRD", "2026-03-04", None),
        ("OWN", "2026-03-06", None),
    ]
    assert told(program, "ordering=-held_since") == told(program)[::-1]
    first = program.get("episodes")["results"][1]
    assert (first["held_precision"], first["ended_precision"], first["end_inferred"]) == ("day", "day", False)
    assert (first["stands_at"]["code"], first["control_point"]["code"]) == ("junction", "bridge")


def test_a_hold_is_told_as_its_convoy_tells_it(program: Program) -> None:
    for moment in ("", "as_of=2026-03-04T12:00Z", "as_of=2026-03-03"):
        rows = program.get(f"episodes?convoy=OWN&{moment}")["results"]
        detail = program.get(f"convoys/OWN?{moment}")["episodes"]
        more = {"convoy", "exercise", "contested", "claims"}
        assert [{key: row[key] for key in row if key not in more} for row in rows] == detail, moment


@pytest.mark.parametrize("size", [1, 2, 3])
def test_pages_meet_every_hold_once_both_ways_although_several_began_at_once(
    size: int, program: Program
) -> None:
    for number in range(4):
        make.make_held_convoy(f"SAME-{number}", "2026-03-04")
    for ordering in ("held_since", "-held_since"):
        everything = [(row["convoy"], row["held_since"]) for row in
                      program.get(f"episodes?ordering={ordering}")["results"]]  # fmt: skip
        forth, pages = [], []
        address = f"episodes?ordering={ordering}&page_size={size}"
        while address:
            pages.append(program.get(address))
            forth += [(row["convoy"], row["held_since"]) for row in pages[-1]["results"]]
            address = pages[-1]["next"]
        assert forth == everything
        back = [program.get(page["previous"])["results"] for page in pages[1:]]
        assert back == [page["results"] for page in pages[:-1]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("convoy=OWN", ["OWN", "OWN"]),
        ("convoy=X", ["X"]),
        ("exercise=true", ["X"]),
        ("control_point=gate", ["OWN"]),
        ("control_point=gate,bridge&open=true", ["THIRD", "OWN"]),
        ("place=hamlet", ["OWN"]),
        ("open=false", ["TURNED", "OWN"]),
        ("ended=released", ["OWN"]),
        ("ended=turned_back,released", ["TURNED", "OWN"]),
        ("sponsor=third_society", ["THIRD"]),
        ("route=main", ["TURNED", "OWN", "THIRD", "OWN"]),
        ("from=2026-03-05", ["OWN", "THIRD", "OWN"]),
        ("from=2026-03-06", ["THIRD", "OWN"]),
        ("to=2026-03-02", ["TURNED", "OWN"]),
        ("from=2026-03-03&to=2026-03-03", ["TURNED", "OWN"]),
        ("as_of=2026-03-04T12:00Z", ["TURNED", "OWN", "THIRD"]),
        ("as_of=2026-03-04T12:00Z&open=true", ["OWN", "THIRD"]),
        ("as_of=2026-03-04T12:00Z&ended=released", []),
        ("as_of=2026-03-04T12:00Z&sponsor=third_society", ["THIRD"]),
        ("as_of=2026-03-04T12:00Z&known_at=2026-03-04", []),
    ],
)
def test_holds_are_narrowed(query: str, found: list[str], program: Program) -> None:
    assert [row[0] for row in told(program, query)] == found


def test_a_partner_meets_the_holds_of_its_own_convoys_and_cannot_tell_others_from_none(
    program: Program,
) -> None:
    partner = Program(make.partner("third_society"))
    assert {row[0] for row in told(partner)} == {"THIRD"}
    hidden, absent = partner.ask("episodes?convoy=OWN"), partner.ask("episodes?convoy=NONE")
    assert hidden.status == absent.status == 404
    assert hidden.body["detail"] == absent.body["detail"]


def test_who_is_said_to_hold_and_why_stands_in_the_claims_that_one_may_read() -> None:
    make.make_convoy("OWN")
    claims = [
        make.account(alleged_holders=["aid_society"], alleged_causes=["mines"]),
        make.account(speaker="Another", alleged_causes=["mines"], audience="staff"),
    ]
    record = make.record("OWN", "held", "2026-03-02", place="junction", held_before="bridge", claims=claims)
    said = make.apply(record).sequences[0]
    make.apply(Claim(Target(chain=said[1]), make.account(speaker="A third", stance="denies")))

    def speakers(person: Any) -> list[str]:
        (row,) = Program(person).get("episodes")["results"]
        return sorted(claim["speaker"] for claim in row["claims"])

    assert speakers(make.viewer()) == ["A third", "An observer", "Another"]
    assert speakers(make.partner()) == ["A third", "An observer"]
    (row,) = Program(make.partner()).get("episodes")["results"]
    assert row["contested"] == ["whether"]
    alleged = next(claim["alleged"] for claim in row["claims"] if claim["speaker"] == "An observer")
    assert (alleged["holders"][0]["code"], alleged["causes"]) == ("aid_society", ["mines"])


def test_of_another_day_claims_stand_that_were_known_by_then() -> None:
    make.make_convoy("OWN")
    early, late = (make.account(speaker=day, reported_on=date(2026, 3, int(day))) for day in ("3", "9"))
    record = make.record(
        "OWN", "held", "2026-03-02", place="junction", held_before="bridge", claims=[early, late]
    )
    make.apply(record, backfilled=True)
    for known_at, speakers in (("2026-03-05", ["3"]), ("2026-03-10", ["3", "9"])):
        answer = Program(make.viewer()).get(f"episodes?as_of=2026-03-04&known_at={known_at}")
        assert [claim["speaker"] for row in answer["results"] for claim in row["claims"]] == speakers
        assert answer["moment"]["basis"] == "as reported by"


def test_a_hold_that_was_taken_back_is_none(program: Program) -> None:
    held = make.tell("TURNED", "held", "2026-03-08", place="junction", held_before="bridge")
    assert len(told(program, "convoy=TURNED")) == 2
    make.apply(Retract(held, "it was another convoy"), author=make.coordinator())
    assert len(told(program, "convoy=TURNED")) == 1


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("open=yes", "open"),
        ("ended=vanished", "ended"),
        ("from=2026-03-05&to=2026-03-04", "from"),
        ("ordering=convoy", "ordering"),
        ("ordering=held_since&ordering=-held_since", "ordering"),
        ("control_point=harbour", "control_point"),
        ("place=none", "place"),
    ],
)
def test_a_value_that_cannot_be_taken_is_named(query: str, parameter: str, program: Program) -> None:
    answer = program.ask(f"episodes?{query}")
    assert (answer.status, answer.body["code"]) == (400, "invalid-parameter")
    assert [error["parameter"] for error in answer.body["errors"]] == [parameter]


def test_a_cursor_of_another_order_is_a_problem(program: Program) -> None:
    page = program.get("episodes?page_size=1")
    cursor = page["next"].split("cursor=")[1].split("&")[0]
    for path in (f"episodes?ordering=-held_since&cursor={cursor}", f"convoys?cursor={cursor}"):
        assert program.ask(path).body["code"] == "invalid-cursor"

"""Filters: values of one parameter are alternatives, parameters narrow together."""

from __future__ import annotations

from typing import Any

import pytest

from convoys.models import Convoy
from convoys.services.changes import agreement, control_point
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> Program:
    """Four convoys: A held before the bridge, B on the way, C planned elsewhere, X an exercise, held."""
    make.organisation("other_society")
    make.make_held_convoy("A")
    make.make_convoy("B", declares={"sponsors": ["aid_society", "other_society"]})
    make.tell("B", "departed", "2026-03-02", place="harbour")
    make.route("coast", "harbour", "elsewhere")
    make.make_convoy(
        "C",
        declares={
            "sponsors": ["other_society"],
            "origin": "junction",
            "destination": "elsewhere",
            "route": "coast",
        },
    )
    make.make_held_convoy("X", is_exercise=True)
    return Program(make.viewer())


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "ABC"),
        ("status=held", "A"),
        ("status=held,dispatched", "AB"),
        ("status=held&status=planned", "AC"),
        ("status=lost", ""),
        ("route=main", "AB"),
        ("route=main,coast", "ABC"),
        ("sponsor=other_society", "BC"),
        ("sponsor=aid_society", "AB"),
        ("sponsor=aid_society,other_society", "ABC"),
        ("origin=junction", "C"),
        ("destination=valley", "AB"),
        ("control_point=bridge", "A"),
        ("control_point=gate", ""),
        ("route=main&sponsor=other_society", "B"),
        ("status=held&sponsor=other_society", ""),
        ("exercise=false", "ABC"),
        ("exercise=true", "X"),
        ("exercise=all", "ABCX"),
        ("exercise=all&status=held", "AX"),
    ],
)
def test_convoys_are_narrowed(query: str, found: str, program: Program) -> None:
    assert program.ask(f"convoys?{query}").references == list(found)


def test_an_exercise_asked_for_by_name_is_told(program: Program) -> None:
    assert program.get("convoys/X")["exercise"] is True
    told = program.get("events?convoy=X")["results"]
    assert {row["subject"]["code"] for row in told} == {"X"}
    assert program.get("events?convoy=X&exercise=false")["results"] == []


def test_events_are_narrowed_and_stand_in_the_order_of_the_record(program: Program) -> None:
    make.tell(control_point("gate"), "access_changed", "2026-01-01", access="open")
    make.agreement("passage")
    make.tell(agreement("passage"), "agreed", "2026-01-02", decided_by="other")

    def kinds(query: str) -> list[str]:
        return [row["kind"] for row in events(query)]

    def events(query: str) -> list[dict[str, Any]]:
        return [row for row in program.get(f"events?{query}")["results"] if row["type"] == "event"]

    everything = events("")
    assert [row["sequence"] for row in everything] == sorted(row["sequence"] for row in everything)
    assert {row["convoy"] for row in everything} == {"A", "B", "C", None}
    assert kinds("convoy=A") == ["registered", "departed", "held"]
    assert kinds("convoy=A&kind=held,seen") == ["held"]
    assert kinds("control_point=gate") == ["access_changed"]
    assert kinds("agreement=passage") == ["agreed"]
    assert kinds("kind=departed") == ["departed", "departed"]
    last = everything[-3]["sequence"]
    assert kinds(f"after={last}") == ["access_changed", "agreed"]
    assert kinds(f"after={everything[-1]['sequence']}") == []


def test_master_data_for_exercises_is_left_out_too(program: Program) -> None:
    make.organisation("invented", is_exercise=True)
    codes = [row["code"] for row in program.get("organisations")["results"]]
    assert "invented" not in codes
    assert "aid_society" in codes
    assert [row["code"] for row in program.get("organisations?exercise=true")["results"]] == ["invented"]


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("convoys?status=hled", "status"),
        ("convoys?status=", "status"),
        ("convoys?route=none", "route"),
        ("convoys?sponsor=aid%20society", "sponsor"),
        ("convoys?origin=main", "origin"),
        ("convoys?control_point=harbour", "control_point"),
        ("convoys?exercise=yes", "exercise"),
        ("convoys?exercise=true&exercise=false", "exercise"),
        ("convoys?page_size=0", "page_size"),
        ("convoys?page_size=501", "page_size"),
        ("convoys?page_size=-1", "page_size"),
        ("convoys?page_size=ten", "page_size"),
        ("convoys?page_size=", "page_size"),
        ("convoys?page_size=1&page_size=2", "page_size"),
        ("convoys?page_size=%D9%A3", "page_size"),
        ("events?kind=hold", "kind"),
        ("events?after=-1", "after"),
        ("events?after=99999999999999999999", "after"),
        ("events?agreement=none", "agreement"),
    ],
)
def test_a_value_that_cannot_be_taken_is_named(path: str, parameter: str, program: Program) -> None:
    answer = program.ask(path)
    assert (answer.status, answer.body["code"]) == (400, "invalid-parameter")
    assert [error["parameter"] for error in answer.body["errors"]] == [parameter]


@pytest.mark.parametrize(
    "path", ["convoys", "convoys/A", "events", "routes", "routes/main", "organisations", ""]
)
def test_an_unknown_parameter_is_refused_and_the_valid_ones_are_named(path: str, program: Program) -> None:
    answer = program.ask(f"/api/v1/{path}?stauts=held".replace("/?", "?"))
    assert (answer.status, answer.body["code"]) == (400, "unknown-parameter")
    assert answer.body["errors"] == [{"parameter": "stauts", "detail": "Not known here."}]
    if path == "convoys":
        assert "Valid here: as_of, cause, contested, control_point, cursor, " in answer.body["detail"]


def test_filters_cannot_tell_of_convoys_that_one_may_not_see(program: Program) -> None:
    partner = Program(make.partner())
    assert Convoy.objects.filter(reference="C").exists()
    hidden, absent = partner.ask("events?convoy=C"), partner.ask("events?convoy=NONE")
    assert hidden.status == absent.status == 404
    assert hidden.body | {"request_id": None} == absent.body | {"request_id": None}
    assert partner.ask("convoys?sponsor=other_society").references == ["B"]

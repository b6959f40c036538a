"""Another day, on a record of our own: the rules of `as_of` and `known_at`, and what is no moment."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from convoys.services.changes import Correct, Retract, convoy
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


@pytest.fixture
def told() -> Program:
    """C-1 recorded as it came: registered on 1 March, told held on the 3rd, rerouted on the 5th."""
    make.road()
    make.route("coast", "harbour", "elsewhere", "valley")
    make.organisation("other_society")
    with time_machine.travel("2026-03-01T12:00Z", tick=False):
        make.make_convoy("C-1", "2026-03-01T06:00")
    with time_machine.travel("2026-03-03T12:00Z", tick=False):
        make.tell("C-1", "held", "2026-03-02", place="junction", held_before="bridge")
    with time_machine.travel("2026-03-05T12:00Z", tick=False):
        make.apply(
            make.record(
                "C-1", "amended", "2026-03-05",
                declares={"sponsors": ["other_society"], "route": "coast", "tonnes": None},
            )
        )  # fmt: skip
    return Program(make.viewer())


def test_a_late_report_was_so_before_it_was_known(told: Program) -> None:
    assert told.get("convoys/C-1?as_of=2026-03-02&known_at=2026-03-02")["status"] == "planned"
    assert told.get("convoys/C-1?as_of=2026-03-02&known_at=2026-03-04")["status"] == "held"
    assert told.get("convoys/C-1?as_of=2026-03-01&known_at=2026-03-04")["status"] == "planned"
    assert told.get("convoys/C-1?known_at=2026-03-02")["status"] == "planned"


def test_what_was_entered_as_it_came_is_as_known_on_that_day(told: Program) -> None:
    moment = told.get("convoys/C-1?known_at=2026-03-04")["moment"]
    assert (moment["backfilled"], moment["basis"], moment["as_of"]) == (False, "as known on", None)
    assert told.get("convoys/C-1?as_of=2026-03-04")["moment"]["basis"] == "as known now"


def test_before_it_was_registered_it_is_not_found(told: Program) -> None:
    assert told.ask("convoys/C-1?as_of=2026-02-01").status == 404
    assert told.ask("convoys/C-1?known_at=2026-02-01").status == 404
    assert told.ask("convoys?as_of=2026-02-01").references == []


@pytest.mark.parametrize(
    ("narrowed", "early", "late"),
    [
        ("route=main", ["C-1"], []),
        ("route=coast", [], ["C-1"]),
        ("sponsor=aid_society", ["C-1"], []),
        ("sponsor=other_society", [], ["C-1"]),
        ("origin=harbour", ["C-1"], ["C-1"]),
        ("destination=junction", [], []),
        ("status=held&control_point=bridge", ["C-1"], ["C-1"]),
        ("control_point=gate", [], []),
    ],
)
def test_a_filter_asks_what_was_declared_then(
    narrowed: str, early: list[str], late: list[str], told: Program
) -> None:
    assert told.ask(f"convoys?{narrowed}&as_of=2026-03-04").references == early
    assert told.ask(f"convoys?{narrowed}&as_of=2026-03-06").references == late
    assert told.ask(f"convoys?{narrowed}").references == late


def test_sponsors_and_figures_are_those_of_then(told: Program) -> None:
    for path in ("convoys/C-1", "convoys"):
        early, late = (told.get(f"{path}?as_of=2026-03-0{day}") for day in (4, 6))
        if path == "convoys":
            (early,), (late,) = early["results"], late["results"]
        assert [row["code"] for row in early["sponsors"]] == ["aid_society"]
        assert [row["code"] for row in late["sponsors"]] == ["other_society"]
        assert (early["tonnes_low"], late["tonnes_low"]) == ("40.000", None)
        assert early["route"]["code"] == "main"


def test_a_retraction_counts_from_when_it_was_known(told: Program) -> None:
    held = next(event for event in told.get("convoys/C-1")["events"] if event["kind"] == "held")
    make.apply(Retract(held["sequence"], "Another convoy was meant."))
    assert told.get("convoys/C-1")["status"] == "planned"
    then = told.get("convoys/C-1?known_at=2026-03-06")
    assert then["status"] == "held"
    shown = next(event for event in then["events"] if event["kind"] == "held")
    assert (shown["retracted"], shown["superseded_by"]) == (False, None)
    assert told.ask("convoys?status=held&known_at=2026-03-06").references == ["C-1"]
    assert told.ask("convoys?status=held").references == []


def test_a_correction_of_the_route_counts_from_when_it_was_known(told: Program) -> None:
    registered = told.get("convoys/C-1")["events"][0]["sequence"]
    declares = make.DECLARATION | {"route": "coast"}
    better = make.record("C-1", "registered", "2026-03-01T06:00", declares=declares, claims=[])
    make.apply(Correct(registered, better, "A slip."))
    assert told.ask("convoys?route=main&as_of=2026-03-04").references == []
    assert told.ask("convoys?route=coast&as_of=2026-03-04").references == ["C-1"]
    assert told.ask("convoys?route=main&as_of=2026-03-04&known_at=2026-03-06").references == ["C-1"]


def test_pages_keep_the_moment(told: Program) -> None:
    with time_machine.travel("2026-03-02T12:00Z", tick=False):
        make.make_convoy("C-2", "2026-03-02T06:00")
    first = told.get("convoys?as_of=2026-03-04&page_size=1")
    assert "as_of=2026-03-04" in first["next"]
    second = told.get(first["next"])
    assert [row["reference"] for row in second["results"]] == ["C-2"]
    assert second["moment"] == first["moment"]


def test_visibility_is_asked_of_now(told: Program) -> None:
    """The aid society sponsored it until the amendment, and does not see it any more; nor its past."""
    old, new = Program(make.partner("aid_society")), Program(make.partner("other_society"))
    for query in ("", "?as_of=2026-03-04", "?as_of=2026-03-04&known_at=2026-03-04"):
        assert old.ask(f"convoys/C-1{query}").status == 404
        assert new.ask(f"convoys/C-1{query}").status == 200
        assert old.ask(f"convoys{query}").references == []
        assert new.ask(f"convoys{query}").references == ["C-1"]


def test_what_is_left_of_today_is_now_and_tomorrow_has_not_come(told: Program) -> None:
    today = timezone.now().date()
    assert told.get(f"convoys/C-1?as_of={today}")["moment"]["as_of"] is None
    answer = told.ask(f"convoys?as_of={today + timedelta(days=2)}")
    assert (answer.status, answer.body["code"]) == (400, "invalid-parameter")
    assert "has not come yet" in answer.body["detail"]


@pytest.mark.parametrize(
    "text",
    [
        "", "now", "yesterday", "2023-13-01", "2023-02-30", "2023-W37-2", "20230912", "2023-09-12T12:00",
        "2023-09-12T12:00%2B99:00", "2023-09-12T24:61Z", "1899-12-31", "0001-01-01", "9999-12-31",
        "2023-09-12%00", "%D9%A3023-09-12", "2023-09-12T12:00Z%0A",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["as_of", "known_at"])
@pytest.mark.parametrize("path", ["convoys", "convoys/C-1", "routes/main", "control-points"])
def test_a_moment_that_is_none_is_refused(path: str, name: str, text: str, told: Program) -> None:
    answer = told.ask(f"{path}?{name}={text}")
    assert (answer.status, answer.body["code"]) == (400, "invalid-parameter")
    assert [error["parameter"] for error in answer.body["errors"]] == [name]


def test_both_are_named_where_both_are_wrong_and_each_is_given_once(told: Program) -> None:
    answer = told.ask("convoys?as_of=x&known_at=y")
    assert [error["parameter"] for error in answer.body["errors"]] == ["as_of", "known_at"]
    assert told.ask("convoys?as_of=2026-03-01&as_of=2026-03-02").status == 400


@pytest.mark.parametrize("sign", ["%2B", "+"])
def test_a_plus_sign_may_come_as_it_is(sign: str, told: Program) -> None:
    moment = told.get(f"convoys?as_of=2026-03-04T12:00{sign}04:00")["moment"]
    assert moment["as_of"].startswith("2026-03-04T")


@pytest.mark.parametrize("path", ["events", "organisations", "agreements"])
def test_what_cannot_be_asked_of_another_day_says_so(path: str, told: Program) -> None:
    assert told.ask(f"{path}?as_of=2026-03-04").body["code"] == "unknown-parameter"


def test_queries_do_not_grow_with_rows_on_another_day_either() -> None:
    program = Program(make.partner())

    def cost(query: str) -> int:
        program.get(query)
        with CaptureQueriesContext(connection) as queries:
            program.get(query)
        return len(queries)

    paths = ("convoys?", "convoys?status=held&route=main&sponsor=aid_society&", "routes?", "control-points?")
    few: list[int] = []
    for number in range(8):
        make.make_held_convoy(f"C-{number}")
        make.apply(make.record(convoy(f"C-{number}"), "seen", "2026-03-04", place="junction"))
        costs = [cost(f"{path}as_of=2026-03-05") for path in paths]
        if number == 1:
            few = costs
    assert costs == few
    assert max(costs) <= 16

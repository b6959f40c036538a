"""What is held at a moment and how long holds lasted: the figures, what stands apart, and for whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from convoys.queries import durations, held_now
from convoys.queries.hold_groups import GROUPINGS
from convoys.services.changes import Retract
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

HELD, LASTED = "statistics/held-now", "statistics/durations"


def rows(answer: dict[str, Any], part: str = "results") -> dict[str | None, dict[str, Any]]:
    return {row["key"]: row for row in answer[part]}


@pytest.fixture
def holds() -> None:
    """OWN: 40 t, held 2 to 5 March, again since the 6th at noon. OPEN: at least 10 t, held since the 2nd.
    SHORT: held 12 hours on the 3rd. UNKNOWN: no tonnage, held since the 5th. SILENT: 5 t, held since
    1 January, never heard of since. X: an exercise. THIRD: another's, held since the 4th."""
    make.organisation("third_society")
    make.make_held_convoy("OWN", "2026-03-02")
    make.tell("OWN", "released", "2026-03-05", place="junction")
    make.tell("OWN", "held", "2026-03-06T12:00", place="junction", held_before="bridge")
    make.make_held_convoy("OPEN", "2026-03-02", declares={"tonnes": {"low": "10.000"}})
    make.tell("OPEN", "seen", "2026-03-04", place="junction")
    make.make_held_convoy("SHORT", "2026-03-03T06:00")
    make.tell("SHORT", "released", "2026-03-03T18:00", place="junction")
    make.make_held_convoy("UNKNOWN", "2026-03-05", declares={"tonnes": None})
    make.make_convoy("SILENT", "2026-01-01", declares={"tonnes": {"low": "5.000", "high": "5.000"}})
    make.tell("SILENT", "held", "2026-01-01", place="junction", held_before="gate")
    make.make_held_convoy("X", "2026-03-02", is_exercise=True)
    make.make_held_convoy("THIRD", "2026-03-04", declares={"sponsors": ["third_society"]})


# --- held now


def test_held_now_sums_what_was_held_at_the_moment_and_lists_what_nobody_confirms_apart(holds: None) -> None:
    answer = Program(make.partner()).get(f"{HELD}?as_of=2026-03-07")
    assert {key: row["convoys"] for key, row in rows(answer).items()} == {"OWN": 1, "OPEN": 1, "UNKNOWN": 1}
    assert answer["total"] == {
        "convoys": 3, "tonnes_low": "50.000", "tonnes_high": None, "unknown_tonnage": 1,
        "longest_held_since": "2026-03-02T00:00:00+00:00", "longest_held_precision": "day",
    }  # fmt: skip
    assert rows(answer, "not_confirmed")["SILENT"]["tonnes_high"] == "5.000"
    assert answer["not_confirmed_total"]["convoys"] == 1
    assert answer["counting_rule"] == held_now.COUNTING_RULE

    earlier = Program(make.partner()).get(f"{HELD}?as_of=2026-03-03T12:00Z")
    assert set(rows(earlier)) == {"OWN", "OPEN", "SHORT"}


def test_nothing_held_is_a_sum_of_nothing_not_an_error(holds: None) -> None:
    answer = Program(make.partner()).get(f"{HELD}?as_of=2025-12-01")
    assert (answer["results"], answer["not_confirmed"]) == ([], [])
    assert answer["total"]["convoys"] == 0
    assert (answer["total"]["longest_held_since"], answer["total"]["longest_held_precision"]) == (None, None)


def test_held_now_agrees_with_the_list_of_convoys(holds: None) -> None:
    program = Program(make.viewer())
    for moment in ("", "as_of=2026-03-04", "as_of=2026-03-07", "as_of=2026-03-04&known_at=2026-03-04"):
        answer = program.get(f"{HELD}?{moment}")
        counted = set(rows(answer)) | set(rows(answer, "not_confirmed"))
        assert counted == set(program.ask(f"convoys?status=held&{moment}").references), moment


# --- durations


def test_durations_are_of_ended_holds_and_open_ones_stand_apart(holds: None) -> None:
    answer = Program(make.partner()).get(f"{LASTED}?group_by=control_point&as_of=2026-03-07T12:00Z")
    bridge, gate = rows(answer)["bridge"], rows(answer)["gate"]
    assert {key: bridge[key] for key in ("holds", "shortest", "median", "longest")} == {
        "holds": 2, "shortest": "0.500", "median": "1.750", "longest": "3.000",
    }  # fmt: skip
    counts = {(length["at_least"], length["below"]): length["holds"] for length in bridge["lengths"]}
    assert sum(counts.values()) == 2
    assert (counts[0, 1], counts[3, 7], counts[90, None]) == (1, 1, 0)
    # OPEN was seen on the 4th, two days after; at the moment asked it had been held for five.
    assert bridge["open"] == {
        "holds": 3, "not_confirmed": 0, "longest_low": "2.000", "longest_high": "5.000",
    }  # fmt: skip
    assert (gate["holds"], gate["median"]) == (0, None)
    assert (gate["open"]["holds"], gate["open"]["not_confirmed"]) == (1, 1)
    assert answer["total"]["holds"] == 2
    assert answer["total"]["open"]["holds"] == 4
    assert answer["counting_rule"] == durations.COUNTING_RULE


def test_a_hold_that_is_open_at_the_moment_has_no_duration_yet(holds: None) -> None:
    answer = Program(make.partner()).get(f"{LASTED}?as_of=2026-03-03T12:00Z")
    assert answer["total"]["holds"] == 0
    assert rows(answer)["SHORT"]["open"]["longest_high"] == "0.250"


@pytest.mark.parametrize(
    ("stretch", "found"),
    [
        ("from=2026-03-05", {"OWN", "OPEN", "UNKNOWN", "SILENT"}),
        ("from=2026-03-03&to=2026-03-03", {"OWN", "OPEN", "SHORT", "SILENT"}),
        ("to=2026-03-02", {"OWN", "OPEN", "SILENT"}),
        ("to=2026-02-01", {"SILENT"}),
        ("from=2026-03-03T18:00Z&to=2026-03-04", {"OWN", "OPEN", "SHORT", "SILENT"}),
        ("from=2026-03-03T18:01Z&to=2026-03-04", {"OWN", "OPEN", "SILENT"}),
    ],
)
def test_a_stretch_takes_the_holds_that_share_an_instant_with_it_whole(
    stretch: str, found: set[str], holds: None
) -> None:
    answer = Program(make.partner()).get(f"{LASTED}?as_of=2026-03-07&{stretch}")
    assert set(rows(answer)) == found
    if "OWN" in found and "from=2026-03-05" not in stretch:
        assert rows(answer)["OWN"]["longest"] == "3.000"


def test_a_hold_that_was_taken_back_lasted_nothing() -> None:
    make.make_convoy("OWN")
    held = make.tell("OWN", "held", "2026-03-02", place="junction", held_before="bridge")
    make.apply(Retract(held, "it was another convoy"), author=make.coordinator())
    for path in (HELD, LASTED):
        assert Program(make.partner()).get(path)["results"] == []


# --- both


@pytest.mark.parametrize("path", [HELD, LASTED])
@pytest.mark.parametrize("group_by", GROUPINGS)
def test_every_grouping_names_its_groups_and_says_whether_they_overlap(
    path: str, group_by: str, holds: None
) -> None:
    make.apply(
        make.record(
            "OPEN", "seen", "2026-03-05", place="junction",
            claims=[make.account(alleged_holders=["third_society"], alleged_causes=["mines"])],
        )
    )  # fmt: skip
    answer = Program(make.viewer()).get(f"{path}?group_by={group_by}&as_of=2026-03-07")
    assert (answer["group_by"], answer["overlapping"]) == (
        group_by,
        group_by in ("cause", "sponsor", "holder"),
    )
    assert answer["results"]
    for row in answer["results"]:
        assert (row["key"] is None) is (row["name"] is None)


@pytest.mark.parametrize("path", [HELD, LASTED])
def test_a_partner_counts_what_it_may_see_and_no_exercise_counts(path: str, holds: None) -> None:
    def counted(person: Any) -> set[str | None]:
        answer = Program(person).get(f"{path}?as_of=2026-03-07")
        return set(rows(answer)) | set(rows(answer, "not_confirmed") if "not_confirmed" in answer else ())

    assert counted(make.partner("third_society")) == {"THIRD"}
    assert "THIRD" not in counted(make.partner())
    assert {"THIRD", "OWN"} <= counted(make.viewer())
    assert "X" not in counted(make.viewer())


@pytest.mark.parametrize("path", [HELD, LASTED])
def test_nothing_counts_before_it_was_known(path: str, holds: None) -> None:
    answer = Program(make.partner()).get(f"{path}?as_of=2026-03-07&known_at=2026-03-07")
    assert answer["results"] == []
    assert answer["moment"]["basis"] == "as known on"


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        (f"{HELD}?group_by=truck", ["group_by"]),
        (f"{LASTED}?group_by=", ["group_by"]),
        (f"{LASTED}?from=x&to=y&as_of=2026-03-06", ["from", "to"]),
        (f"{LASTED}?from=2026-03-04&to=2026-03-03", ["from"]),
        (f"{LASTED}?from=9999-01-01", ["from"]),
        (f"{HELD}?as_of=never", ["as_of"]),
    ],
)
def test_what_cannot_be_asked_is_named(query: str, parameters: list[str]) -> None:
    answer = Program(make.viewer()).ask(query)
    assert (answer.status, answer.body["code"]) == (400, "invalid-parameter")
    assert [error["parameter"] for error in answer.body["errors"]] == parameters


def test_queries_do_not_grow_with_holds(holds: None) -> None:
    program = Program(make.viewer())

    def cost() -> list[int]:
        counts = []
        for path in (HELD, LASTED):
            for group_by in GROUPINGS:
                with CaptureQueriesContext(connection) as queries:
                    program.get(f"{path}?group_by={group_by}&as_of=2026-03-07")
                counts.append(len(queries))
        return counts

    cost()
    few = cost()
    for number in range(5):
        make.make_held_convoy(f"C-{number}", "2026-03-02", declares={"sponsors": ["third_society"]})
    assert cost() == few
    assert max(few) <= 12

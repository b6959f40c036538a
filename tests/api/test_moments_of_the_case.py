"""The API asked about days of 2023: what was so then, as known then, and an answer that says so."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any
from urllib.parse import quote

import pytest

from convoys.models import Convoy, Route
from convoys.queries.as_of import Moment, set_back
from tests import factories as make
from tests.api.conftest import Program
from tests.importing.loaded import loaded_case

__all__ = ["loaded_case"]
pytestmark = pytest.mark.django_db

BEFORE = "as_of=2023-09-12T12:00Z&known_at=2023-09-11T23:59Z"
AFTER = "as_of=2023-09-12T12:00Z&known_at=2023-09-13T12:00Z"


@pytest.fixture
def case(loaded_case: Any, settings: Any) -> Program:
    settings.API_REQUESTS_PER_MINUTE = 100_000
    return Program(make.viewer())


@pytest.mark.parametrize(("query", "status"), [(BEFORE, "held"), (AFTER, "delivered")])
def test_a_delivery_was_not_known_before_it_was_reported(query: str, status: str, case: Program) -> None:
    assert case.get(f"convoys/KB23-06?{query}")["status"] == status
    rows = case.get(f"convoys?{query}")["results"]
    assert {row["reference"]: row["status"] for row in rows}["KB23-06"] == status
    assert ("KB23-06" in case.ask(f"convoys?status={status}&{query}").references) is True


def test_a_figure_and_the_claims_of_it_were_not_known_before_they_were_stated(case: Program) -> None:
    early = case.get("convoys/KB23-06?as_of=2023-09-11&known_at=2023-09-11")
    late = case.get("convoys/KB23-06?as_of=2023-09-13&known_at=2023-09-13")
    assert (early["tonnes_low"], late["tonnes_low"]) == (None, "15.000")
    assert "15.000" not in str(early)
    assert [line["category"] for line in early["cargo"]] == ["food"]
    assert [line["category"] for line in late["cargo"]] == ["food", "wash", "shelter_nfi"]


def test_what_was_held_on_the_first_of_september(case: Program) -> None:
    rows = case.get("convoys?as_of=2023-09-01&status=held")["results"]
    assert {row["reference"]: (row["trucks"], row["control_point"]["code"]) for row in rows} == {
        "KB23-01": (19, "lachin_checkpoint"),
        "KB23-02": (2, "lachin_checkpoint"),
        "KB23-03": (1, "lachin_checkpoint"),
        "KB23-05": (10, "lachin_checkpoint"),
        "KB23-04": (2, "aghdam_road_post"),
    }
    before_the_post = case.ask("convoys?as_of=2023-09-01&control_point=aghdam_road_post").references
    assert before_the_post == ["KB23-04"]


def test_nothing_known_later_is_in_an_answer(case: Program) -> None:
    known_at = Moment.parse(known_at="2023-09-11").known_at
    assert known_at is not None
    shown = case.get("convoys/KB23-06?known_at=2023-09-11")
    entries = shown["events"] + shown["claims"] + [c for event in shown["events"] for c in event["claims"]]
    assert len(entries) > 5
    assert all(entry["known_from"] <= known_at.isoformat() for entry in entries)
    assert len(shown["events"]) < len(case.get("convoys/KB23-06")["events"])


def test_the_answer_says_which_moment_it_is_about_and_on_what_it_rests(case: Program) -> None:
    shown = case.get(f"convoys?{BEFORE}")["moment"]
    assert shown == {
        "as_of": "2023-09-12T16:00:00+04:00",
        "known_at": "2023-09-12T03:59:00+04:00",
        "backfilled": True,
        "basis": "as reported by",
    }
    now = {"as_of": None, "known_at": None, "backfilled": None, "basis": "as known now"}
    for path in ("convoys", "convoys/KB23-06", "routes", "control-points", "agreements/AG2"):
        assert case.get(path)["moment"] == now
        assert case.get(f"{path}?{AFTER}")["moment"]["basis"] in ("as reported by", "as known on")


def test_access_is_that_of_the_moment(case: Program) -> None:
    def points(query: str) -> dict[str, str]:
        rows = case.get(f"control-points?{query}")["results"]
        return {row["code"]: row["access"] for row in rows}

    now, then = points(""), points("as_of=2022-01-01")
    assert set(now) == set(then)
    assert set(then.values()) == {None}
    assert any(now.values())
    routes = case.get("routes?as_of=2022-01-01")["results"]
    assert {route["access"] for route in routes} == {None}
    code = next(code for code, access in now.items() if access)
    assert case.get(f"control-points/{code}?as_of=2022-01-01")["events"] == []


def test_filters_are_about_the_moment_as_a_replay_has_it(case: Program) -> None:
    """Fifteen random days and every value of every filter, against columns set back one by one."""
    draw = Random(11)
    first = make.utc(2023, 7, 25)
    codes = list(Route.objects.values_list("code", flat=True))
    for _ in range(15):
        as_of, known_at = (first + timedelta(hours=draw.randrange(60 * 24)) for _ in range(2))
        query = f"as_of={quote(as_of.isoformat())}&known_at={quote(known_at.isoformat())}"
        convoys = list(Convoy.objects.filter(is_exercise=False).order_by("reference"))
        set_back(convoys, Moment(as_of, known_at))
        on_record = [convoy for convoy in convoys if convoy.status]
        references = [convoy.reference for convoy in on_record]
        assert case.ask(f"convoys?{query}").references == references
        values = {("route", code) for code in codes}
        values |= {(name, getattr(c, f"{name}_id")) for c in on_record for name in ("origin", "destination")}
        for name, code in sorted(values - {("origin", None), ("destination", None)}):
            expected = [c.reference for c in on_record if getattr(c, f"{name}_id") == code]
            assert case.ask(f"convoys?{name}={code}&{query}").references == expected
        sponsored = {
            (link.organisation_id, row.reference)
            for row in on_record
            for link in row.organisations.all()
            if link.part == "sponsor"
        }
        for sponsor in sorted({sponsor for sponsor, _ in sponsored}):
            found = set(case.ask(f"convoys?sponsor={sponsor}&{query}").references)
            assert {reference for one, reference in sponsored if one == sponsor} <= found <= set(references)


def test_the_reference_figure_of_tonne_days(case: Program) -> None:
    answer = case.get("statistics/tonne-days?as_of=2023-09-11&known_at=2023-09-11")
    rows = {row["key"]: row for row in answer["results"]}
    assert (rows["KB23-04"]["low"], rows["KB23-04"]["high"]) == ("520.000", "520.000")
    assert rows["KB23-06"]["unknown_tonnage"] == 1
    assert answer["moment"]["basis"] == "as reported by"
    window = case.get("statistics/tonne-days?as_of=2023-09-14&from=2023-08-29&to=2023-09-11")
    assert {row["key"]: row["low"] for row in window["results"]}["KB23-04"] == "520.000"

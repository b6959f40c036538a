"""Entries by audience, confidential sources, retractions and inferred steps, for each reader."""

from __future__ import annotations

import json
from typing import Any

import pytest

from convoys.models import Words
from convoys.services.changes import Claim, Record, Retract, Target, control_point, convoy
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


@pytest.fixture
def told() -> dict[str, int]:
    """One event for each audience, on a convoy that all partners see."""
    make.make_convoy("C-1", visible_to="all_partners")
    make.organisation("other_society")
    kinds = {"staff": "inspected", "parties": "departed", "partners": "seen", "public": "arrived"}
    return {
        audience: make.tell("C-1", kind, f"2026-03-0{day}", place="junction", audience=audience)
        for day, (audience, kind) in enumerate(kinds.items(), 2)
    }


def sequences(document: dict[str, Any], key: str) -> set[int]:
    return {row["sequence"] for row in document[key]}


@pytest.mark.parametrize(
    ("who", "audiences"),
    [
        (make.viewer, {"staff", "parties", "partners", "public"}),
        (make.partner, {"parties", "partners", "public"}),
        (lambda: make.partner("other_society"), {"partners", "public"}),
    ],
)
def test_events_are_told_to_their_audience(who: Any, audiences: set[str], told: dict[str, int]) -> None:
    program = Program(who())
    expected = {told[audience] for audience in audiences}
    assert sequences(program.get("convoys/C-1"), "events") & set(told.values()) == expected
    assert sequences(program.get("events?convoy=C-1"), "results") & set(told.values()) == expected


def test_the_state_is_the_same_for_every_reader(told: dict[str, int]) -> None:
    rows = [
        Program(person).get("convoys/C-1")
        for person in (make.viewer(), make.partner(), make.partner("other_society"))
    ]
    assert {row["status"] for row in rows} == {"dispatched"}


def test_a_claim_narrower_than_its_event_is_kept_back(told: dict[str, int]) -> None:
    account = make.account(statement="For the desk alone.", audience="staff")
    make.apply(Claim(Target(chain=told["public"]), account))
    for person, seen in ((make.viewer(), True), (make.partner(), False)):
        text = json.dumps(Program(person).get("convoys/C-1"))
        assert ("For the desk alone." in text) is seen


def test_of_a_confidential_source_partners_see_the_kind_only() -> None:
    make.make_convoy("C-1")
    source = make.account(
        speaker="A driver", speaker_person="Full Name", publisher="A paper", link="https://example.org/x",
        title="Title", language="en", statement="Three of us were turned away.", is_confidential=True,
        alleged_trucks=3,
    )  # fmt: skip
    make.tell("C-1", "departed", "2026-03-02", claims=[source])

    def claim_for(person: Any) -> Any:
        events = Program(person).get("convoys/C-1")["events"]
        return next(event for event in events if event["kind"] == "departed")["claims"][0]

    shown, kept_back = claim_for(make.viewer()), claim_for(make.partner())
    assert (shown["speaker"], shown["withheld"]) == ("A driver", False)
    assert kept_back["withheld"] is True
    assert kept_back["speaker_kind"] == "monitor"
    assert kept_back["alleged"]["trucks"] == 3
    hidden = (
        *("speaker", "speaker_organisation", "person", "publisher", "publisher_organisation"),
        *("title", "link", "language", "statement"),
    )
    assert {key: kept_back[key] for key in hidden} == dict.fromkeys(hidden)
    assert shown.keys() == kept_back.keys()


def test_every_claim_has_the_same_keys_whatever_it_is_about() -> None:
    make.make_held_convoy("C-1")
    make.apply(
        Claim(Target(subject=convoy("C-1"), item="tonnes"), make.account(alleged_tonnes_low=41)),
        Claim(Target(subject=control_point("bridge")), make.account(stance="denies")),
    )
    program = Program(make.viewer())
    detail, point = program.get("convoys/C-1"), program.get("control-points/bridge")
    claims = (
        [claim for event in detail["events"] for claim in event["claims"]]
        + detail["claims"]
        + point["claims"]
    )
    assert len(claims) == 4
    assert len({tuple(claim) for claim in claims}) == 1
    assert len({tuple(claim["alleged"]) for claim in claims}) == 1
    assert detail["claims"][0]["target"] == {"type": "convoy", "chain": None, "code": "C-1", "item": "tonnes"}
    assert detail["claims"][0]["alleged"]["tonnes_low"] == "41.000"


def test_answers_to_a_claim_stand_beside_it() -> None:
    make.make_convoy("C-1")
    made = make.apply(make.record("C-1", "departed", "2026-03-02"))
    first = made.sequences[0][1]
    make.apply(Claim(Target(chain=first), make.account(speaker="Another", stance="denies", statement="No.")))
    event = next(e for e in Program(make.partner()).get("convoys/C-1")["events"] if e["kind"] == "departed")
    assert [claim["target"]["type"] for claim in event["claims"]] == ["event", "claim"]
    assert event["claims"][1]["target"]["chain"] == first
    assert event["contested"] == ["whether"]


def test_a_retracted_event_stays_and_says_so() -> None:
    make.make_convoy("C-1")
    slip = make.tell("C-1", "departed", "2026-03-02")
    taken_back = make.apply(Retract(slip, "Pressed by mistake.")).sequences[0][0]
    program = Program(make.partner())

    detail = program.get("convoys/C-1")
    assert detail["status"] == "planned"
    event = next(e for e in detail["events"] if e["kind"] == "departed")
    assert event["retracted"] is True
    assert event["superseded_by"] == taken_back
    assert event["retraction"]["sequence"] == taken_back
    assert event["retraction"]["reason"] == "Pressed by mistake."
    assert len(event["claims"]) == 1

    feed = program.get(f"events?convoy=C-1&after={slip}")["results"]
    assert [(row["type"], row["sequence"], row["act"], row["supersedes"], row["reason"]) for row in feed] == [
        ("claim", slip + 1, "record", None, None),
        ("event", taken_back, "retract", slip, "Pressed by mistake."),
    ]


def test_a_retracted_claim_stays_and_says_so() -> None:
    make.make_convoy("C-1")
    claim = make.apply(make.record("C-1", "departed", "2026-03-02")).sequences[0][1]
    taken_back = make.apply(Retract(claim, "Another convoy was meant.")).sequences[0][0]
    event = next(e for e in Program(make.partner()).get("convoys/C-1")["events"] if e["kind"] == "departed")
    assert [(c["sequence"], c["retracted"], c["superseded_by"]) for c in event["claims"]] == [
        (claim, True, taken_back)
    ]


def test_inferred_steps_stand_before_what_implies_them() -> None:
    make.make_convoy("C-1")
    held = make.tell("C-1", "held", "2026-03-02", place="junction", held_before="bridge")
    detail = Program(make.partner()).get("convoys/C-1")
    assert [(e["kind"], e["inferred"]) for e in detail["events"]] == [
        ("registered", False),
        ("departed", True),
        ("held", False),
    ]
    step = detail["events"][1]
    assert (step["sequence"], step["chain"], step["act"], step["implied_by"]) == (None, None, None, held)
    assert step["place"] is None
    assert step["claims"] == []
    assert step["occurred_at"] == detail["events"][2]["occurred_at"]
    assert step.keys() == detail["events"][2].keys()


def test_erased_words_are_said_to_be_erased() -> None:
    make.make_convoy("C-1")
    claim = make.apply(make.record("C-1", "departed", "2026-03-02")).sequences[0][1]
    Words.objects.filter(sequence=claim).delete()
    event = next(e for e in Program(make.partner()).get("convoys/C-1")["events"] if e["kind"] == "departed")
    assert (event["claims"][0]["erased"], event["claims"][0]["statement"]) == (True, None)
    assert event["erased"] is False


def test_a_partner_is_not_told_with_whom_else_a_convoy_is_shared() -> None:
    make.organisation("other_society")
    make.make_convoy("C-1")
    make.apply(Record(convoy("C-1"), "visibility_changed", visible_to=["other_society"]))

    def shared_with(person: Any) -> Any:
        events = Program(person).get("convoys/C-1")["events"]
        return [event["declares"]["visible_to"] for event in events if event["kind"] == "visibility_changed"]

    assert shared_with(make.viewer()) == [["other_society"]]
    assert shared_with(make.partner()) == [[]]


def test_notes_of_the_desk_are_not_for_partners() -> None:
    make.make_convoy("C-1")
    make.apply(Record(convoy("C-1"), "note", text="Call back at noon."))
    assert "Call back at noon." in json.dumps(Program(make.viewer()).get("events"))
    assert "Call back at noon." not in json.dumps(Program(make.partner()).get("events"))

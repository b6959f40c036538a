"""Each kind of report has a form whose fields come from its row, and what is sent is on record."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from convoys.models import ChangeSet, Claim, Convoy, Event, Words
from convoys.vocabulary import FINAL_STATES, KINDS, Kind, SubjectType
from tests import factories
from tests.admin import desk

SOURCE = desk.SOURCE
NEEDED: dict[str, Any] = {
    "place": "junction",
    "decided_by": "other",
    "loss_mode": "theft",
    "text": "A word to colleagues.",
    "visible_to": "all_partners",
    "other_convoy": "C-2",
    "next_carrier": "Aid Society",
}
TYPED_AS = {"visible_to": "shared"}
RECORDED = [
    kind for kind in KINDS.values() if SubjectType.CONVOY in kind.subjects and kind.code != "registered"
]


def typed_for(kind: Kind) -> dict[str, Any]:
    """The least that a report of this kind needs, from its row."""
    typed = {TYPED_AS.get(name, name): NEEDED[name] for name in kind.required} | SOURCE
    return typed | ({"trucks": "7"} if kind.items and not kind.allowed else {})


def ready_for(kind: Kind) -> str:
    """A convoy in a state from which this kind is legal, and another one that it can name."""
    factories.make_convoy("C-2")
    if kind.code in ("departed", "cancelled"):
        return factories.make_convoy("C-1").code
    if kind.code in ("resumed", "held"):
        ref = factories.make_convoy("C-1")
        factories.tell(ref, "departed", "2026-03-01T08:00", place="harbour")
        factories.tell(ref, "stopped", "2026-03-02T08:00", place="junction")
        return ref.code
    return factories.make_held_convoy("C-1").code


@pytest.mark.parametrize("kind", RECORDED, ids=lambda kind: kind.code)
def test_every_kind_is_recorded_by_its_form(kind: Kind, coordinator: Client) -> None:
    reference = ready_for(kind)
    before = Event.objects.count()
    url = desk.act(reference, "record", kind.code)
    response = desk.send(coordinator, url, **typed_for(kind), confirmed="1")
    assert response.status_code == 302, desk.problems_of(response)
    event = Event.objects.filter(sequence__gt=before, kind=kind.code).get()
    assert event.author is not None
    assert event.author.username == "coordinator"
    assert event.claims.count() == 1
    state = Convoy.objects.get(reference=reference).status
    assert (state in FINAL_STATES) == (kind.code in {"delivered", "returned", "lost", "cancelled"})


@pytest.mark.parametrize("kind", RECORDED, ids=lambda kind: kind.code)
def test_a_form_asks_for_what_its_kind_may_carry_and_for_nothing_else(
    kind: Kind, coordinator: Client
) -> None:
    reference = ready_for(kind)
    source = coordinator.get(desk.act(reference, "record", kind.code)).content.decode()
    names = desk.names_in(source)
    columns = {
        *("place", "held_before", "heading", "decided_by", "loss_mode", "access", "text", "trucks"),
        *("damaged_tonnes_low", "refused_tonnes_low", "shortfall_reason", "other_convoy", "next_carrier"),
    }
    expected = set(kind.allowed) & columns | (
        {"trucks"} if "trucks" in {item.value for item in kind.items} else set()
    )
    assert names & columns == expected
    assert {"uuid", "seen", "day", "time", "precision", "bound", "speaker", "statement", "audience"} <= names


def test_a_hold_keeps_what_was_typed(held: str, officer: Client, bell: list[str]) -> None:
    factories.tell(held, "released", "2026-03-03T08:00", place="junction")
    factories.organisation("gate_guards")
    url = desk.act(held, "record", "held")
    response = desk.send(
        officer,
        url,
        day="2026-03-04",
        time="10:20",
        precision="hour",
        bound="about",
        time_as_printed="around ten",
        place="hamlet",
        held_before="gate",
        speaker="Aid Society",
        speaker_kind="carrier_staff",
        speaker_person="A driver",
        alleged_holders="Gate Guards",
        cause="paperwork",
        cause_2="inspection",
        statement="They would not let us through.",
        wording="verbatim",
        link="https://news.example/1",
        publisher="A paper",
        title="At the gate",
        language="en",
        said_on="2026-03-04",
        reported_on="2026-03-05",
        audience="partners",
        note="Call them at six.",
    )
    assert response.status_code == 302, desk.problems_of(response)
    event = Event.objects.filter(kind="held").latest("sequence")
    assert (event.place_id, event.held_before_id, event.precision, event.bound) == (
        "hamlet",
        "gate",
        "hour",
        "about",
    )
    assert event.occurred_at == factories.utc(2026, 3, 4, 10)
    assert event.audience == "partners"
    claim = event.claims.get()
    assert (claim.alleged_holders, claim.alleged_causes) == (["gate_guards"], ["inspection", "paperwork"])
    assert claim.is_verbatim
    words = Words.objects.get(sequence=claim.sequence).fields
    assert words["speaker_organisation"] == "aid_society"
    assert (words["publisher"], words["person"], words["link"]) == (
        "A paper",
        "A driver",
        "https://news.example/1",
    )
    assert Words.objects.get(sequence=event.sequence).fields["time_as_printed"] == "around ten"
    note = Event.objects.latest("sequence")
    assert (note.kind, note.audience, note.change_set_id) == ("note", "staff", event.change_set_id)
    assert bell == ["convoys.tasks.detect"]
    assert LogEntry.objects.filter(user__username="officer").count() == 1


def test_times_are_read_by_the_clock_of_the_place(held: str, officer: Client) -> None:
    factories.place("far_town", time_zone="Asia/Tbilisi")
    url = desk.act(held, "record", "seen")
    response = desk.send(
        officer, url, day="2026-03-04", time="10:00", place="elsewhere", place_elsewhere="far_town", **SOURCE
    )
    assert response.status_code == 302, desk.problems_of(response)
    assert Event.objects.latest("sequence").occurred_at == factories.utc(2026, 3, 4, 6)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"day": "2027-01-01"}, "lies in the future"),
        ({"day": "0001-01-01", "time": ""}, "before 1990"),
        ({"day": "soon"}, "valid date"),
        ({"day": ""}, "required"),
        ({"time": "", "precision": "minute"}, "Give the time"),
        ({"time": "10:00", "precision": "day"}, "A time was given"),
        ({"statement": "x" * 1_000_000}, "at most 10000 characters"),
        ({"statement": "a\x00b"}, "Null characters"),
        ({"speaker": ""}, "Say who says so"),
        ({"speaker": "x" * 301}, "at most 300 characters"),
        ({"speaker_kind": "saint"}, "not one of the available choices"),
        ({"place": "nowhere"}, "not one of the available choices"),
        ({"place": "elsewhere"}, "Choose which place"),
        ({"place": "junction", "place_elsewhere": "valley"}, "Two places are chosen"),
        ({"audience": "the world"}, "not one of the available choices"),
        ({"link": "javascript:alert(1)"}, "valid URL"),
        ({"said_on": "2026-04-01"}, "out of range"),
        ({"alleged_holders": "Nobody Known"}, "is no organisation on record"),
        ({"alleged_tonnes_low": "-1"}, "greater than or equal to 0"),
        ({"alleged_tonnes_low": "5", "alleged_tonnes_high": "2"}, "below the lowest"),
        ({"alleged_tonnes_low": "99999999"}, "0 to 1,000,000"),
        ({"alleged_trucks": "99999999999999999999"}, "less than or equal to 10000"),
        ({"uuid": "not-a-uuid"}, "valid UUID"),
        ({"seen": "many"}, "whole number"),
    ],
)
def test_bad_input_is_said_on_the_form_and_nothing_is_written(
    typed: dict[str, Any], says: str, held: str, officer: Client
) -> None:
    before = Event.objects.count(), Claim.objects.count()
    url = desk.act(held, "record", "seen")
    response = desk.send(officer, url, **(SOURCE | {"title": "What I typed"} | typed))
    assert response.status_code == 200
    assert says in desk.text_of(response), desk.problems_of(response)
    assert (Event.objects.count(), Claim.objects.count()) == before
    assert desk.form_in(response.content.decode())["title"] == "What I typed"


def test_an_illegal_history_names_the_clash_and_what_is_legal(held: str, officer: Client) -> None:
    response = desk.send(officer, desk.act(held, "record", "resumed"), **SOURCE)
    text = desk.text_of(response)
    assert "resumed of 2026-03-05" in text
    assert "the convoy was then held" in text
    assert "released" in text
    assert Convoy.objects.get(reference=held).status == "held"


def test_a_form_sent_twice_writes_once(held: str, officer: Client, bell: list[str]) -> None:
    url = desk.act(held, "record", "released")
    typed = desk.opened(officer, url) | SOURCE
    assert officer.post(url, typed).status_code == 302
    assert officer.post(url, typed).status_code == 302
    assert Event.objects.filter(kind="released").count() == 1
    assert len(bell) == 1
    assert "sending it again changed nothing" in desk.text_of(officer.get(desk.page(held)))


def test_a_used_form_with_other_contents_is_refused_and_made_fresh(held: str, officer: Client) -> None:
    url = desk.act(held, "record", "seen")
    typed = desk.opened(officer, url) | SOURCE
    officer.post(url, typed)
    response = officer.post(url, typed | {"statement": "Something else."})
    assert response.status_code == 409
    assert "already used for another report" in desk.text_of(response)
    fresh = desk.form_in(response.content.decode())
    assert fresh["statement"] == "Something else."
    assert uuid.UUID(fresh["uuid"]) != uuid.UUID(typed["uuid"])


def test_a_conflict_is_told_and_loses_nothing(held: str, officer: Client) -> None:
    url = desk.act(held, "record", "released")
    typed = desk.opened(officer, url) | SOURCE | {"statement": "The gate was opened."}
    factories.tell(held, "seen", "2026-03-05T11:00", place="junction")
    response = officer.post(url, typed)
    assert response.status_code == 409
    assert "has a newer entry than the one you saw" in desk.text_of(response)
    assert not Event.objects.filter(kind="released").exists()
    again = desk.form_in(response.content.decode())
    assert again["statement"] == "The gate was opened."
    assert officer.post(url, again).status_code == 302
    assert Event.objects.filter(kind="released").count() == 1


@pytest.mark.parametrize("code", ["delivered", "returned", "lost"])
def test_a_final_state_is_asked_about_before_it_is_written(code: str, held: str, officer: Client) -> None:
    url = desk.act(held, "record", code)
    typed = SOURCE | {"place": "valley", "statement": "Unloaded.", "loss_mode": "theft"}
    asked = desk.send(officer, url, **typed)
    assert asked.status_code == 200
    assert "This is what will be written" in desk.text_of(asked)
    assert "Valley" in desk.text_of(asked)
    assert Convoy.objects.get(reference=held).status == "held"
    kept = desk.form_in(asked.content.decode())
    back = officer.post(url, kept | {"_edit": "1"})
    assert desk.form_in(back.content.decode())["statement"] == "Unloaded."
    assert Convoy.objects.get(reference=held).status == "held"
    assert officer.post(url, kept | {"confirmed": "yes"}).status_code == 302
    assert Convoy.objects.get(reference=held).status == code


def test_now_fills_in_the_time_without_losing_what_was_typed(held: str, officer: Client) -> None:
    url = desk.act(held, "record", "released")
    response = desk.send(officer, url, _now="1", statement="Typed before.", day="2026-01-01")
    shown = desk.form_in(response.content.decode())
    assert (shown["day"], shown["time"], shown["statement"]) == ("2026-03-05", "12:00", "Typed before.")
    assert "errornote" not in response.content.decode()
    assert ChangeSet.objects.filter(door="admin").count() == 0


def test_kinds_of_another_subject_or_version_have_no_form(held: str, coordinator: Client) -> None:
    for code in ("registered", "access_changed", "agreed", "transform", "departed_origin"):
        assert coordinator.get(desk.act(held, "record", code)).status_code == 404
        assert coordinator.post(desk.act(held, "record", code), SOURCE).status_code == 404

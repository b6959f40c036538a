"""The right of reply by the API: what a partner says of what it sees, until the desk has decided."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from convoys.models import AccountOffered, Claim, Event
from convoys.services import replying
from convoys.services.erasing import erase_words
from tests import factories as make
from tests.api.conftest import Answer, Program

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def event() -> int:
    """The chain of the hold of a convoy of the partner's own."""
    make.make_held_convoy("C-1")
    return Event.objects.get(kind="held").chain


@pytest.fixture
def program(event: int) -> Program:
    return Program(make.partner())


def said(event: int, **more: Any) -> dict[str, Any]:
    return {
        "event": event, "stance": "denies", "statement": "We were not held.", "speaker_kind": "carrier_staff",
    } | more  # fmt: skip


def release() -> int:
    offer = AccountOffered.objects.get()
    done = replying.release(make.coordinator(), offer.uuid, offer.convoy.newest_entry)
    assert done is not None
    return done.sequence or 0


def test_it_waits_and_only_its_organisation_reads_it(program: Program, event: int) -> None:
    answer = program.send("POST", "claims", said(event, trucks=3, tonnes_low="30"))
    assert answer.status == 201
    assert (answer.body["state"], answer.body["convoy"], answer.body["event"]) == ("waiting", "C-1", event)
    assert program.ask(answer.headers["Location"]).body == answer.body
    assert program.get("claims")["results"] == [answer.body]
    colleague = make.user("colleague", organisation=make.organisation())
    assert Program(colleague).get("claims")["results"] == [answer.body]
    assert Program(make.viewer()).get("claims")["results"] == []
    assert "We were not held" not in str(program.get("convoys/C-1"))
    assert "We were not held" not in str(program.get("events"))


def test_released_it_stands_beside_the_others_by_its_sequence(program: Program, event: int) -> None:
    program.send("POST", "claims", said(event))
    sequence = release()
    (mine,) = program.get("claims")["results"]
    assert (mine["state"], mine["sequence"], mine["statement"]) == ("released", sequence, "We were not held.")
    (held,) = [row for row in program.get("convoys/C-1")["events"] if row["kind"] == "held"]
    (claim,) = [row for row in held["claims"] if row["sequence"] == sequence]
    assert (claim["speaker_organisation"]["code"], claim["verbatim"]) == ("aid_society", True)
    erase_words(sequence, "Names somebody.", make.administrator())
    assert program.get("claims")["results"][0]["statement"] is None


def test_declined_it_says_why(program: Program, event: int) -> None:
    made = program.send("POST", "claims", said(event)).body
    replying.decline(make.coordinator(), uuid.UUID(made["id"]), "It names a driver.")
    mine = program.get(f"claims/{made['id']}")
    assert (mine["state"], mine["reason"], mine["sequence"]) == ("declined", "It names a driver.", None)
    assert program.send("DELETE", f"claims/{made['id']}").body["code"] == "conflict"


def test_withdrawn_its_words_are_gone(program: Program, event: int) -> None:
    made = program.send("POST", "claims", said(event)).body
    for _ in range(2):
        assert program.send("DELETE", f"claims/{made['id']}").status == 204
    mine = program.get(f"claims/{made['id']}")
    assert (mine["state"], mine["statement"]) == ("withdrawn", None)


def test_who_may_no_longer_see_the_convoy_sees_no_account_of_it(program: Program, event: int) -> None:
    made = program.send("POST", "claims", said(event)).body
    make.organisation("other_society")
    make.tell("C-1", "amended", "2026-03-06", declares={"sponsors": ["other_society"]}, claims=[])
    assert program.ask("convoys/C-1").status == 404
    assert program.get("claims")["results"] == []
    assert program.ask(f"claims/{made['id']}").status == 404
    assert program.send("DELETE", f"claims/{made['id']}").status == 404


def test_a_key_makes_sending_it_again_harmless(program: Program, event: int) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first = program.send("POST", "claims", said(event), headers=headers)
    again = program.send("POST", "claims", said(event), headers=headers)
    assert (first.status, again.status) == (201, 200)
    assert first.body == again.body
    other = program.send("POST", "claims", said(event, stance="reports"), headers=headers)
    assert (other.status, other.body["code"]) == (409, "key-reused")
    assert AccountOffered.objects.count() == 1


@pytest.mark.parametrize("key", ["", "1", "x" * 36, "{6f9619ff-8b86-4d01-b42d-00cf4fc964ff}"])
def test_a_key_is_a_uuid(key: str, program: Program, event: int) -> None:
    answer = program.send("POST", "claims", said(event), headers={"Idempotency-Key": key})
    assert (answer.status, answer.body["code"]) == (400, "invalid-parameter")


def test_what_it_may_not_see_is_not_there(program: Program, event: int) -> None:
    make.organisation("other_society")
    internal = make.tell("C-1", "note", "2026-03-03", text="For the desk.", claims=[])
    unseen = make.account(audience="staff")
    make.make_convoy("C-2", declares={"sponsors": ["other_society"]})
    others = Event.objects.get(kind="registered", convoy__reference="C-2").chain
    make.tell("C-1", "seen", "2026-03-04", claims=[unseen])
    hidden = Claim.objects.get(audience="staff").chain
    asked = [said(internal), said(others), said(10**9), {**said(0), "claim": hidden}]
    asked[-1].pop("event")
    for body in asked:
        answer = program.send("POST", "claims", body)
        assert (answer.status, answer.body["code"]) == (404, "not-found"), body
    assert Program(make.partner("other_society")).send("POST", "claims", said(event)).status == 404


def test_staff_are_told_where_they_record(event: int) -> None:
    answer = Program(make.officer()).send("POST", "claims", said(event))
    assert (answer.status, answer.body["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"stance": "doubts"}, "stance"),
        ({"statement": ""}, "statement"),
        ({"statement": "x" * 10_001}, "statement"),
        ({"statement": "NUL \x00"}, "statement"),
        ({"statement": "bell \x07"}, "statement"),
        ({"event": "5"}, "event"),
        ({"event": True}, "event"),
        ({"event": 10**30}, "event"),
        ({"claim": 1}, "event"),
        ({"said_on": "2099-01-01"}, "said_on"),
        ({"said_on": "20260301"}, "said_on"),
        ({"holders": ["nobody"]}, "holders"),
        ({"holders": "nobody"}, "holders"),
        ({"causes": ["magic"]}, "causes.0"),
        ({"happened": "1700000000"}, "happened"),
        ({"place": "nowhere"}, "place"),
        ({"link": "file:///etc/passwd"}, "link"),
        ({"tonnes_low": 5}, "tonnes_low"),
        ({"tonnes_low": "NaN"}, "tonnes_low"),
        ({"tonnes_high": "5"}, "tonnes_low"),
        ({"title": "two\nlines"}, "title"),
    ],
)
def test_what_cannot_be_taken_is_named(more: Any, field: str, program: Program, event: int) -> None:
    answer: Answer = program.send("POST", "claims", said(event) | more)
    assert (answer.status, answer.body["code"]) == (422, "invalid-field"), answer.body
    assert field in [error["parameter"] for error in answer.body["errors"]], answer.body
    assert not AccountOffered.objects.exists()

"""Subscriptions by the API: what the page does, said in the same sentence, refused for the same reasons."""

from __future__ import annotations

from typing import Any

import pytest

from convoys.models import Subscription
from convoys.queries.subscriptions import in_force_for
from convoys.services.alerting.described import described
from convoys.services.webhooks import manage
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> Program:
    make.make_convoy("C-1")
    return Program(make.partner())


WISH = {
    "convoy": "C-1", "route": "main", "control_point": "bridge", "sponsor": "aid_society",
    "from_seconds": 86400, "rhythm": "daily", "digest_hour": 7, "language": "fr", "time_zone": "Asia/Yerevan",
}  # fmt: skip


def test_what_is_named_must_all_fit_and_the_sentence_says_what_it_does(program: Program) -> None:
    answer = program.send("POST", "subscriptions", WISH)
    assert answer.status == 201, answer.body
    assert {name: answer.body[name] for name in WISH} == WISH
    partner = make.partner()
    assert answer.body["sentence"] == described(partner, in_force_for(partner))[0].sentence
    assert answer.body["idle_because"] is None
    assert program.ask(answer.headers["Location"]).body == answer.body
    assert program.get("subscriptions")["results"] == [answer.body]


def test_of_which_nothing_is_said_it_is_of_all_by_mail_at_once(program: Program) -> None:
    body = program.send("POST", "subscriptions", {}).body
    assert (body["channel"], body["rhythm"], body["from_seconds"]) == ("mail", "immediate", 0)
    assert {body[name] for name in ("convoy", "route", "control_point", "sponsor")} == {None}


def test_the_same_again_changes_the_one_there_is(program: Program) -> None:
    first = program.send("POST", "subscriptions", {"convoy": "C-1"})
    again = program.send("POST", "subscriptions", {"convoy": "C-1", "from_seconds": 3600})
    assert (first.status, again.status) == (201, 200)
    assert first.body["id"] == again.body["id"]
    assert Subscription.objects.get().from_seconds == 3600


def test_what_is_left_out_of_a_change_stays_and_null_opens_it(program: Program) -> None:
    made = program.send("POST", "subscriptions", WISH).body
    changed = program.send(
        "PATCH",
        f"subscriptions/{made['id']}",
        {"sponsor": None, "rhythm": "immediate", "digest_hour": None, "language": None},
    )
    assert changed.status == 200, changed.body
    expected = WISH | {"sponsor": None, "rhythm": "immediate", "digest_hour": None, "language": None}
    assert {name: changed.body[name] for name in WISH} == expected


def test_two_of_ones_own_do_not_become_the_same(program: Program) -> None:
    program.send("POST", "subscriptions", {"route": "main"})
    other = program.send("POST", "subscriptions", {"convoy": "C-1"}).body
    answer = program.send("PATCH", f"subscriptions/{other['id']}", {"convoy": None, "route": "main"})
    assert (answer.status, answer.body["errors"][0]["parameter"]) == (422, "subscription")


def test_ended_it_is_not_there_any_more(program: Program) -> None:
    made = program.send("POST", "subscriptions", {}).body
    address = f"subscriptions/{made['id']}"
    assert program.send("DELETE", address).status == 204
    assert program.send("DELETE", address).status == program.ask(address).status == 404
    assert program.get("subscriptions")["results"] == []


def test_a_webhook_of_ones_own_can_be_told(program: Program) -> None:
    mine, _ = manage.make(make.partner(), "https://hooks.example.org/one")
    others, _ = manage.make(make.coordinator(), "https://hooks.example.org/two")
    made = program.send("POST", "subscriptions", {"channel": "webhook", "webhook": mine.pk})
    assert (made.status, made.body["webhook"]) == (201, mine.pk)
    for key in (others.pk, 10**6, None):
        refused = program.send("POST", "subscriptions", {"channel": "webhook", "webhook": key})
        assert refused.body["errors"][0]["parameter"] == "webhook"


def test_one_whose_convoy_is_no_longer_seen_hides_its_name_and_only_ends(program: Program) -> None:
    made = program.send("POST", "subscriptions", {"convoy": "C-1"}).body
    make.organisation("other_society")
    make.tell("C-1", "amended", "2026-03-06", declares={"sponsors": ["other_society"]}, claims=[])
    shown = program.get(f"subscriptions/{made['id']}")
    assert shown["convoy"] is None
    assert "C-1" not in str(shown)
    assert shown["idle_because"]
    answer = program.send("PATCH", f"subscriptions/{made['id']}", {"from_seconds": 0})
    assert (answer.status, answer.body["code"]) == (409, "conflict")
    assert program.send("DELETE", f"subscriptions/{made['id']}").status == 204


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"convoy": "THIRD"}, "convoy"),
        ({"convoy": "NONE"}, "convoy"),
        ({"sponsor": "other_society"}, "sponsor"),
        ({"route": "none"}, "route"),
        ({"control_point": "harbour"}, "control_point"),
        ({"channel": "pigeon"}, "channel"),
        ({"channel": "webhook"}, "webhook"),
        ({"rhythm": "daily"}, "digest_hour"),
        ({"rhythm": "daily", "digest_hour": 24}, "digest_hour"),
        ({"from_seconds": -1}, "from_seconds"),
        ({"from_seconds": "60"}, "from_seconds"),
        ({"from_seconds": 10**12}, "from_seconds"),
        ({"language": "xx"}, "language"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"convoy": "\x00"}, "convoy"),
        ({"route": "\ud800"}, "route"),
        ({"webhook": 10**30}, "webhook"),
    ],
)
def test_what_cannot_be_taken_is_named_and_nothing_is_made(wish: Any, field: str, program: Program) -> None:
    make.organisation("other_society")
    make.make_convoy("THIRD", declares={"sponsors": ["other_society"]})
    answer = program.send("POST", "subscriptions", wish)
    assert (answer.status, answer.body["code"]) == (422, "invalid-field")
    assert field in [error["parameter"] for error in answer.body["errors"]]
    assert not Subscription.objects.exists()


def test_a_list_costs_the_same_however_many_there_are(
    program: Program, django_assert_max_num_queries: Any
) -> None:
    for seconds, scope in enumerate([{}, {"convoy": "C-1"}, {"route": "main"}, {"control_point": "bridge"}]):
        program.send("POST", "subscriptions", {"from_seconds": seconds, **scope})
        with django_assert_max_num_queries(11):
            program.get("subscriptions")

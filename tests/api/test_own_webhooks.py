"""Webhooks by the API: a secret once, and what its owner does on the page."""

from __future__ import annotations

from typing import Any

import pytest

from convoys.api import webhooks
from convoys.models import Message, MessageState, Subscription, Webhook
from convoys.services.alerting.subscriptions import Wish, subscribe
from convoys.services.webhooks import manage
from convoys.services.webhooks.secrets import decrypt
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

URL = "https://hooks.example.org/convoys"


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which tasks were asked for."""
    asked: list[str] = []
    monkeypatch.setattr(webhooks, "ring", asked.append)
    return asked


@pytest.fixture
def program() -> Program:
    return Program(make.partner())


@pytest.fixture
def mine() -> Webhook:
    return manage.make(make.partner(), URL)[0]


def test_its_secret_is_shown_once(program: Program) -> None:
    answer = program.send("POST", "webhooks", {"url": URL, "description": "Operations"})
    assert (answer.status, answer.body["enabled"]) == (201, True)
    assert "no-store" in answer.headers["Cache-Control"]
    secret = answer.body.pop("secret")
    assert secret == decrypt(Webhook.objects.get().secret)
    assert program.ask(answer.headers["Location"]).body == answer.body
    assert secret not in str(program.get("webhooks"))
    assert Webhook.objects.get().secret not in str(program.get("webhooks"))


def test_a_rotated_secret_is_shown_once_and_the_former_signs_on(program: Program, mine: Webhook) -> None:
    before = decrypt(mine.secret)
    rotated = program.send("POST", f"webhooks/{mine.pk}/rotate")
    assert rotated.status == 200
    assert rotated.body["secret"].startswith("whsec_")
    assert rotated.body["secret"] != before
    assert rotated.body["both_sign_until"] is not None
    mine.refresh_from_db()
    assert decrypt(mine.secret) == rotated.body["secret"]


def test_a_test_is_put_on_its_way_and_stands_in_the_log(
    program: Program, mine: Webhook, rung: list[str]
) -> None:
    answer = program.send("POST", f"webhooks/{mine.pk}/test", {})
    assert (answer.status, answer.body["state"]) == (202, "pending")
    assert answer.body["attempts"][0]["outcome"] is None
    assert rung == ["convoys.tasks.deliver_webhooks"]
    assert program.get(f"webhooks/{mine.pk}/deliveries")["results"] == [answer.body]


def test_a_delivery_is_sent_again_by_its_webhook_id(program: Program, mine: Webhook, rung: list[str]) -> None:
    message = manage.test(mine)
    address = f"webhooks/{mine.pk}/deliveries/{message.message_id}/replay"
    assert program.send("POST", address).status == 404, "a test is not sent again"
    Message.objects.update(telling="now", state=MessageState.FAILED)
    answer = program.send("POST", address)
    assert (answer.status, answer.body["id"], answer.body["state"]) == (202, message.message_id, "pending")
    assert rung
    assert program.send("POST", f"webhooks/{mine.pk}/deliveries/msg_none/replay").status == 404


def test_a_delivery_of_anothers_webhook_is_not_there(program: Program, mine: Webhook) -> None:
    others, _ = manage.make(make.coordinator(), URL)
    message = manage.test(others)
    Message.objects.update(telling="now", state=MessageState.FAILED)
    for webhook in (mine, others):
        address = f"webhooks/{webhook.pk}/deliveries/{message.message_id}/replay"
        assert program.send("POST", address).status == 404
    assert Message.objects.get().state == MessageState.FAILED


def test_it_is_switched_off_and_on(program: Program, mine: Webhook) -> None:
    address = f"webhooks/{mine.pk}"
    assert program.send("PATCH", address, {"enabled": False}).body["enabled"] is False
    refused = program.send("POST", f"{address}/test")
    assert (refused.status, refused.body["errors"][0]["parameter"]) == (422, "webhook")
    assert program.send("PATCH", address, {"enabled": True}).body["enabled"] is True
    for body in ({}, {"enabled": "yes"}, {"enabled": None}, {"enabled": 1}):
        assert program.send("PATCH", address, body).status == 422


def test_ended_it_is_gone_with_the_subscriptions_that_lead_to_it(program: Program, mine: Webhook) -> None:
    subscribe(make.partner(), Wish(channel="webhook", webhook=mine.pk))
    assert program.send("DELETE", f"webhooks/{mine.pk}").status == 204
    assert program.send("DELETE", f"webhooks/{mine.pk}").status == 404
    assert program.get("webhooks")["results"] == []
    assert not Subscription.objects.filter(ended_at=None).exists()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://hooks.example.org/",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "x" * 501,
        "javascript:1",
        5,
    ],
)
def test_where_it_may_not_lead_is_refused_as_on_the_page(url: Any, program: Program) -> None:
    answer = program.send("POST", "webhooks", {"url": url})
    assert (answer.status, answer.body["errors"][0]["parameter"]) == (422, "url")
    assert not Webhook.objects.exists()

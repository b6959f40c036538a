"""What a program is owed reaches it once: signed, thin, and nothing that its owner may not see."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from standardwebhooks import Webhook as Verifier

from accounts.models import User
from convoys.errors import InvalidInput
from convoys.models import Channel, Message, Notification, Subscription, WebhookAttempt
from convoys.services.alerting.subscriptions import Wish
from convoys.services.alerting.subscriptions import subscribe as wish
from convoys.services.messaging.deliver import deliver, deliver_webhooks
from convoys.services.webhooks import manage
from tests import factories
from tests.alerting.conftest import subscribe
from tests.webhooks.conftest import is_signed
from tests.webhooks.hooks import GONE, later, raised

pytestmark = pytest.mark.django_db


def test_a_step_reaches_the_program_signed_and_thin(sweep, hook, receiver, settings):
    raised(sweep)
    assert deliver().sent == 0  # a webhook is no mail
    assert deliver_webhooks().sent == 1
    assert deliver_webhooks().sent == 0
    (call,) = receiver.calls
    assert is_signed(call, hook.secret)
    assert call.headers["content-type"] == "application/json"
    assert call.headers["webhook-id"] == Message.objects.get().message_id
    body = json.loads(call.body)
    size, root = body["data"]["ledger"]["size"], body["data"]["ledger"]["root"]
    assert (size > 0, len(root)) == (True, 64)
    event = body["data"]["event"]
    assert body == {
        "type": "convoy.held.step",
        "timestamp": "2026-03-03T08:00:00Z",
        "data": {
            "convoy": "C-1", "exercise": False, "watch": "held", "episode": event, "event": event,
            "severity": "notice", "step_seconds": 86400, "earlier_steps_seconds": [],
            "api_url": f"{settings.SITE_URL}/api/v1/convoys/C-1",
            "page_url": f"{settings.SITE_URL}/convoys/C-1", "ledger": {"size": size, "root": root},
        },
    }  # fmt: skip
    assert Notification.objects.get().state == "sent"
    attempt = WebhookAttempt.objects.get()
    assert (attempt.status, attempt.outcome, attempt.asked_by_hand) == (204, "Accepted.", False)


def test_a_wish_by_webhook_leads_from_the_subscription_to_the_call(sweep, clock, receiver):
    user = factories.partner()
    webhook, secret = manage.make(user, receiver.url(), "Logistics")
    factories.make_convoy("C-9")
    wish(user, Wish(sponsor="aid_society", channel=Channel.WEBHOOK, webhook=webhook.pk))
    raised(sweep)
    assert deliver_webhooks().sent == 1
    assert is_signed(receiver.calls[0], secret)
    manage.end(webhook)
    assert Subscription.objects.get().ended_at is not None
    with pytest.raises(InvalidInput):
        wish(user, Wish(channel=Channel.WEBHOOK, webhook=webhook.pk))


def test_the_rules_own_library_accepts_the_call(sweep, clock, hook, receiver):
    raised(sweep)
    deliver_webhooks()
    (call,) = receiver.calls
    assert Verifier(hook.secret).verify(call.body, call.headers)["type"] == "convoy.held.step"


def test_mail_and_webhook_of_one_person_are_told_both(sweep, hook, receiver, post_office):
    subscribe(hook.user)
    factories.make_held_convoy()
    assert sweep(hours=24).notifications == 2
    assert deliver().sent == 1
    assert deliver_webhooks().sent == 1
    assert len(post_office.mails) == len(receiver.calls) == 1


def test_steps_missed_together_are_one_call_for_each_convoy_that_names_them(sweep, hook, receiver):
    factories.make_held_convoy("C-1")
    factories.make_held_convoy("C-2")
    assert sweep(days=3, minutes=1).notifications == 4
    assert deliver_webhooks().sent == 2
    told = [json.loads(call.body)["data"] for call in receiver.calls]
    assert sorted(one["convoy"] for one in told) == ["C-1", "C-2"]
    assert {(one["step_seconds"], tuple(one["earlier_steps_seconds"])) for one in told} == {
        (259200, (86400,))
    }


def test_how_it_ended_is_told_by_a_type_of_its_own(sweep, clock, hook, receiver):
    raised(sweep)
    deliver_webhooks()
    ended = factories.tell("C-1", "released", place="bridge")
    clock.shift(timedelta(minutes=3))
    sweep()
    assert deliver_webhooks().sent == 1
    body = json.loads(receiver.calls[-1].body)
    assert body["type"] == "convoy.held.ended"
    assert body["data"]["ended_by_event"] == ended


@pytest.mark.parametrize("how", ["sold", "account closed", "webhook ended", "unsubscribed"])
def test_what_the_owner_may_no_longer_see_is_not_sent_although_it_was_frozen(
    sweep, clock, hook, receiver, how
):
    raised(sweep)
    receiver.answers = [(500, {})]
    deliver_webhooks()
    assert len(receiver.calls) == 1
    match how:
        case "sold":
            factories.organisation("another")
            factories.tell("C-1", "amended", declares={"sponsors": ["another"]})
        case "account closed":
            User.objects.filter(pk=hook.user.pk).update(is_active=False)
        case "webhook ended":
            manage.end(hook.row)
        case "unsubscribed":
            Subscription.objects.filter(pk=hook.subscription.pk).update(ended_at=timezone.now())
    clock.shift(timedelta(minutes=1))
    assert deliver_webhooks().sent == 0
    assert len(receiver.calls) == 1
    assert Message.objects.get().state == "dropped"
    assert Notification.objects.get().state == "dropped"


def test_what_ended_before_it_left_is_not_sent(sweep, clock, hook, receiver):
    raised(sweep)
    factories.tell("C-1", "released", place="bridge")
    deliver_webhooks()
    assert receiver.calls == []


def test_no_secret_is_ever_logged(sweep, clock, hook, receiver, caplog):
    caplog.set_level("DEBUG")
    new = manage.rotate(hook.row)
    assert new is not None
    raised(sweep)
    receiver.answers = [(500, {}), GONE]
    deliver_webhooks()
    later(clock)
    deliver_webhooks()
    for secret in (hook.secret, new):
        assert secret not in caplog.text
        assert secret.removeprefix("whsec_") not in caplog.text

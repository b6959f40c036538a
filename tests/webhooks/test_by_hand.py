"""Tests, replays and rotations: what an owner asks for by hand."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from convoys.models import Message, Notification, WebhookAttempt
from convoys.services.changes import Record, convoy
from convoys.services.messaging.deliver import deliver_webhooks
from convoys.services.messaging.recover import retry
from convoys.services.webhooks import manage
from tests import factories
from tests.webhooks.conftest import is_signed
from tests.webhooks.hooks import GONE, later, raised

pytestmark = pytest.mark.django_db


def test_after_a_rotation_both_secrets_verify_for_a_day(sweep, clock, hook, receiver):
    new = manage.rotate(hook.row)
    assert new is not None
    clock.shift(timedelta(hours=23))
    manage.test(hook.row)
    deliver_webhooks()
    (call,) = receiver.calls
    assert len(call.headers["webhook-signature"].split(" ")) == 2
    assert is_signed(call, new)
    assert is_signed(call, hook.secret)
    clock.shift(timedelta(hours=2))
    manage.test(hook.row)
    deliver_webhooks()
    assert is_signed(receiver.calls[-1], new)
    assert not is_signed(receiver.calls[-1], hook.secret)


def test_a_test_is_sent_once_and_signed(hook, receiver):
    manage.test(hook.row)
    assert deliver_webhooks().sent == 1
    (call,) = receiver.calls
    body = json.loads(call.body)
    assert body["type"] == "test"
    assert is_signed(call, hook.secret)
    attempt = WebhookAttempt.objects.get()
    assert (attempt.asked_by_hand, attempt.status) == (True, 204)


def test_a_test_that_fails_is_not_tried_again_and_disables_nothing(clock, hook, receiver):
    receiver.always = (500, {})
    manage.test(hook.row)
    assert deliver_webhooks().failed == 1
    clock.shift(timedelta(days=1))
    assert deliver_webhooks().sent == 0
    assert len(receiver.calls) == 1
    assert hook.now().disabled_at is None


def test_a_replay_has_the_same_id_and_body_a_new_time_and_is_noted_as_asked_for(sweep, clock, hook, receiver):
    raised(sweep)
    deliver_webhooks()
    factories.tell("C-1", "released", place="bridge")  # what was so then may be asked for again
    clock.shift(timedelta(minutes=1))
    message = Message.objects.get(telling="step")
    assert manage.replay(hook.row, message.pk)
    assert deliver_webhooks().sent == 1
    first, second = receiver.calls
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) >= 60
    assert is_signed(second, hook.secret)
    assert WebhookAttempt.objects.filter(asked_by_hand=True, status=204).count() == 1


def test_a_replay_that_fails_takes_nothing_back(sweep, clock, hook, receiver):
    raised(sweep)
    deliver_webhooks()
    message = Message.objects.get()
    manage.replay(hook.row, message.pk)
    receiver.answers = [(500, {})]
    deliver_webhooks()
    message.refresh_from_db()
    assert (message.state, message.failure) == ("sent", "It answered 500.")
    assert message.sent_at is not None
    assert Notification.objects.get().state == "sent"
    clock.shift(timedelta(days=1))
    deliver_webhooks()
    assert len(receiver.calls) == 2


@pytest.mark.parametrize("still_shared", [False, True])
def test_a_replay_of_what_the_owner_may_no_longer_see_is_kept_back(
    sweep, clock, hook, receiver, still_shared
):
    """Also where the convoy is still shared, but its hold is for the parties."""
    raised(sweep)
    deliver_webhooks()
    factories.organisation("another")
    factories.tell("C-1", "amended", declares={"sponsors": ["another"]})
    if still_shared:
        factories.apply(Record(convoy("C-1"), "visibility_changed", visible_to=["aid_society"]))
    manage.replay(hook.row, Message.objects.get().pk)
    assert deliver_webhooks().sent == 0
    assert len(receiver.calls) == 1
    assert Message.objects.get().state == "sent"
    assert WebhookAttempt.objects.latest("pk").outcome.startswith("Not sent: ")


def test_a_failed_delivery_can_be_sent_again_after_the_end_is_mended(sweep, clock, hook, receiver):
    raised(sweep)
    receiver.answers = [GONE]
    deliver_webhooks()
    manage.enable(hook.row)
    assert manage.replay(hook.now(), Message.objects.get(channel="webhook").pk)
    assert deliver_webhooks().sent == 1
    assert Notification.objects.get().state == "sent"


def test_staff_try_a_failed_call_again_but_not_one_of_a_webhook_that_is_called_no_more(
    sweep, clock, hook, receiver
):
    raised(sweep)
    receiver.answers = [GONE]
    deliver_webhooks()
    message = Message.objects.get(channel="webhook")
    assert not retry(message)
    message.refresh_from_db()
    assert message.state == "failed"  # and can still be replayed
    manage.enable(hook.row)
    assert retry(message)
    assert deliver_webhooks().sent == 1


def test_one_more_call_by_the_desk_is_not_the_last_of_the_schedule(sweep, clock, hook, receiver):
    raised(sweep)
    receiver.always = (500, {})
    deliver_webhooks()
    for _ in range(9):
        later(clock, Message.objects.get(channel="webhook"))
        deliver_webhooks()
    manage.enable(hook.row)
    assert retry(Message.objects.get(channel="webhook"))
    deliver_webhooks()
    assert hook.now().disabled_at is None

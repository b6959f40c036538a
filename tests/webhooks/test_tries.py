"""What was not accepted is tried again by the schedule of the rules, and then shown to people."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from convoys.models import Channel, Message, Notification, WebhookAttempt
from convoys.queries.desk import health
from convoys.services.messaging.deliver import deliver, deliver_webhooks
from convoys.services.messaging.recover import return_expired_leases
from convoys.services.messaging.settle import claim_due
from convoys.services.webhooks import manage
from convoys.services.webhooks import send as send_module
from convoys.services.webhooks.post import post
from convoys.services.webhooks.schedule import MOST_ATTEMPTS, PAUSES, pause_after
from tests import factories
from tests.webhooks.conftest import is_signed
from tests.webhooks.hooks import GONE, later, raised
from tests.webhooks.receiver import Receiver

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("answer", "status", "is_uncertain"),
    [
        ((301, {"Location": "/elsewhere"}), 301, False),
        ((400, {}), 400, False),
        ((404, {}), 404, False),
        ((500, {}), 500, False),
        (Receiver.RESET, None, True),
        (Receiver.NOT_HTTP, None, True),
    ],
)
def test_whatever_is_not_2xx_is_tried_again_with_the_same_id_and_body(
    sweep, clock, hook, receiver, answer, status, is_uncertain
):
    raised(sweep)
    receiver.answers = [answer]
    assert deliver_webhooks().postponed == 1
    message = Message.objects.get()
    assert (message.state, message.uncertain_attempts) == ("pending", int(is_uncertain))
    assert WebhookAttempt.objects.get().status == status
    assert Notification.objects.get().may_have_been_told is is_uncertain
    assert deliver_webhooks().sent == 0
    later(clock)
    assert deliver_webhooks().sent == 1
    first, second = receiver.calls
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) > int(first.headers["webhook-timestamp"])
    assert is_signed(second, hook.secret)


def test_a_timeout_is_tried_again(sweep, clock, hook, receiver, monkeypatch):
    monkeypatch.setattr(send_module, "post", lambda url, body, headers: post(url, body, headers, seconds=0.2))
    raised(sweep)
    receiver.answers = [Receiver.SILENT]
    assert deliver_webhooks().postponed == 1
    assert Message.objects.get().failure == "It did not answer in time."
    later(clock)
    assert deliver_webhooks().sent == 1


def test_a_server_that_asks_for_patience_gets_it(sweep, clock, hook, receiver):
    raised(sweep)
    receiver.answers = [(429, {"Retry-After": "3600"}), (503, {"Retry-After": "999999999"})]
    deliver_webhooks()
    message = Message.objects.get()
    assert message.next_attempt_at is not None
    pause = message.next_attempt_at - timezone.now()
    assert timedelta(hours=1) <= pause <= timedelta(hours=1.2)
    assert WebhookAttempt.objects.get().outcome == "It answered 429 and asked to wait 3600 s."
    later(clock)
    deliver_webhooks()
    message.refresh_from_db()
    assert message.next_attempt_at is not None
    assert timedelta(hours=24) <= message.next_attempt_at - timezone.now() <= timedelta(hours=28.8)


def test_the_pauses_are_those_of_the_rules_and_never_shorter():
    spans = [pause_after(attempts) for attempts in range(1, MOST_ATTEMPTS)]
    for span, pause in zip(spans, PAUSES, strict=True):
        assert span is not None
        assert pause <= span <= pause * 1.2
    assert pause_after(MOST_ATTEMPTS) is None
    assert len({pause_after(9) for _ in range(20)}) > 1


def test_ten_attempts_then_it_fails_the_webhook_is_disabled_and_its_owner_is_told(
    sweep, clock, hook, receiver, post_office
):
    raised(sweep)
    receiver.always = (500, {})
    started = timezone.now()
    done = deliver_webhooks()
    while not done.failed:
        factories.tell("C-1", "seen", place="junction")
        later(clock)
        done = deliver_webhooks()
        if not done.failed and not done.postponed:
            break
    assert len(receiver.calls) == MOST_ATTEMPTS
    assert len({call.headers["webhook-id"] for call in receiver.calls}) == 1
    assert timedelta(hours=75) < timezone.now() - started < timedelta(hours=92)
    message = Message.objects.get(channel="webhook")
    assert (message.state, message.failure) == ("failed", "It answered 500.")
    assert Notification.objects.get().state == "failed"
    assert hook.now().disabled_because.startswith("No call was accepted in three days.")
    assert deliver().sent == 1
    (mail,) = post_office.mails
    assert mail["To"] == hook.user.email
    assert mail["Subject"] == "Webhook disabled: Logistics"
    assert f"/webhooks/{hook.row.pk}" in mail.get_content()


def test_one_message_that_does_not_suit_a_living_webhook_does_not_disable_it(sweep, clock, hook, receiver):
    raised(sweep)
    receiver.answers = [(400, {})]
    deliver_webhooks()
    manage.test(hook.row)
    assert deliver_webhooks().sent == 1
    message = Message.objects.get(telling="step")
    Message.objects.filter(pk=message.pk).update(attempts=MOST_ATTEMPTS - 1)
    later(clock, message)
    receiver.answers = [(400, {})]
    assert deliver_webhooks().failed == 1
    assert hook.now().disabled_at is None


def test_410_disables_at_once_and_tells_the_owner(sweep, clock, hook, receiver, post_office):
    raised(sweep)
    receiver.answers = [GONE]
    assert deliver_webhooks().failed == 1
    assert hook.now().disabled_because == "It answered 410 Gone: it wants no more calls."
    assert deliver().sent == 1
    assert post_office.mails[0]["Subject"] == "Webhook disabled: Logistics"
    clock.shift(timedelta(days=2))
    factories.tell("C-1", "seen", place="junction")
    assert sweep().nobody_to_tell == 1  # the next step finds nobody, which staff see
    assert deliver_webhooks().sent == 0
    assert len(receiver.calls) == 1


def test_the_owner_is_told_in_their_language(sweep, clock, hook, receiver, post_office):
    User.objects.filter(pk=hook.user.pk).update(language="fr")
    raised(sweep)
    receiver.answers = [GONE]
    deliver_webhooks()
    deliver()
    (mail,) = post_office.mails
    assert mail["Subject"] == "Webhook désactivé\N{NO-BREAK SPACE}: Logistics"
    assert "Il a répondu 410 Gone : il ne veut plus d’appels." in " ".join(mail.get_content().split())
    assert mail["Content-Language"] == "fr"


def test_what_is_owed_to_a_disabled_webhook_is_not_sent(sweep, hook, receiver):
    raised(sweep)
    manage.switch_off(hook.row)
    assert deliver_webhooks().sent == 0
    assert Notification.objects.get().state == "dropped"
    assert receiver.calls == []


def test_a_secret_that_cannot_be_read_fails_the_attempt_and_says_so(sweep, hook, receiver, settings, caplog):
    raised(sweep)
    settings.WEBHOOK_KEY = ["another key altogether, and nothing else"]
    assert deliver_webhooks().postponed == 1
    assert Message.objects.get().failure == "Its secret cannot be read any more: rotate it."
    assert receiver.calls == []
    assert "WEBHOOK_KEY has changed" in caplog.text


def test_a_killed_worker_leaves_a_lease_and_the_same_call_is_made_again(sweep, clock, hook, receiver):
    raised(sweep)
    receiver.answers = [(500, {})]
    deliver_webhooks()
    message = later(clock)
    assert claim_due(10, Channel.WEBHOOK)
    assert deliver_webhooks().sent == 0
    clock.shift(timedelta(minutes=4))
    assert return_expired_leases() == 1
    assert deliver_webhooks().sent == 1
    assert receiver.calls[-1].headers["webhook-id"] == message.message_id


def test_what_a_program_does_not_accept_is_no_delay_of_ours(sweep, clock, hook, receiver):
    raised(sweep)
    assert health(timezone.now()).waiting == 1
    receiver.answers = [(500, {})]
    deliver_webhooks()
    assert health(timezone.now()).waiting == 0
    assert health(timezone.now()).oldest_unsent_at is None

"""Mail goes out in batches: few are begun ahead, a killed run loses nothing, nothing is asked twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from convoys.models import Channel, Message, Notification, Subscription, Webhook
from convoys.services.messaging import deliver as mail_room
from convoys.services.messaging.deliver import deliver, deliver_webhooks
from convoys.services.messaging.freeze import LEASE
from convoys.services.messaging.recover import return_expired_leases
from convoys.services.messaging.send import Outcome, Sender
from convoys.services.webhooks.send import WebhookSender
from tests import factories
from tests.alerting.conftest import subscribe

pytestmark = pytest.mark.django_db
PEOPLE = 70


@pytest.fixture
def owed(sweep):
    """One alert, of which seventy people are to be told."""
    for number in range(PEOPLE):
        subscribe(factories.officer(f"officer-{number}"))
    factories.make_held_convoy()
    sweep(hours=24)


class Killed(BaseException):
    """As when the process ends: nothing after it runs."""


def test_attempts_are_begun_at_most_twenty_ahead(owed, monkeypatch):
    real, begun = Sender.send, []

    def send(self, message, following=None):
        begun.append(Message.objects.exclude(attempt_began_at=None).count())
        return real(self, message, following)

    monkeypatch.setattr(Sender, "send", send)
    assert deliver().sent == PEOPLE
    assert begun[0] == 1
    assert max(begun) == 20


def test_a_run_that_is_killed_leaves_at_most_twenty_of_which_nobody_knows(
    owed, clock, monkeypatch, mailoutbox
):
    real = Sender.send
    sent: list[str] = []

    def send(self, message, following=None):
        if len(sent) == PEOPLE - 10:
            raise Killed
        sent.append(message.message_id)
        return real(self, message, following)

    with monkeypatch.context() as dying:
        dying.setattr(Sender, "send", send)
        with pytest.raises(Killed):
            deliver()
    clock.shift(LEASE + timedelta(seconds=1))
    return_expired_leases()
    again = len(mailoutbox)
    deliver()
    sent += [mail.extra_headers["Message-ID"] for mail in mailoutbox[again:]]
    assert set(Notification.objects.values_list("state", flat=True)) == {"sent"}
    assert set(sent) == set(Message.objects.values_list("message_id", flat=True))
    uncertain = Message.objects.filter(uncertain_attempts=1)
    assert 0 < uncertain.count() <= 20
    repeated = {message_id for message_id in sent if sent.count(message_id) > 1}
    assert repeated <= set(uncertain.values_list("message_id", flat=True))


def test_what_was_begun_when_the_server_went_away_is_given_back_as_never_tried(owed, monkeypatch):
    real, tried = Sender.send, []

    def send(self, message, following=None):
        tried.append(message.pk)
        return (
            real(self, message, following)
            if len(tried) <= 10
            else Outcome(server_is_away=True, reason="gone")
        )

    monkeypatch.setattr(Sender, "send", send)
    done = deliver()
    assert (done.sent, done.postponed, done.server_is_away) == (10, 1, True)
    waiting = Message.objects.filter(state="pending").exclude(pk=tried[-1])
    assert set(waiting.values_list("attempts", "attempt_began_at", "uncertain_attempts", "lease")) == {
        (0, None, 0, None)
    }


def test_a_slow_server_has_fewer_begun_ahead(owed, monkeypatch):
    monkeypatch.setattr(mail_room, "AHEAD_SECONDS", 0)
    real, begun = Sender.send, []

    def send(self, message, following=None):
        begun.append(Message.objects.exclude(attempt_began_at=None).count())
        return real(self, message, following)

    monkeypatch.setattr(Sender, "send", send)
    assert deliver().sent == PEOPLE
    assert set(begun) == {1}


def test_a_run_asks_the_database_by_the_batch_and_not_by_the_mail(owed):
    with CaptureQueriesContext(connection) as asked:
        assert deliver().sent == PEOPLE
    assert len(asked) <= 2 * PEOPLE


def test_mail_does_not_wait_for_a_webhook_that_is_slow(sweep, clock, monkeypatch):
    officer = factories.officer()
    subscribe(officer)
    webhook = Webhook.objects.create(
        user=officer, url="https://hook.example.org/", secret="x", created_at=timezone.now()
    )
    subscribe(officer, channel=Channel.WEBHOOK, webhook=webhook)
    factories.make_held_convoy()
    sweep(hours=24)
    assert Subscription.objects.count() == Notification.objects.count() == 2

    def send_all(self, messages):
        for message in messages:
            assert deliver().sent == 1  # while the call is under way
            yield message, Outcome(is_uncertain=True, reason="no answer in time")

    monkeypatch.setattr(WebhookSender, "send_all", send_all)
    assert deliver_webhooks().postponed == 1
    assert set(Message.objects.values_list("channel", "state")) == {("mail", "sent"), ("webhook", "pending")}


def test_mails_begun_ahead_of_a_server_that_turns_slow_go_back_before_their_lease_ends(
    owed, clock, monkeypatch
):
    real, sent, now = Sender.send, [], [0.0]

    def send(self, message, following=None):
        sent.append(message.pk)
        if len(sent) > PEOPLE - 20:
            clock.shift(timedelta(seconds=15))
            now[0] += 15
        return real(self, message, following)

    monkeypatch.setattr(Sender, "send", send)
    monkeypatch.setattr(mail_room.time, "monotonic", lambda: now[0])
    deliver()
    assert return_expired_leases() == 0
    assert set(Message.objects.filter(state="sent").values_list("pk", flat=True)) == set(sent)
    assert Message.objects.filter(state="pending").count() == PEOPLE - len(sent)

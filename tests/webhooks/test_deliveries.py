"""What a program is owed reaches it: signed, once accepted, tried again when not, and never too much."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from standardwebhooks import Webhook as Verifier

from accounts.models import User
from convoys.errors import InvalidInput
from convoys.models import Channel, Message, Notification, Subscription, Webhook, WebhookAttempt
from convoys.queries.desk import health
from convoys.services.alerting.subscriptions import Wish
from convoys.services.alerting.subscriptions import subscribe as wish
from convoys.services.changes import Record, convoy
from convoys.services.messaging import deliver as deliver_module
from convoys.services.messaging.deliver import deliver, deliver_webhooks
from convoys.services.messaging.recover import retry, return_expired_leases
from convoys.services.messaging.settle import claim_due
from convoys.services.webhooks import manage
from convoys.services.webhooks import send as send_module
from convoys.services.webhooks.post import post
from convoys.services.webhooks.schedule import MOST_ATTEMPTS, PAUSES, pause_after
from tests import factories
from tests.alerting.conftest import default_held_policy, post_office, subscribe
from tests.webhooks.conftest import is_signed
from tests.webhooks.receiver import Receiver

__all__ = ["post_office"]
pytestmark = pytest.mark.django_db
GONE: tuple[int, dict[str, str]] = (410, {})


class Hook:
    """A partner's webhook that is subscribed to all that the partner may see, and its secret."""

    def __init__(self, receiver: Receiver, user: User | None = None) -> None:
        self.user = user or factories.partner()
        self.row, self.secret = manage.make(self.user, receiver.url(), "Logistics")
        self.subscription: Subscription = subscribe(self.user, channel=Channel.WEBHOOK, webhook=self.row)

    def now(self) -> Webhook:
        return Webhook.objects.get(pk=self.row.pk)


@pytest.fixture
def hook(clock: Any, receiver: Receiver) -> Hook:
    return Hook(receiver)


def raised(sweep: Any, hours: int = 24) -> None:
    factories.make_held_convoy()
    assert sweep(hours=hours).notifications == 1


def later(clock: Any, message: Message | None = None) -> Message:
    """Let time go on to the message's next attempt."""
    message = message or Message.objects.get(channel="webhook")
    message.refresh_from_db()
    assert message.next_attempt_at is not None
    clock.move_to(message.next_attempt_at + timedelta(seconds=1))
    return message


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


def test_a_secret_that_cannot_be_read_fails_the_attempt_and_says_so(sweep, hook, receiver, settings, caplog):
    raised(sweep)
    settings.WEBHOOK_KEY = ["another key altogether, and nothing else"]
    assert deliver_webhooks().postponed == 1
    assert Message.objects.get().failure == "Its secret cannot be read any more: rotate it."
    assert receiver.calls == []
    assert "WEBHOOK_KEY has changed" in caplog.text


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


def test_a_webhook_that_hangs_keeps_no_other_waiting(sweep, clock, receiver, settings, monkeypatch):
    """Given: one that never answers; then: the other was called before the first was given up."""
    monkeypatch.setattr(send_module, "post", lambda url, body, headers: post(url, body, headers, seconds=1.0))
    dead = Receiver()
    dead.always = Receiver.SILENT
    settings.WEBHOOK_ALSO_ALLOWED = [f"127.0.0.1:{server.port}" for server in (dead, receiver)]
    Hook(dead)
    Hook(receiver, factories.officer())
    factories.make_held_convoy("C-1")
    factories.make_held_convoy("C-2")
    assert sweep(hours=24).notifications == 4
    done = deliver_webhooks()
    assert done.sent == 2
    assert len(receiver.calls) == 2
    assert len(dead.calls) == 1  # its second message is left for the next run
    assert done.postponed == 1
    dead.stop()


def test_what_is_new_goes_before_what_a_dead_webhook_did_not_accept(
    sweep, clock, receiver, settings, monkeypatch
):
    """Given: a run as long as one call; then: news for a living webhook does not wait behind old calls."""
    monkeypatch.setattr(send_module, "post", lambda url, body, headers: post(url, body, headers, seconds=0.5))
    dead = Receiver()
    dead.always = Receiver.SILENT
    settings.WEBHOOK_ALSO_ALLOWED = [f"127.0.0.1:{server.port}" for server in (dead, receiver)]
    Hook(dead)
    factories.make_held_convoy("C-1")
    sweep(hours=24)
    deliver_webhooks()
    later(clock)
    Hook(receiver, factories.officer())
    factories.make_held_convoy("C-2")
    clock.shift(timedelta(minutes=2))
    assert sweep().notifications == 2
    monkeypatch.setitem(deliver_module.RUN_SECONDS, Channel.WEBHOOK, 0.0)  # one round, and it is over
    assert deliver_webhooks().sent == 1
    assert [json.loads(call.body)["data"]["convoy"] for call in receiver.calls] == ["C-2"]
    dead.stop()


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


def test_what_a_program_does_not_accept_is_no_delay_of_ours(sweep, clock, hook, receiver):
    raised(sweep)
    assert health(timezone.now()).waiting == 1
    receiver.answers = [(500, {})]
    deliver_webhooks()
    assert health(timezone.now()).waiting == 0
    assert health(timezone.now()).oldest_unsent_at is None


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_mail_goes_out_while_a_webhook_hangs(sweep, clock, receiver, post_office):
    """Given a call that is under way and not answered; when mails are due; then they leave at once."""
    default_held_policy()
    receiver.always = Receiver.SILENT
    hook = Hook(receiver)
    subscribe(hook.user)
    factories.make_held_convoy()
    assert sweep(hours=24).notifications == 2
    calling = threading.Thread(target=in_its_own_connection(deliver_webhooks))
    calling.start()
    until(lambda: receiver.calls)
    assert deliver().sent == 1
    assert Message.objects.get(channel="webhook").state == "sending"
    receiver.stop()
    calling.join(20)
    assert Message.objects.get(channel="webhook").state == "pending"


def in_its_own_connection(act: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    return run


def until(holds: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)

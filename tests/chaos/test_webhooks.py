"""A partner's program that hangs keeps nobody's mail waiting, and is told when it answers again."""

from __future__ import annotations

from datetime import timedelta

from convoys.models import Channel, Message, WebhookAttempt
from convoys.services.webhooks import manage
from tests.alerting.conftest import subscribe
from tests.chaos.audit import steps
from tests.chaos.world import World
from tests.webhooks.receiver import Receiver


def test_a_webhook_that_hangs_delays_no_mail_and_is_called_again(world: World, receiver: Receiver):
    partner = world.people[0]
    webhook, _secret = manage.make(partner, receiver.url())
    subscribe(partner, channel=Channel.WEBHOOK, webhook=webhook)
    receiver.answers = [Receiver.SILENT]
    world.hold("C-1", "C-2")
    world.up()
    world.mended()
    expected = steps(world.people, ["C-1", "C-2"])
    world.until_told(expected)
    told_at = max(mail.at for mail in world.mail_server.mails)

    world.until(WebhookAttempt.objects.exists, "the call that hung was given up")
    hung = WebhookAttempt.objects.get()
    assert hung.milliseconds is not None
    assert told_at < (hung.began_at + timedelta(milliseconds=hung.milliseconds)).timestamp()
    calls = Message.objects.filter(channel=Channel.WEBHOOK)
    world.until(lambda: not calls.exclude(state="sent").exists(), "the webhook is told", skipping=True)
    assert {call.headers["webhook-id"] for call in receiver.calls} == {one.message_id for one in calls}
    figures = world.keeps_the_promise(
        expected, "webhook hangs", f"for {hung.milliseconds / 1000:.0f} s; mail does not wait for it"
    )
    assert (figures.duplicates, figures.uncertain) == (0, 0)

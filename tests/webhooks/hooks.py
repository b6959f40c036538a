"""A partner's webhook for the tests, and how time goes on to its next attempt."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from accounts.models import User
from convoys.models import Channel, Message, Subscription, Webhook
from convoys.services.webhooks import manage
from tests import factories
from tests.alerting.conftest import subscribe
from tests.webhooks.receiver import Receiver

GONE: tuple[int, dict[str, str]] = (410, {})


class Hook:
    """A partner's webhook that is subscribed to all that the partner may see, and its secret."""

    def __init__(self, receiver: Receiver, user: User | None = None) -> None:
        self.user = user or factories.partner()
        self.row, self.secret = manage.make(self.user, receiver.url(), "Logistics")
        self.subscription: Subscription = subscribe(self.user, channel=Channel.WEBHOOK, webhook=self.row)

    def now(self) -> Webhook:
        return Webhook.objects.get(pk=self.row.pk)


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

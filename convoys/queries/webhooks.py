"""A person's webhooks and what each was told: the delivery log."""

from __future__ import annotations

from django.db.models import Max, Prefetch, QuerySet

from accounts.models import User
from convoys.models import Message, MessageState, Webhook, WebhookAttempt

MOST_DELIVERIES = 50


def webhooks_of(user: User) -> list[Webhook]:
    """A person's own that have not ended, oldest first, each with `last_call_at`."""
    mine = Webhook.objects.filter(user=user, ended_at=None)
    return list(mine.annotate(last_call_at=Max("messages__webhook_attempts__began_at")))


def webhook_of(user: User, key: int) -> Webhook | None:
    """One of a person's own that has not ended; another's does not exist for them."""
    return Webhook.objects.filter(pk=key, user=user, ended_at=None).select_related("user").first()


def deliveries(webhook: Webhook, message_id: str | None = None) -> list[Message]:
    """What it was told or is owed, newest first, each with its attempts in `log`, newest first.

    With the id of a message that one alone, however old.
    """
    attempts = Prefetch(
        "webhook_attempts", queryset=WebhookAttempt.objects.order_by("-began_at", "-pk"), to_attr="log"
    )
    told = _messages(webhook).prefetch_related(attempts)
    return list(told.filter(message_id=message_id) if message_id is not None else told[:MOST_DELIVERIES])


def is_busy(webhook: Webhook) -> bool:
    """Whether something that somebody asked for is on its way, so that looking again is worth while."""
    return WebhookAttempt.objects.filter(
        message__webhook=webhook,
        message__state__in=(MessageState.PENDING, MessageState.SENDING),
        asked_by_hand=True,
        outcome="",
    ).exists()


def _messages(webhook: Webhook) -> QuerySet[Message]:
    return Message.objects.filter(webhook=webhook).order_by("-frozen_at", "-pk")

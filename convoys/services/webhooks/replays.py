"""Deliveries that somebody asked for by hand: they stand in the log before they are made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from convoys.models import Channel, Message, WebhookAttempt
from convoys.services.alerting.telling import NO_ACCESS, NO_ADDRESS, NO_WEBHOOK
from convoys.services.messaging.send import Outcome

# Of the reasons not to tell something, those that hold for what was so once, too.
REFUSALS = (NO_ACCESS, NO_ADDRESS, NO_WEBHOOK)


def ask_for(message: Message, now: datetime) -> None:
    """Note that an attempt is asked for; there is never more than one open."""
    if not _open([message.pk]).exists():
        WebhookAttempt.objects.create(message=message, began_at=now, asked_by_hand=True, outcome="")


def fulfil(message: Message, **said: Any) -> bool:
    """Write what came of the attempt that was asked for; False where none was."""
    return bool(_open([message.pk]).update(**said))


def replays_among(messages: Sequence[Message]) -> set[int]:
    """Keys of those that were asked for by hand. No query where none is for a webhook."""
    keys = [one.pk for one in messages if one.channel == Channel.WEBHOOK]
    return {attempt.message_id for attempt in _open(keys)} if keys else set()


def refusal_among(verdicts: Iterable[str]) -> str:
    """Why it may not even be repeated, else "". That it is no longer so is no reason."""
    return next((one for one in verdicts if one in REFUSALS), "")


def refuse_replay(message: Message, why: str) -> Outcome:
    """Log that it was not sent, and why."""
    fulfil(message, began_at=timezone.now(), milliseconds=0, outcome=f"Not sent: {why}.")
    return Outcome(is_permanent=True, reason=why)


def _open(messages: Sequence[int]) -> QuerySet[WebhookAttempt]:
    return WebhookAttempt.objects.filter(message__in=messages, asked_by_hand=True, outcome="")

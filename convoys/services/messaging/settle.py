"""Begins and settles attempts. Each is one short transaction that only the lease's holder can write."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from convoys.models import Channel, Message, MessageState, Notification, NotificationState
from convoys.services.messaging.freeze import LEASE
from convoys.services.messaging.send import Outcome
from convoys.services.webhooks import schedule

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
# Nothing is made to wait for longer: what does was put off by a clock that has been set back since.
LONGEST_WAIT = {Channel.MAIL: LONGEST_PAUSE * 1.5, Channel.WEBHOOK: schedule.PAUSES[-1] * 1.5}
NO_LEASE = {"lease": None, "lease_until": None, "attempt_began_at": None}


def begin_attempt(message: Message) -> bool:
    """Note that an attempt begins and renew the lease; False where the lease is somebody else's now."""
    now = timezone.now()
    mine = Message.objects.filter(pk=message.pk, lease=message.lease, lease_until__gt=now)
    return bool(mine.update(attempts=F("attempts") + 1, attempt_began_at=now, lease_until=now + LEASE))


def pause_after(attempts: int, jitter: float = 0) -> timedelta:
    """How long to wait after this many attempts: doubled each time up to an hour, give or take a fifth.

    `jitter` is between -1 and 1; it keeps a thousand messages from coming back in one instant.
    """
    doublings = min(max(attempts - 1, 0), 10)
    return min(FIRST_PAUSE * float(2**doublings), LONGEST_PAUSE) * (1 + jitter / 5)


def settle(message: Message, outcome: Outcome) -> None:
    """Write what became of an attempt. Nothing happens where the lease has passed to another run.

    Where the database's connection was lost while the message was on its way, once more over a new
    one: what a server has accepted is to be on record, else it would be sent again.
    """
    try:
        _settle(message, outcome)
    except (OperationalError, InterfaceError):
        connection.close()
        _settle(message, outcome)


def _settle(message: Message, outcome: Outcome) -> None:
    now, pause = timezone.now(), _pause(message, outcome)
    if outcome.is_sent:
        _close(message, MessageState.SENT, NotificationState.SENT, outcome, now)
    elif outcome.is_permanent or pause is None or now > message.give_up_at:
        _close(message, MessageState.FAILED, NotificationState.FAILED, outcome, now)
    else:
        _postpone(message, outcome, now, pause)


def _pause(message: Message, outcome: Outcome) -> timedelta | None:
    """How long until the next attempt, by channel; None where there is none."""
    attempts = message.attempts + 1  # the one that has just ended; the row may be older
    if message.channel == Channel.WEBHOOK:
        return schedule.pause_after(attempts, outcome.wait)
    return pause_after(attempts, random.uniform(-1, 1))  # noqa: S311 - spreads load, keeps no secret


def _close(message: Message, state: str, notified: str, outcome: Outcome, now: datetime) -> None:
    is_replay = message.sent_at is not None  # failing, it takes nothing back
    if is_replay:
        state = MessageState.SENT
    sent_at = message.sent_at or (now if state == MessageState.SENT else None)
    with transaction.atomic(durable=True):
        mine = Message.objects.filter(pk=message.pk, lease=message.lease)
        if not mine.update(
            state=state,
            sent_at=sent_at,
            failure=outcome.reason,
            next_attempt_at=None,
            uncertain_attempts=F("uncertain_attempts") + int(outcome.is_uncertain),
            **NO_LEASE,
        ):
            return
        told = Notification.objects.filter(message=message.pk)
        if outcome.is_uncertain:
            told.update(may_have_been_told=True)
        if not is_replay:
            told.update(state=notified, settled_at=now, reason=outcome.reason[:200])


def _postpone(message: Message, outcome: Outcome, now: datetime, pause: timedelta) -> None:
    with transaction.atomic(durable=True):
        mine = Message.objects.filter(pk=message.pk, lease=message.lease)
        postponed = mine.update(
            state=MessageState.PENDING,
            next_attempt_at=now + pause,
            failure=outcome.reason,
            uncertain_attempts=F("uncertain_attempts") + int(outcome.is_uncertain),
            **NO_LEASE,
        )
        if postponed and outcome.is_uncertain:
            Notification.objects.filter(message=message.pk).update(may_have_been_told=True)


def give_back(messages: Iterable[Message]) -> None:
    """Return messages that were leased and not attempted, to be tried with the next run."""
    for message in messages:
        Message.objects.filter(pk=message.pk, lease=message.lease, attempt_began_at=None).update(
            state=MessageState.PENDING, next_attempt_at=timezone.now() + FIRST_PAUSE, **NO_LEASE
        )


def drop(message: Message, reasons: dict[int, str], words: str = "") -> None:
    """Give up a message part of which is not to be told any more; the rest is owed anew."""
    now = timezone.now()
    with transaction.atomic(durable=True):
        mine = Message.objects.filter(pk=message.pk, lease=message.lease)
        words = words or "; ".join(sorted(set(reasons.values()))) or "what it shows has changed hands"
        if not mine.update(state=MessageState.DROPPED, failure=words, next_attempt_at=None, **NO_LEASE):
            return
        for pk, reason in reasons.items():
            Notification.objects.filter(pk=pk, message=message.pk).update(
                state=NotificationState.DROPPED, reason=reason, settled_at=now
            )
        Notification.objects.filter(message=message.pk, state=NotificationState.FROZEN).update(
            state=NotificationState.OPEN, message=None
        )


def claim_due(limit: int, channel: str = Channel.MAIL) -> list[Message]:
    """Lease the messages whose next attempt is due, oldest first; other runs skip them."""
    now, lease = timezone.now(), uuid.uuid4()
    with transaction.atomic(durable=True):
        rows = Message.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            Q(next_attempt_at__lte=now) | Q(next_attempt_at__gt=now + LONGEST_WAIT[Channel(channel)]),
            state=MessageState.PENDING,
            channel=channel,
        )
        keys = list(rows.order_by("next_attempt_at", "pk").values_list("pk", flat=True)[:limit])
        Message.objects.filter(pk__in=keys).update(
            state=MessageState.SENDING, lease=lease, lease_until=now + LEASE, next_attempt_at=None
        )
    return list(Message.objects.filter(pk__in=keys, lease=lease).order_by("frozen_at", "pk"))

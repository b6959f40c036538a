"""Begins and settles attempts, in short transactions that only the lease's holder can write."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from convoys.models import Channel, Message, MessageState, Notification, NotificationState
from convoys.queries.statements import Batch
from convoys.services.messaging.attempts import acceptance, beginning
from convoys.services.messaging.freeze import LEASE
from convoys.services.messaging.send import Outcome
from convoys.services.webhooks import schedule

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
# Nothing is made to wait for longer: what does was put off by a clock that has been set back since.
LONGEST_WAIT = {Channel.MAIL: LONGEST_PAUSE * 1.5, Channel.WEBHOOK: schedule.PAUSES[-1] * 1.5}
NO_LEASE = {"lease": None, "lease_until": None, "attempt_began_at": None}


def begin_attempts(messages: Sequence[Message], accepted: Sequence[Message] = ()) -> list[Message]:
    """Note that attempts at these begin, and renew their leases; durable before any byte leaves.

    In the same transaction, that a server has accepted those sent before. Returns those of the first
    whose lease is still this run's. Either should be of one claim.
    """
    begun: list[Message] = []
    if messages or accepted:
        _surely(partial(_settle_and_begin, accepted, messages, begun, timezone.now()))
    return begun


def _settle_and_begin(
    accepted: Sequence[Message], following: Sequence[Message], begun: list[Message], now: datetime
) -> None:
    batch, found = Batch(), []
    if accepted:
        for statement in acceptance([one.pk for one in accepted], accepted[0].lease, now):
            batch.add(statement)
    keys = [message.pk for message in following]
    if following:
        found = batch.add(beginning(keys, following[0].lease, now, now + LEASE))
    with transaction.atomic(durable=True):
        batch.run()
        mine = {pk for (pk,) in found}
        if len(mine) < len(keys):
            # What was written over a connection that was then lost counts too.
            named = Message.objects.filter(pk__in=keys, lease=following[0].lease, attempt_began_at=now)
            mine = set(named.values_list("pk", flat=True))
    begun[:] = [message for message in following if message.pk in mine]


def pause_after(attempts: int, jitter: float = 0) -> timedelta:
    """How long to wait after this many attempts: doubled each time up to an hour, give or take a fifth.

    `jitter` is between -1 and 1; it keeps a thousand messages from coming back in one instant.
    """
    doublings = min(max(attempts - 1, 0), 10)
    return min(FIRST_PAUSE * float(2**doublings), LONGEST_PAUSE) * (1 + jitter / 5)


def settle(message: Message, outcome: Outcome) -> None:
    """Write what became of an attempt. Nothing happens where the lease has passed to another run."""
    _surely(partial(_settle, message, outcome))


def settle_sent(messages: Sequence[Message]) -> None:
    """Write that a server has accepted these, all at once. They should be of one claim."""
    begin_attempts([], messages)


def _surely(write: Callable[[], None]) -> None:
    """Where the database's connection was lost while a message was on its way, once more over a new
    one: what a server has accepted is to be on record, else it would be sent again."""
    try:
        write()
    except (OperationalError, InterfaceError):
        connection.close()
        write()


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


def give_back(messages: Iterable[Message], begun: bool = False, pause: timedelta = FIRST_PAUSE) -> None:
    """Return messages that were leased and not sent, to be tried with a run after the pause.

    `begun`: it had been noted that attempts at them begin, which then did not happen.
    """
    for lease, mine in groupby(messages, key=lambda message: message.lease):
        rows = Message.objects.filter(pk__in=[message.pk for message in mine], lease=lease)
        rows = rows.filter(attempt_began_at__isnull=not begun)
        rows.update(
            state=MessageState.PENDING,
            next_attempt_at=timezone.now() + pause,
            attempts=F("attempts") - int(begun),
            **NO_LEASE,
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

"""One run of the mail room: what is due again, then what is newly owed, over one channel.

1. leases messages whose next attempt is due, and freezes what people are owed into new ones, those of
   the next batch while this one is sent;
2. checks each against the record as it is now: what may not be told any more is dropped with its
   reason, the rest of such a message is frozen anew;
3. notes that attempts begin, sends, settles, some mails at a time. Nothing is sent inside a
   transaction.

Several workers may run this at once: leases part the work. Mails and webhooks are runs of their own,
so that a webhook that is slow or dead never keeps a mail waiting. When the mail server is away the
run ends and gives its messages back; a webhook that is away is left alone for the rest of the run.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from convoys.models import Channel, Message, Notification
from convoys.queries.neighbours import Neighbours
from convoys.services.alerting.telling import NO_ACCESS, NO_WEBHOOK
from convoys.services.messaging import settle
from convoys.services.messaging.ahead import FIRST_RECIPIENTS, Ahead, Batch
from convoys.services.messaging.check import (
    GO,
    LATER,
    Check,
    is_in_force,
    is_notice,
    is_test,
    shows_too_much,
    with_all,
)
from convoys.services.messaging.gather import recipients_waiting
from convoys.services.messaging.send import Outcome, Sender
from convoys.services.webhooks.replays import refusal_among, refuse_replay, replays_among
from convoys.services.webhooks.send import WebhookSender

logger = logging.getLogger(__name__)
BATCH = 200
# So many attempts at mails are noted as begun, and so many acceptances written down, in one go: a
# worker that is killed leaves at most this many of which nobody knows whether they were accepted.
# Fewer where the server is slow, so that what was accepted is soon on record.
MOST_AHEAD, AHEAD_SECONDS = 20, 0.5
# Mails begun ahead of a server that has turned slow are given back well before their lease ends.
MOST_SECONDS_AHEAD = 60.0
# A check is this fresh at most when a message leaves.
CHECK_SECONDS, NEVER = 5.0, float("-inf")
CHECK_AT_ONCE = 100
# What was dropped in part is frozen anew in the same run, at most this often.
ROUNDS = 3
# A run ends before the task queue would end it; the next one goes on. Webhooks have strangers' pace.
RUN_SECONDS = {Channel.MAIL: 120.0, Channel.WEBHOOK: 20.0}
CALLS_AT_ONCE = 16
# So many connections lost one after the other, and the server counts as away.
MOST_LOST = {Channel.MAIL: 3, Channel.WEBHOOK: 1}


@dataclass
class Delivered:
    """What one run did, for its log line and the tests."""

    sent: int = 0
    postponed: int = 0
    failed: int = 0
    dropped: int = 0
    server_is_away: bool = False


def deliver() -> Delivered:
    """Send all mails that are due. Safe to run twice, by several workers, and after a crash."""
    with Sender() as sender:
        return _deliver(Channel.MAIL, sender)


def deliver_webhooks() -> Delivered:
    """Call all webhooks that are due. As safe as `deliver`, and apart from it."""
    with closing(WebhookSender()) as sender:
        return _deliver(Channel.WEBHOOK, sender)


class Carrier(Protocol):
    """What hands a message over: the mail server's connection, or a caller of webhooks."""

    def send_all(self, messages: Sequence[Message]) -> Iterator[tuple[Message, Outcome]]: ...


def _deliver(channel: Channel, carrier: Carrier) -> Delivered:
    run = _Run(channel, time.monotonic() + RUN_SECONDS[channel])
    with closing(_batches(run)) as batches:
        for batch, checked_at in batches:
            _send_all(batch, checked_at, carrier, run)
            if run.is_over:
                break
    return run.done


@dataclass
class _Run:
    channel: Channel
    until: float
    done: Delivered = field(default_factory=Delivered)
    # Connections lost one after the other, and what is away, by webhook; None is the mail server.
    lost: dict[int | None, int] = field(default_factory=dict)
    away: set[int | None] = field(default_factory=set)
    # Mails that the server has accepted and of which that is not on record yet.
    accepted: list[Message] = field(default_factory=list)
    ahead: int = 1

    def pace(self, seconds: float) -> None:
        """So many mails are begun ahead as the server takes in half a second."""
        self.ahead = min(self.ahead * 2, MOST_AHEAD) if seconds < AHEAD_SECONDS else max(self.ahead // 2, 1)

    @property
    def is_over(self) -> bool:
        return None in self.away or time.monotonic() > self.until

    def note(self, message: Message, outcome: Outcome) -> None:
        server = message.webhook_id
        self.lost[server] = self.lost.get(server, 0) + 1 if outcome.is_uncertain else 0
        if outcome.server_is_away or self.lost[server] >= MOST_LOST[self.channel]:
            self.away.add(server)
        self.done.server_is_away = outcome.server_is_away


def _batches(run: _Run) -> Generator[Batch]:
    """Messages that this run holds, and when they were checked against the record.

    What is due again goes first by mail. Of webhooks what is new does: what is due again there had no
    answer before, and may have none now.
    """
    if run.channel == Channel.WEBHOOK:
        yield from _owed(run)
    while due := settle.claim_due(BATCH, run.channel):
        yield due, NEVER
    yield from _owed(run)


def _owed(run: _Run) -> Iterator[Batch]:
    neighbours = Neighbours()
    for _ in range(ROUNDS):
        ahead = Ahead(_from_anywhere(recipients_waiting(run.channel)), run.channel, neighbours)
        try:
            yield from ahead.batches()
        finally:
            _leave(ahead.rest(), run)
        if not ahead.has_frozen:
            return


def _from_anywhere(waiting: list[int]) -> list[int]:
    """All of them, in a circle: of what two runs write side by side one writes for nothing, so that
    they had better begin with different people."""
    if len(waiting) <= FIRST_RECIPIENTS:
        return waiting
    start = random.randrange(len(waiting))  # noqa: S311 - parts work, keeps no secret
    return waiting[start:] + waiting[:start]


def _send_all(batch: Sequence[Message], checked_at: float, carrier: Carrier, run: _Run) -> None:
    checked, unchecked = (list(batch), []) if checked_at > NEVER else ([], list(batch))
    try:
        while checked or unchecked:
            if not checked or time.monotonic() - checked_at > CHECK_SECONDS:
                _settle_accepted(run)
                waiting = checked + unchecked
                checked, unchecked = waiting[:CHECK_AT_ONCE], waiting[CHECK_AT_ONCE:]
                checked = _drop_what_is_no_more_to_be_told(checked, run.done)
                checked_at = time.monotonic()
            together, checked = _next_of(checked, run)
            _attempt(together, carrier, run)
            if run.is_over:
                break
    except Exception:
        _settle_accepted(run)  # what a server has accepted is on record whatever fails beside it
        raise
    _settle_accepted(run)
    _leave(checked + unchecked, run)


def _leave(messages: Sequence[Message], run: _Run) -> None:
    """Give back what this run will not send. One that is over for its time alone leaves it to the next at
    once."""
    settle.give_back(messages, pause=settle.FIRST_PAUSE if run.away else timedelta(0))


def _settle_accepted(run: _Run) -> None:
    settle.settle_sent(run.accepted)
    run.accepted = []


def _next_of(waiting: Sequence[Message], run: _Run) -> tuple[list[Message], list[Message]]:
    """Who is next, and who waits: mails go one after the other, webhooks the first of each at once."""
    if run.channel == Channel.MAIL:
        return list(waiting[: run.ahead]), list(waiting[run.ahead :])
    settle.give_back(one for one in waiting if one.webhook_id in run.away)
    left = [one for one in waiting if one.webhook_id not in run.away]
    firsts = {one.webhook_id: one for one in reversed(left)}
    together = list(firsts.values())[:CALLS_AT_ONCE]
    return together, [one for one in left if one not in together]


def _attempt(messages: Sequence[Message], carrier: Carrier, run: _Run) -> None:
    """Begin these, and with that write down what was accepted before: one commit for both."""
    began_at = time.monotonic()
    begun, run.accepted = settle.begin_attempts(messages, run.accepted), []
    untried = {message.pk: message for message in begun}
    for message, outcome in carrier.send_all(begun):
        untried.pop(message.pk)
        # Calls of webhooks end when they like: what one accepted waits for no other's answer.
        if outcome.is_sent and run.channel == Channel.MAIL:
            run.accepted.append(message)
        else:
            settle.settle(message, outcome)
        run.note(message, outcome)
        _count(message, outcome, run.done)
        is_slow = time.monotonic() - began_at > MOST_SECONDS_AHEAD
        if None in run.away or (is_slow and run.channel == Channel.MAIL):
            break
    settle.give_back(untried.values(), begun=True)
    run.pace(time.monotonic() - began_at)


def _count(message: Message, outcome: Outcome, done: Delivered) -> None:
    if outcome.is_sent:
        done.sent += 1
    elif outcome.is_permanent:
        done.failed += 1
        logger.error("message %s to %s failed: %s", message.pk, message.recipient_id, outcome.reason)
    else:
        done.postponed += 1
        logger.warning("message %s waits for another attempt: %s", message.pk, outcome.reason)


def _drop_what_is_no_more_to_be_told(messages: Sequence[Message], done: Delivered) -> list[Message]:
    """Check against the record as it is now; returns the messages that may go."""
    notifications = with_all(messages=[message.pk for message in messages])
    by_message: dict[int | None, list[Notification]] = {}
    for one in notifications:
        by_message.setdefault(one.message_id, []).append(one)
    check = Check(notifications)
    viewers = {one.recipient_id: check.viewer(one.recipient) for one in notifications}
    addresses = {one.recipient_id: one.recipient.email for one in notifications}
    too_much = shows_too_much([one for one in messages if one.recipient_id in viewers], viewers)
    asked_again = replays_among(messages)
    going = []
    for message in messages:
        if is_notice(message):
            going.append(message)
            continue
        if is_test(message):
            if message.webhook is not None and is_in_force(message.webhook):
                going.append(message)
            else:
                settle.drop(message, {}, NO_WEBHOOK)
                done.dropped += 1
            continue
        mine = by_message.get(message.pk, [])
        verdicts = {one.pk: check.verdicts[one.pk] for one in mine if check.verdicts[one.pk] != GO}
        if message.pk in asked_again:
            # What was so then was asked for again: what its owner may not see any more is kept back.
            why = NO_ACCESS if message.pk in too_much else refusal_among(verdicts.values())
            if why:
                settle.settle(message, refuse_replay(message, why))
                done.dropped += 1
            else:
                going.append(message)
            continue
        moved = message.channel == Channel.MAIL and addresses.get(message.recipient_id) != message.to_address
        if not mine or verdicts or moved or message.pk in too_much:
            settle.drop(message, {pk: why for pk, why in verdicts.items() if why not in LATER})
            done.dropped += 1
        else:
            going.append(message)
    return going

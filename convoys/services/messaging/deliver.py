"""One run of the mail room: what is due again, then what is newly owed, over one connection.

1. leases messages whose next attempt is due, and freezes what people are owed into new ones;
2. checks each against the record as it is now: what may not be told any more is dropped with its
   reason, the rest of such a message is frozen anew;
3. notes that an attempt begins, sends, settles. Nothing is sent inside a transaction.

Several workers may run this at once: leases part the work. When the server is away the run ends
and gives its messages back.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.utils import timezone

from convoys.models import Message
from convoys.services.messaging import settle
from convoys.services.messaging.check import GO, WAIT, Check, shows_too_much, with_all
from convoys.services.messaging.freeze import freeze_for
from convoys.services.messaging.gather import recipients_waiting
from convoys.services.messaging.render import Renderer
from convoys.services.messaging.send import Sender

logger = logging.getLogger(__name__)
BATCH = 50
# A check is this fresh at most when a message leaves.
CHECK_SECONDS = 5.0
# What was dropped in part is frozen anew in the same run, at most this often.
ROUNDS = 3
# A run ends before the task queue would end it; the next one goes on.
RUN_SECONDS = 120.0
# So many connections lost one after the other, and the server counts as away.
MOST_LOST = 3


@dataclass
class Delivered:
    """What one run did, for its log line and the tests."""

    sent: int = 0
    postponed: int = 0
    failed: int = 0
    dropped: int = 0
    server_is_away: bool = False


def deliver() -> Delivered:
    """Send all that is due. Safe to run twice, by several workers, and after a crash."""
    run = _Run(time.monotonic() + RUN_SECONDS)
    with Sender() as sender:
        for batch in _batches():
            _send_all(batch, sender, run)
            if run.is_over:
                break
    return run.done


@dataclass
class _Run:
    until: float
    done: Delivered = field(default_factory=Delivered)
    lost: int = 0

    @property
    def is_over(self) -> bool:
        return self.done.server_is_away or self.lost >= MOST_LOST or time.monotonic() > self.until


def _batches() -> Iterator[list[Message]]:
    while due := settle.claim_due(BATCH):
        yield due
    for _ in range(ROUNDS):
        renderer, last, frozen_any = Renderer(timezone.now()), 0, False
        while recipients := recipients_waiting(after=last):
            last = recipients[-1]
            if frozen := freeze_for(recipients, renderer):
                frozen_any = True
                yield frozen
        if not frozen_any:
            return


def _send_all(batch: Sequence[Message], sender: Sender, run: _Run) -> None:
    waiting = list(batch)
    while waiting:
        waiting = _drop_what_is_no_more_to_be_told(waiting, run.done)
        checked_at = time.monotonic()
        while waiting and time.monotonic() - checked_at < CHECK_SECONDS:
            _attempt(waiting.pop(0), sender, run)
            if run.is_over:
                settle.give_back(waiting)
                return


def _attempt(message: Message, sender: Sender, run: _Run) -> None:
    if not settle.begin_attempt(message):
        return
    outcome, done = sender.send(message), run.done
    settle.settle(message, outcome)
    done.server_is_away = outcome.server_is_away
    run.lost = run.lost + 1 if outcome.is_uncertain else 0
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
    check = Check(notifications)
    viewers = {one.recipient_id: check.viewer(one.recipient) for one in notifications}
    addresses = {one.recipient_id: one.recipient.email for one in notifications}
    known = [message for message in messages if message.recipient_id in viewers]
    too_much = shows_too_much(known, viewers)
    going = []
    for message in messages:
        mine = [one for one in notifications if one.message_id == message.pk]
        verdicts = {one.pk: check.verdicts[one.pk] for one in mine if check.verdicts[one.pk] != GO}
        moved = addresses.get(message.recipient_id) != message.to_address
        if not mine or verdicts or moved or message.pk in too_much:
            settle.drop(message, {pk: why for pk, why in verdicts.items() if why != WAIT})
            done.dropped += 1
        else:
            going.append(message)
    return going

"""Whether what is owed is still to be said: before it is frozen, and again before it leaves.

Lost access and an ended subscription win over all; then whether it is still so; then whether its
reader is quiet about it. A correction waits while the message that it corrects is on its way, and is
dropped where that was never told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils import timezone

from accounts.models import User
from convoys.models import (
    Channel,
    Claim,
    Deadline,
    DeadlineState,
    Message,
    Notification,
    NotificationState,
    Subscription,
    Telling,
    Watch,
    Webhook,
)
from convoys.queries.owed import OF_RUNNING_HOLDS
from convoys.queries.rows import is_one_of
from convoys.queries.sight import Sight
from convoys.queries.visibility import Viewer, withholds_source
from convoys.services.alerting.recipients import Coverage
from convoys.services.alerting.responses import SNOOZED, quieted
from convoys.services.alerting.telling import (
    NEVER_TOLD,
    NO_ACCESS,
    NO_ADDRESS,
    NO_LONGER_SO,
    NO_WEBHOOK,
    ON_THE_WAY,
    UNSUBSCRIBED,
    is_redating,
    said_before,
)
from convoys.services.messaging.loading import deadlines_with_convoys, loaded, subscriptions_in_force

GO = ""
WAIT = "waits for what it corrects"
NOT_TRACKED = "waits until its convoy is tracked again"
# Verdicts on what stays owed.
LATER = (WAIT, NOT_TRACKED, SNOOZED)
STATE_OF = {
    Telling.STEP: DeadlineState.OPEN,
    Telling.NOT_ENDED: DeadlineState.OPEN,
    Telling.ENDED: DeadlineState.ENDED,
    Telling.WITHDRAWN: DeadlineState.WITHDRAWN,
}


class Check:
    """Verdicts on a batch of notifications: GO, one of LATER, or why it is not to be told.

    The notifications should come from `with_all`.
    """

    def __init__(self, notifications: Sequence[Notification]) -> None:
        self._going_on = _parts_that_go_on(notifications)
        for one in notifications:
            part = self._going_on.get((one.deadline.watch, one.deadline.episode))
            if part is not None and one.telling == Telling.STEP:
                # The hold was reopened before this step was told: it is told of the part that stands.
                one.deadline = part
        self.coverage = Coverage(one.deadline for one in notifications)
        self._subscriptions = subscriptions_in_force({one.recipient_id for one in notifications})
        self._said = said_before([one for one in notifications if one.telling != Telling.STEP])
        by_mail = [
            one for one in notifications if one.channel == Channel.MAIL and one.telling == Telling.STEP
        ]
        self._quiet = quieted(map(_response_key, by_mail), timezone.now())
        self.verdicts = {one.pk: self._verdict(one) for one in notifications}

    def viewer(self, user: User) -> Viewer:
        return self.coverage.viewer(user)

    def subscriptions_behind(self, notification: Notification) -> list[Subscription]:
        """The subscriptions in force that this notification comes from."""
        return [
            one
            for one in self._subscriptions.get(notification.recipient_id, [])
            if one.webhook_id == notification.webhook_id
            and (one.pk == notification.subscription_id or self._asks_for(one, notification))
        ]

    def snoozed_until(self, notification: Notification) -> datetime:
        """When what has the verdict SNOOZED is owed again."""
        return self._quiet[_response_key(notification)].until or timezone.now()

    def _asks_for(self, subscription: Subscription, notification: Notification) -> bool:
        if not self.coverage.covers(subscription, notification.deadline):
            return False
        is_step = notification.telling == Telling.STEP
        return not is_step or subscription.from_seconds <= notification.alert.step_seconds

    def _verdict(self, notification: Notification) -> str:
        user, deadline = notification.recipient, notification.deadline
        if not user.is_active or (notification.channel == Channel.MAIL and not user.email):
            return NO_ADDRESS
        if notification.webhook is not None and not is_in_force(notification.webhook):
            return NO_WEBHOOK
        if not self.coverage.sees(user, deadline):
            return NO_ACCESS
        if notification.alert.staff_only and not self.coverage.is_staff(user):
            return NO_ACCESS
        if not self.subscriptions_behind(notification):
            return UNSUBSCRIBED
        redates = is_redating(notification)
        wanted = DeadlineState.OPEN if redates else STATE_OF[Telling(notification.telling)]
        if deadline.state == DeadlineState.PAUSED and notification.telling in OF_RUNNING_HOLDS:
            return NOT_TRACKED
        if deadline.state != wanted:
            # Within its grace an end may be a mis-click: what it overtakes stays owed until the end is told.
            is_in_grace = wanted == DeadlineState.OPEN and deadline.tell in (Telling.ENDED, Telling.WITHDRAWN)
            return WAIT if is_in_grace else NO_LONGER_SO
        if notification.telling == Telling.STEP:
            return self._verdict_on_step(notification)
        is_ended = notification.telling == Telling.ENDED
        if (redates or is_ended) and deadline.tell_chain != notification.occasion:
            return NO_LONGER_SO
        if is_ended and (deadline.watch, deadline.episode) in self._going_on:
            return NO_LONGER_SO
        return self._verdict_on_correction(notification)

    def _verdict_on_step(self, notification: Notification) -> str:
        """A question about the last report is still about the last report, and asked of quiet people too."""
        alert = notification.alert
        if alert.watch == Watch.UNCONFIRMED:
            return GO if alert.episode == notification.deadline.confirming_chain else NO_LONGER_SO
        quiet = self._quiet.get(_response_key(notification)) if notification.channel == Channel.MAIL else None
        return quiet.reason if quiet is not None else GO

    def _verdict_on_correction(self, notification: Notification) -> str:
        telling = notification.telling
        mine = self._said.get((notification.recipient_id, notification.webhook_id), ())
        before = [one for one in mine if one.is_corrected_by(notification)]
        told_at = [one.frozen_at for one in before if one.is_told]
        if is_redating(notification) and told_at:
            # What was frozen after the correction tells it as it is now.
            told_at = [at for at in told_at if at is None or at < notification.created_at]
            return GO if told_at else NEVER_TOLD
        if told_at:
            return GO
        states = {one.state for one in before}
        if telling == Telling.ENDED:
            # A step that nobody has frozen yet is no longer so: the end makes up for it.
            overtaken = NotificationState.OPEN in states or any(one.reason == NO_LONGER_SO for one in before)
            return WAIT if NotificationState.FROZEN in states else GO if overtaken else NEVER_TOLD
        return WAIT if states.intersection(ON_THE_WAY) else NEVER_TOLD


def _parts_that_go_on(notifications: Iterable[Notification]) -> dict[tuple[str, int], Deadline]:
    """Of steps and ends of parts that are over: the part of the same episode that stands, if any.

    No query where all parts stand.
    """
    over = {
        (one.deadline.watch, one.deadline.episode)
        for one in notifications
        if one.deadline.state == DeadlineState.ENDED and one.telling in (Telling.STEP, Telling.ENDED)
    }
    if not over:
        return {}
    standing = Deadline.objects.filter(
        state=DeadlineState.OPEN, episode__in={episode for _watch, episode in over}
    )
    rows = deadlines_with_convoys(standing.values_list("pk", flat=True)).values()
    return {(row.watch, row.episode): row for row in rows if (row.watch, row.episode) in over}


def is_in_force(webhook: Webhook) -> bool:
    return webhook.ended_at is None and webhook.disabled_at is None


def is_test(message: Message) -> bool:
    """Whether its webhook's owner asked for it: then it tells nothing."""
    return message.channel == Channel.WEBHOOK and not message.telling


def is_notice(message: Message) -> bool:
    """Whether it tells its recipient of something of their own, and of no convoy."""
    return message.channel == Channel.MAIL and not message.telling


def _response_key(notification: Notification) -> tuple[int, str, int]:
    deadline = notification.deadline
    return (notification.recipient_id, deadline.watch, deadline.episode)


def with_all(
    notifications: Iterable[int] | None = None, messages: Iterable[int] | None = None
) -> list[Notification]:
    """Notifications with what a check and a rendering read of them."""
    rows = Notification.objects.all()
    if notifications is not None:
        rows = rows.filter(is_one_of("pk", list(notifications)))
    if messages is not None:
        rows = rows.filter(is_one_of("message", list(messages)))
    return loaded(rows)


def shows_too_much(messages: Sequence[Message], viewers: dict[int, Viewer]) -> set[int]:
    """Keys of those messages that name a convoy, a claim or a source which their reader no longer sees.

    Seven statements at most, however many messages and readers.
    """
    to_ask = [message for message in messages if not viewers[message.recipient_id].is_staff]
    sight = Sight()
    sight.load_convoys({pk for message in to_ask for pk in message.shown_convoys})
    sight.load_claims({sequence for message in to_ask for sequence in message.shown_claims})
    return {one.pk for one in to_ask if not _may_read(viewers[one.recipient_id], one, sight)}


def _may_read(viewer: Viewer, message: Message, sight: Sight) -> bool:
    return all(sight.knows(viewer, pk) for pk in message.shown_convoys) and all(
        sight.reads_claim(viewer, sequence) and not _is_named_no_more(viewer, sight.claim(sequence))
        for sequence in message.shown_claims
    )


def _is_named_no_more(viewer: Viewer, claim: Claim) -> bool:
    """Whether its source is withheld since: one that was confidential when it was frozen is not named."""
    return not claim.is_confidential and withholds_source(viewer, claim)

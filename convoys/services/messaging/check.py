"""Whether what is owed is still to be said: before it is frozen, and again before it leaves.

Lost access and an ended subscription win over all; then whether it is still so. A correction waits
while the message that it corrects is on its way, and is dropped where that was never told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from accounts.models import User
from convoys.models import (
    Claim,
    DeadlineState,
    Message,
    Notification,
    NotificationState,
    Subscription,
    Telling,
    Watch,
)
from convoys.queries.visibility import Viewer, visible_claims, visible_convoys, withholds_source
from convoys.services.alerting.recipients import Coverage
from convoys.services.alerting.telling import (
    NEVER_TOLD,
    NO_ACCESS,
    NO_ADDRESS,
    NO_LONGER_SO,
    ON_THE_WAY,
    UNSUBSCRIBED,
    is_redating,
    told_before,
)

GO = ""
WAIT = "waits for what it corrects"
STATE_OF = {
    Telling.STEP: DeadlineState.OPEN,
    Telling.NOT_ENDED: DeadlineState.OPEN,
    Telling.ENDED: DeadlineState.ENDED,
    Telling.WITHDRAWN: DeadlineState.WITHDRAWN,
}


class Check:
    """Verdicts on a batch of notifications: GO, WAIT, or why it is not to be told.

    The notifications should have alert, deadline with convoy, recipient and subscription loaded.
    """

    def __init__(self, notifications: Sequence[Notification]) -> None:
        self.coverage = Coverage(one.deadline for one in notifications)
        self._subscriptions: dict[int, list[Subscription]] = {}
        people = {one.recipient_id for one in notifications}
        for subscription in Subscription.objects.filter(user__in=people, ended_at=None).order_by("pk"):
            self._subscriptions.setdefault(subscription.user_id, []).append(subscription)
        self.verdicts = {one.pk: self._verdict(one) for one in notifications}

    def viewer(self, user: User) -> Viewer:
        return self.coverage.viewer(user)

    def subscriptions_behind(self, notification: Notification) -> list[Subscription]:
        """The subscriptions in force that this notification comes from."""
        return [
            one
            for one in self._subscriptions.get(notification.recipient_id, [])
            if one.pk == notification.subscription_id or self._asks_for(one, notification)
        ]

    def _asks_for(self, subscription: Subscription, notification: Notification) -> bool:
        if not self.coverage.covers(subscription, notification.deadline):
            return False
        is_step = notification.telling == Telling.STEP
        return not is_step or subscription.from_seconds <= notification.alert.step_seconds

    def _verdict(self, notification: Notification) -> str:
        user, deadline = notification.recipient, notification.deadline
        if not user.is_active or not user.email:
            return NO_ADDRESS
        if not self.coverage.sees(user, deadline):
            return NO_ACCESS
        if notification.alert.staff_only and not self.coverage.is_staff(user):
            return NO_ACCESS
        if not self.subscriptions_behind(notification):
            return UNSUBSCRIBED
        redates = is_redating(notification)
        if deadline.state != (DeadlineState.OPEN if redates else STATE_OF[Telling(notification.telling)]):
            return NO_LONGER_SO
        if notification.telling == Telling.STEP:
            return GO if self._is_still_unconfirmed(notification) else NO_LONGER_SO
        if (
            redates or notification.telling == Telling.ENDED
        ) and deadline.tell_chain != notification.occasion:
            return NO_LONGER_SO
        return self._verdict_on_correction(notification)

    @staticmethod
    def _is_still_unconfirmed(notification: Notification) -> bool:
        """Whether a question about the last report is still about the last report."""
        alert = notification.alert
        return alert.watch != Watch.UNCONFIRMED or alert.episode == notification.deadline.confirming_chain

    @staticmethod
    def _verdict_on_correction(notification: Notification) -> str:
        before = told_before(notification.deadline, notification.telling, notification.occasion)
        said = before.filter(recipient=notification.recipient_id).values_list(
            "state", "may_have_been_told", "reason"
        )
        rows = list(said)
        if any(state == NotificationState.SENT or maybe for state, maybe, _ in rows):
            return GO
        if any(state in ON_THE_WAY for state, _, _ in rows):
            return WAIT
        overtaken = any(reason == NO_LONGER_SO for _, _, reason in rows)
        return GO if overtaken and notification.telling == Telling.ENDED else NEVER_TOLD


def with_all(
    notifications: Iterable[int] | None = None, messages: Iterable[int] | None = None
) -> list[Notification]:
    """Notifications with what a check and a rendering read of them."""
    rows = Notification.objects.select_related(
        "alert", "deadline__convoy__route", "recipient", "subscription"
    )
    if notifications is not None:
        rows = rows.filter(pk__in=list(notifications))
    if messages is not None:
        rows = rows.filter(message__in=list(messages))
    return list(rows.order_by("recipient", "created_at", "pk"))


def shows_too_much(messages: Sequence[Message], viewers: dict[int, Viewer]) -> set[int]:
    """Keys of those messages that name a convoy, a claim or a source which their reader no longer sees."""
    unseen = set()
    for viewer in set(viewers.values()):
        mine = [message for message in messages if viewers[message.recipient_id] == viewer]
        convoys = {pk for message in mine for pk in message.shown_convoys}
        claims = {sequence for message in mine for sequence in message.shown_claims}
        seen_convoys = set(visible_convoys(viewer).filter(pk__in=convoys).values_list("pk", flat=True))
        seen_claims: set[int] = set()
        if claims:
            rows: Iterable[Claim] = visible_claims(viewer).filter(sequence__in=claims)
            # One that was not confidential when it was frozen names its source.
            seen_claims = {
                row.sequence for row in rows if row.is_confidential or not withholds_source(viewer, row)
            }
        for message in mine:
            if not seen_convoys.issuperset(message.shown_convoys) or not seen_claims.issuperset(
                message.shown_claims
            ):
                unseen.add(message.pk)
    return unseen

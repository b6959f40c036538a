"""Whether what is owed is still to be said: before it is frozen, and again before it leaves.

Lost access and an ended subscription win over all; then whether it is still so; then whether its
reader is quiet about it. A correction waits while the message that it corrects is on its way, and is
dropped where that was never told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils import timezone

from accounts.models import Organisation, User
from accounts.roles import read_roles
from convoys.models import (
    Channel,
    Claim,
    ControlPoint,
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
from convoys.queries.visibility import Viewer, visible_claims, visible_convoys, withholds_source
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
    told_before,
)

GO = ""
WAIT = "waits for what it corrects"
# Verdicts on what stays owed.
LATER = (WAIT, SNOOZED)
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
        self._subscriptions: dict[int, list[Subscription]] = {}
        people = {one.recipient_id for one in notifications}
        for subscription in Subscription.objects.filter(user__in=people, ended_at=None).order_by("pk"):
            self._subscriptions.setdefault(subscription.user_id, []).append(subscription)
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

    @staticmethod
    def _verdict_on_correction(notification: Notification) -> str:
        telling = notification.telling
        before = told_before(notification.deadline, telling, notification.occasion)
        mine = before.filter(recipient=notification.recipient_id, webhook=notification.webhook_id)
        rows = list(mine.values_list("state", "may_have_been_told", "reason", "message__frozen_at"))
        told_at = [at for state, maybe, _, at in rows if state == NotificationState.SENT or maybe]
        if is_redating(notification) and told_at:
            # What was frozen after the correction tells it as it is now.
            told_at = [at for at in told_at if at is None or at < notification.created_at]
            return GO if told_at else NEVER_TOLD
        if told_at:
            return GO
        states = {state for state, *_ in rows}
        if telling == Telling.ENDED:
            # A step that nobody has frozen yet is no longer so: the end makes up for it.
            overtaken = NotificationState.OPEN in states or any(row[2] == NO_LONGER_SO for row in rows)
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
    ).select_related("convoy__route")
    return {(row.watch, row.episode): row for row in standing if (row.watch, row.episode) in over}


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
    rows = Notification.objects.select_related(
        "alert", "deadline__convoy__route", "recipient", "subscription", "webhook"
    )
    if notifications is not None:
        rows = rows.filter(pk__in=list(notifications))
    if messages is not None:
        rows = rows.filter(message__in=list(messages))
    loaded = list(rows.order_by("recipient", "created_at", "pk"))
    read_roles([one.recipient for one in loaded])
    _put_names(loaded)
    return loaded


def _put_names(notifications: Sequence[Notification]) -> None:
    """Put what a subscription names where it is named: much of it is at hand, the rest is little."""
    named = [(one, one.subscription) for one in notifications if one.subscription is not None]
    points = {subscription.control_point_id for _, subscription in named} - {None}
    by_code = {
        point.pk: point
        for point in ControlPoint.objects.filter(pk__in=points)
        .select_related("place")
        .prefetch_related("place__names")
    }
    sponsors = Organisation.objects.in_bulk({one.sponsor_id for _, one in named if one.sponsor_id})
    for notification, subscription in named:
        subscription.user, convoy = notification.recipient, notification.deadline.convoy
        if subscription.convoy_id == convoy.pk:
            subscription.convoy = convoy
        if subscription.route_id == convoy.route_id:
            subscription.route = convoy.route
        subscription.control_point = by_code.get(subscription.control_point_id or "")
        subscription.sponsor = sponsors.get(subscription.sponsor_id or "")


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

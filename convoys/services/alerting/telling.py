"""Who is owed a correction of what they were told: it ended, it was withdrawn, it goes on after all."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from convoys.models import Deadline, Message, MessageState, Notification, NotificationState, Telling
from convoys.services.alerting.digest import due_at

ON_THE_WAY = (NotificationState.OPEN, NotificationState.FROZEN)
# Why a notification was dropped; codes, so that later steps can tell the reasons apart.
NO_LONGER_SO = "no longer so"
NEVER_TOLD = "its recipient was never told of it"
NO_ACCESS = "its recipient may no longer see the convoy"
UNSUBSCRIBED = "its recipient has unsubscribed"
NO_ADDRESS = "its recipient has no address any more"
NO_WEBHOOK = "its webhook has ended or is disabled"

TOLD = Q(state=NotificationState.SENT) | Q(may_have_been_told=True)
HEARD = TOLD | Q(state__in=ON_THE_WAY)
# What an ended hold's recipients were or would have been told: the message of the end makes up for
# a step that it overtook, so that every step still reaches its recipients once.
OWED_AN_END = TOLD | Q(state__in=ON_THE_WAY) | Q(state=NotificationState.DROPPED, reason=NO_LONGER_SO)


def is_redating(notification: Notification) -> bool:
    """Whether it withdraws only since when it was held: its occasion is then the correction."""
    return (
        notification.telling == Telling.WITHDRAWN
        and notification.occasion != notification.deadline.opening_chain
    )


def told_before(deadline: Deadline, telling: str, occasion: int) -> QuerySet[Notification]:
    """The notifications that a correction corrects."""
    in_episode = Notification.objects.filter(alert__watch=deadline.watch, alert__episode=deadline.episode)
    if telling == Telling.NOT_ENDED:
        return in_episode.filter(telling__in=(Telling.ENDED, Telling.WITHDRAWN), occasion=occasion)
    held = in_episode.filter(telling__in=(Telling.STEP, Telling.NOT_ENDED))
    return held.filter(deadline=deadline) if telling == Telling.WITHDRAWN else held


def owed_corrections(deadline: Deadline, now: datetime) -> list[Notification]:
    """One unsaved notification for whoever was told, or is about to be, what is no longer so.

    It goes the way that what it corrects went: to each mail recipient and each webhook, and what a
    daily digest told is corrected by the next one.
    """
    whom = OWED_AN_END if deadline.tell == Telling.ENDED else HEARD
    latest: dict[tuple[int, int | None], Notification] = {}
    before = told_before(deadline, deadline.tell, deadline.tell_chain or 0).filter(whom)
    for notification in before.select_related("subscription__user").order_by("created_at", "pk"):
        latest[notification.recipient_id, notification.webhook_id] = notification
    return [
        Notification(
            alert_id=said.alert_id,
            deadline=deadline,
            recipient_id=said.recipient_id,
            subscription_id=said.subscription_id,
            channel=said.channel,
            webhook_id=said.webhook_id,
            telling=deadline.tell,
            occasion=deadline.tell_chain or 0,
            created_at=now,
            not_before=due_at(said.subscription, now) if said.subscription is not None else None,
        )
        for said in latest.values()
    ]


def look_again_at_once(correction: Notification, now: datetime) -> None:
    """What a correction corrects may still be on its way: it is no longer so, and is waited for."""
    before = told_before(correction.deadline, correction.telling, correction.occasion)
    Message.objects.filter(
        state=MessageState.PENDING, notifications__in=before.filter(state=NotificationState.FROZEN)
    ).update(next_attempt_at=now)

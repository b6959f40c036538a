"""Who is owed a correction of what they were told: it ended, it was withdrawn, it goes on after all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

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


# When the contents of one of them were made.
MADE_AT = Coalesce("message__frozen_at", "settled_at", "created_at")


def contents_made() -> QuerySet[Notification]:
    """Tellings of what a clock watches whose contents are made: heard, or on their way as they stand."""
    told = Notification.objects.filter(HEARD, alert__watch=F("deadline__watch"))
    return told.exclude(message=None, state__in=ON_THE_WAY)


def tellings_made(deadlines: Collection[int]) -> dict[int, list[tuple[str, datetime]]]:
    """By deadline what was told of it and when that was made, newest first. One query, or none."""
    made: dict[int, list[tuple[str, datetime]]] = {}
    if not deadlines:
        return made
    told = contents_made().filter(deadline__in=deadlines).annotate(made_at=MADE_AT)
    rows = told.order_by("-made_at", "-pk")
    for deadline, telling, at in rows.values_list("deadline_id", "telling", "made_at"):
        made.setdefault(deadline, []).append((telling, at))
    return made


# What each kind of correction corrects.
CORRECTED: dict[str, tuple[str, ...]] = {
    Telling.NOT_ENDED: (Telling.ENDED, Telling.WITHDRAWN),
    Telling.ENDED: (Telling.STEP, Telling.NOT_ENDED),
    Telling.WITHDRAWN: (Telling.STEP, Telling.NOT_ENDED),
}


def told_before(deadline: Deadline, telling: str, occasion: int) -> QuerySet[Notification]:
    """The notifications that a correction corrects."""
    in_episode = Notification.objects.filter(alert__watch=deadline.watch, alert__episode=deadline.episode)
    corrected = in_episode.filter(telling__in=CORRECTED[telling])
    if telling == Telling.NOT_ENDED:
        return corrected.filter(occasion=occasion)
    return corrected.filter(deadline=deadline) if telling == Telling.WITHDRAWN else corrected


@dataclass(frozen=True, slots=True)
class Said:
    """Of a notification that may be corrected what decides what becomes of its correction."""

    recipient: int
    webhook: int | None
    watch: str
    episode: int
    deadline: int
    telling: str
    occasion: int
    state: str
    may_have_been_told: bool
    reason: str
    frozen_at: datetime | None

    @property
    def is_told(self) -> bool:
        return self.state == NotificationState.SENT or self.may_have_been_told

    def is_corrected_by(self, correction: Notification) -> bool:
        """Whether `told_before` has it, of the same recipient over the same channel."""
        deadline, telling = correction.deadline, correction.telling
        if (self.recipient, self.webhook) != (correction.recipient_id, correction.webhook_id):
            return False
        if (self.watch, self.episode) != (deadline.watch, deadline.episode):
            return False
        if telling == Telling.NOT_ENDED and self.occasion != correction.occasion:
            return False
        if telling == Telling.WITHDRAWN and self.deadline != deadline.pk:
            return False
        return self.telling in CORRECTED[telling]


def said_before(corrections: Collection[Notification]) -> dict[tuple[int, int | None], list[Said]]:
    """By recipient and webhook: what was said, or is to be, of these episodes. One query, or none."""
    found: dict[tuple[int, int | None], list[Said]] = {}
    if not corrections:
        return found
    rows = Notification.objects.filter(
        recipient__in={one.recipient_id for one in corrections},
        alert__watch__in={one.deadline.watch for one in corrections},
        alert__episode__in={one.deadline.episode for one in corrections},
    ).order_by()
    for values in rows.values_list(
        "recipient_id", "webhook_id", "alert__watch", "alert__episode", "deadline_id", "telling",
        "occasion", "state", "may_have_been_told", "reason", "message__frozen_at",
    ):  # fmt: skip
        said = Said(*values)
        found.setdefault((said.recipient, said.webhook), []).append(said)
    return found


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

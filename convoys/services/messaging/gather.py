"""What somebody is owed, parted into what can stand in one message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Max, QuerySet
from django.utils import timezone

from accounts.models import User
from convoys.models import Channel, Notification, Rhythm, Subscription, Webhook
from convoys.queries.owed import owed_now
from convoys.services.alerting.telling import TOLD, is_redating

Episode = tuple[str, int]  # watch and opening chain of the episode


@dataclass
class Parcel:
    """What one message will tell one person: one kind of news, or all that a daily digest owes;
    exercises apart from what is real.

    `telling` is that of the first in a digest, `webhook` where it is called, or None of a mail.
    `since` is when the last message about each episode was frozen that this person got; episodes
    that they were not told of are missing.
    """

    recipient: User
    telling: str
    is_exercise: bool
    is_redated: bool
    notifications: list[Notification] = field(default_factory=list)
    webhook: Webhook | None = None
    is_digest: bool = False
    since: dict[Episode, datetime] = field(default_factory=dict)

    @property
    def watch(self) -> str:
        """What its alerts watch, or "" where they watch several things."""
        watches = {one.alert.watch for one in self.notifications}
        return watches.pop() if len(watches) == 1 else ""

    @property
    def contents(self) -> tuple[object, ...]:
        """What it tells, whoever reads it: parcels with equal contents read the same."""
        told = tuple((one.alert_id, one.deadline_id, one.telling, one.occasion) for one in self.notifications)
        return (self.is_digest, told, tuple(sorted(self.since.items())))

    @property
    def subscription_language(self) -> str:
        """The language asked for with the subscription behind it, else ""."""
        return self._asked_for("language")

    @property
    def time_zone(self) -> str:
        """The zone asked for with the subscription behind it, else the person's; may be empty."""
        return self._asked_for("time_zone") or self.recipient.time_zone

    def _asked_for(self, name: str) -> str:
        asked = [getattr(one.subscription, name) for one in self.notifications if one.subscription]
        return next((value for value in asked if value), "")


def owed(channel: str) -> QuerySet[Notification]:
    """What is owed over this channel and may go now."""
    return owed_now(timezone.now()).filter(channel=channel)


def recipients_waiting(channel: str = Channel.MAIL) -> list[int]:
    """Who is owed something now. People with the same eyes stand together: a batch asks once for them."""
    waiting = owed(channel).order_by().values_list("recipient", "recipient__organisation").distinct()
    return [person for person, _ in sorted(waiting, key=lambda row: (row[1] or "", row[0]))]


def parcels_of(notifications: Sequence[Notification]) -> list[Parcel]:
    """Group by person, kind of news and exercise; for a webhook by watch and episode too.

    Steps of all that is watched stand in one mail, and all that digests owe in another. The
    notifications keep their order. One query, for when each was told last.
    """
    parcels: dict[object, Parcel] = {}
    for one in notifications:
        digest = is_for_digest(one.subscription) and one.webhook_id is None
        redated = not digest and is_redating(one)
        exercise = one.deadline.convoy.is_exercise
        called = (one.webhook_id, one.deadline_id, one.alert.watch) if one.webhook_id is not None else None
        key = (one.recipient_id, called, "" if digest else one.telling, exercise, redated)
        if key not in parcels:
            parcels[key] = Parcel(
                one.recipient, one.telling, exercise, redated, webhook=one.webhook, is_digest=digest
            )
        parcels[key].notifications.append(one)
    told = last_told(one for one in notifications if one.webhook_id is None)
    for parcel in parcels.values():
        if parcel.webhook is None:
            episodes = {(row.deadline.watch, row.deadline.episode) for row in parcel.notifications}
            mine = {episode: told.get((parcel.recipient.pk, *episode)) for episode in episodes}
            parcel.since = {episode: at for episode, at in mine.items() if at is not None}
    return list(parcels.values())


def is_for_digest(subscription: Subscription | None) -> bool:
    return subscription is not None and subscription.rhythm == Rhythm.DAILY


def last_told(notifications: Iterable[Notification]) -> dict[tuple[int, str, int], datetime]:
    """By person, watch and episode: when the last mail that told them of it was frozen."""
    asked = list(notifications)
    if not asked:
        return {}
    told = Notification.objects.filter(
        TOLD,
        channel=Channel.MAIL,
        recipient__in={one.recipient_id for one in asked},
        deadline__episode__in={one.deadline.episode for one in asked},
        message__isnull=False,
    ).order_by()
    rows = told.values_list("recipient", "deadline__watch", "deadline__episode")
    return {
        (person, watch, episode): at
        for person, watch, episode, at in rows.annotate(frozen=Max("message__frozen_at"))
    }

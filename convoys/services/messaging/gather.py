"""A recipient's open notifications, parted into what can stand in one mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from convoys.models import Channel, Notification, NotificationState, Webhook
from convoys.services.alerting.telling import is_redating

RECIPIENTS = 50


@dataclass
class Parcel:
    """What one message will tell one person: one kind of news, exercises apart from what is real.

    `webhook` is where it is called, or None of a mail.
    """

    recipient: User
    telling: str
    watch: str
    is_exercise: bool
    is_redated: bool
    notifications: list[Notification]
    webhook: Webhook | None = None

    @property
    def contents(self) -> tuple[tuple[int, int, str, int], ...]:
        """What it tells, whoever reads it: parcels with equal contents read the same."""
        return tuple((one.alert_id, one.deadline_id, one.telling, one.occasion) for one in self.notifications)

    @property
    def subscription_language(self) -> str:
        """The language asked for with the subscription behind it, else ""."""
        languages = [one.subscription.language for one in self.notifications if one.subscription]
        return next((language for language in languages if language), "")


def owed(channel: str) -> QuerySet[Notification]:
    """What is owed over this channel and may go now: digests and snoozes wait for their time."""
    due = Q(not_before=None) | Q(not_before__lte=timezone.now())
    return Notification.objects.filter(due, channel=channel, state=NotificationState.OPEN)


def recipients_waiting(after: int = 0, channel: str = Channel.MAIL) -> list[int]:
    """The next people who are owed something now, in a fixed order."""
    waiting = owed(channel).filter(recipient__gt=after).order_by("recipient")
    return list(waiting.values_list("recipient", flat=True).distinct()[:RECIPIENTS])


def parcels_of(notifications: Sequence[Notification]) -> list[Parcel]:
    """Group by person, kind of news, watch and exercise, for a webhook by episode too; the notifications
    keep their order."""
    parcels: dict[object, Parcel] = {}
    for one in notifications:
        exercise = one.deadline.convoy.is_exercise
        kind = (one.telling, one.alert.watch, exercise, is_redating(one))
        called = (one.webhook_id, one.deadline_id) if one.webhook_id is not None else None
        key = (one.recipient_id, called, *kind)
        if key not in parcels:
            parcels[key] = Parcel(one.recipient, *kind, [], one.webhook)
        parcels[key].notifications.append(one)
    return list(parcels.values())

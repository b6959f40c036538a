"""A recipient's open notifications, parted into what can stand in one mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import User
from convoys.models import Notification, NotificationState
from convoys.services.alerting.telling import is_redating

RECIPIENTS = 50


@dataclass
class Parcel:
    """What one mail will tell one person: one kind of news, exercises apart from what is real."""

    recipient: User
    telling: str
    watch: str
    is_exercise: bool
    is_redated: bool
    notifications: list[Notification]

    @property
    def contents(self) -> tuple[tuple[int, int, str, int], ...]:
        """What it tells, whoever reads it: parcels with equal contents read the same."""
        return tuple((one.alert_id, one.deadline_id, one.telling, one.occasion) for one in self.notifications)

    @property
    def subscription_language(self) -> str:
        """The language asked for with the subscription behind it, else ""."""
        languages = [one.subscription.language for one in self.notifications if one.subscription]
        return next((language for language in languages if language), "")


def recipients_waiting(after: int = 0) -> list[int]:
    """The next people who are owed something, in a fixed order."""
    waiting = Notification.objects.filter(state=NotificationState.OPEN, recipient__gt=after)
    return list(waiting.order_by("recipient").values_list("recipient", flat=True).distinct()[:RECIPIENTS])


def parcels_of(notifications: Sequence[Notification]) -> list[Parcel]:
    """Group by person, kind of news, watch and exercise; the order of the notifications is kept."""
    parcels: dict[tuple[int, str, str, bool, bool], Parcel] = {}
    for one in notifications:
        exercise = one.deadline.convoy.is_exercise
        key = (one.recipient_id, one.telling, one.alert.watch, exercise, is_redating(one))
        if key not in parcels:
            parcels[key] = Parcel(one.recipient, one.telling, *key[2:], [])
        parcels[key].notifications.append(one)
    return list(parcels.values())

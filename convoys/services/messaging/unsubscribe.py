"""Ends the subscriptions behind a message, by the random link that stands in it. It never expires."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from convoys.models import MailLink, Subscription


def find_token(token: str) -> MailLink | None:
    """The link with this token, of whichever age, else None."""
    return MailLink.objects.select_related("user").filter(pk=token).first()


def subscriptions_behind(token: MailLink) -> list[Subscription]:
    """The subscriptions in force that this link would end."""
    behind = token.subscriptions.filter(ended_at=None)
    return list(
        behind.select_related("convoy", "route", "control_point__place", "sponsor").order_by(
            "created_at", "pk"
        )
    )


def unsubscribe(token: MailLink) -> int:
    """End them all; returns how many were still in force. Safe to repeat."""
    now = timezone.now()
    with transaction.atomic():
        ended = Subscription.objects.filter(pk__in=token.subscriptions.values("pk"), ended_at=None).update(
            ended_at=now
        )
        MailLink.objects.filter(pk=token.pk, used_at=None).update(used_at=now)
    return ended

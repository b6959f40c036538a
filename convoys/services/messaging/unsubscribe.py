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
        link = MailLink.objects.select_for_update().get(pk=token.pk)
        behind = Subscription.objects.filter(pk__in=link.subscriptions.values("pk"), ended_at=None)
        ended = behind.update(ended_at=now)
        if ended or link.used_at is None:
            MailLink.objects.filter(pk=token.pk).update(used_at=now)
    return ended


def restore(token: MailLink) -> int:
    """Put those in force again that this link ended, and no others; returns how many. Safe to repeat."""
    with transaction.atomic():
        link = MailLink.objects.select_for_update().get(pk=token.pk)
        ended = Subscription.objects.filter(pk__in=link.subscriptions.values("pk"), ended_at=link.used_at)
        restored = ended.update(ended_at=None) if link.used_at is not None else 0
        MailLink.objects.filter(pk=token.pk).update(used_at=None)
    return restored

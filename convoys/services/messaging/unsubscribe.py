"""Ends the subscriptions behind a message, by the random link that stands in it. It never expires."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from convoys.models import MailLink, Subscription
from convoys.services.alerting.subscriptions import locked, same_among


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
        if ended:
            MailLink.objects.filter(pk=token.pk).update(used_at=now)
    return ended


def restore(token: MailLink) -> int:
    """Put those in force again that this link ended, and no others; returns how many. Safe to repeat.

    One for which the person has another of the same scope and channel by now stays ended.
    """
    with transaction.atomic():
        mine = locked(token.user)
        link = MailLink.objects.select_for_update().get(pk=token.pk)
        ended = Subscription.objects.filter(pk__in=link.subscriptions.values("pk"), ended_at=link.used_at)
        keys = [row.pk for row in ended if same_among(mine, vars(row)) is None] if link.used_at else []
        MailLink.objects.filter(pk=token.pk).update(used_at=None)
        return Subscription.objects.filter(pk__in=keys).update(ended_at=None)

"""What became of subscriptions: the last message that each made, and what waits for its digest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min, Q

from convoys.models import Message, MessageState, Notification, NotificationState, Subscription
from convoys.queries.visibility import Viewer, visible_convoys

LEFT = [NotificationState.SENT, NotificationState.FAILED]


@dataclass(frozen=True)
class News:
    """`subject` is empty where the last message names what its reader may no longer see.

    `last_at` is when it was sent, or of one that failed, when it was made; `due_at` is when the next
    digest goes out with the `waiting` notifications.
    """

    last_at: datetime | None = None
    subject: str = ""
    has_failed: bool = False
    waiting: int = 0
    due_at: datetime | None = None


def news_of(subscriptions: Sequence[Subscription], viewer: Viewer) -> dict[int, News]:
    """By the subscription's key. Three queries for any number."""
    waits = Q(state=NotificationState.OPEN, not_before__isnull=False)
    rows = list(
        Notification.objects.filter(subscription__in=[one.pk for one in subscriptions])
        .order_by()
        .values("subscription")
        .annotate(
            last=Max("message", filter=Q(state__in=LEFT)),
            waiting=Count("pk", filter=waits),
            due_at=Min("not_before", filter=waits),
        )
    )
    messages = Message.objects.in_bulk([row["last"] for row in rows if row["last"]])
    shown = {pk for message in messages.values() for pk in message.shown_convoys}
    seen = set(visible_convoys(viewer).filter(pk__in=shown).values_list("pk", flat=True)) if shown else set()
    news = {one.pk: News() for one in subscriptions}
    for row in rows:
        message = messages.get(row["last"] or 0)
        news[row["subscription"]] = News(
            last_at=(message.sent_at or message.frozen_at) if message else None,
            subject=message.subject if message and seen.issuperset(message.shown_convoys) else "",
            has_failed=message is not None and message.state == MessageState.FAILED,
            waiting=row["waiting"],
            due_at=row["due_at"],
        )
    return news

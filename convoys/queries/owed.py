"""What is owed to people and programs and may go now."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from convoys.models import DeadlineState, Notification, NotificationState, Telling

# What says that a hold goes on waits while its convoy's tracking is ended: it stays owed, so that
# a slip of the hand, taken back, costs nobody a step.
OF_RUNNING_HOLDS = (Telling.STEP, Telling.NOT_ENDED)


def owed_now(now: datetime) -> QuerySet[Notification]:
    """Digests and snoozes wait for their time, and steps of what is not tracked for its being tracked."""
    due = Q(not_before=None) | Q(not_before__lte=now)
    owed = Notification.objects.filter(due, state=NotificationState.OPEN)
    return owed.exclude(telling__in=OF_RUNNING_HOLDS, deadline__state=DeadlineState.PAUSED)

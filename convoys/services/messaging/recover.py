"""Returns what a killed worker held, so that it is tried again under the same Message-ID."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from convoys.models import Message, MessageState, Notification, NotificationState, Webhook
from convoys.services.messaging.freeze import GIVE_UP_AFTER, LEASE
from convoys.services.messaging.settle import NO_LEASE
from convoys.services.webhooks.replays import ask_for


def return_expired_leases() -> int:
    """Make messages whose lease has run out due again; returns how many.

    Where an attempt had begun the server may have accepted it: that is noted and counted, and the
    repeat is recognisable by its Message-ID. A lease that ends later than any that is given now is
    from before the clock was set back.
    """
    now = timezone.now()
    with transaction.atomic(durable=True):
        expired = Message.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            Q(lease_until__lt=now) | Q(lease_until__gt=now + 2 * LEASE), state=MessageState.SENDING
        )
        rows = list(expired.order_by("pk").values_list("pk", "attempt_began_at"))
        begun = [pk for pk, began_at in rows if began_at is not None]
        Message.objects.filter(pk__in=begun).update(uncertain_attempts=F("uncertain_attempts") + 1)
        Notification.objects.filter(message__in=begun).update(may_have_been_told=True)
        Message.objects.filter(pk__in=[pk for pk, _ in rows]).update(
            state=MessageState.PENDING, next_attempt_at=now, **NO_LEASE
        )
    return len(rows)


def retry(message: Message) -> bool:
    """Staff ask for a failed message to be tried again; False where it has not failed, or where the
    webhook that it is for is called no more."""
    now = timezone.now()
    with transaction.atomic():
        failed = Message.objects.filter(pk=message.pk, state=MessageState.FAILED)
        failed = failed.exclude(webhook__in=Webhook.objects.exclude(ended_at=None, disabled_at=None))
        if not failed.update(state=MessageState.PENDING, next_attempt_at=now, give_up_at=now + GIVE_UP_AFTER):
            return False
        Notification.objects.filter(message=message.pk).update(
            state=NotificationState.FROZEN, settled_at=None, reason=""
        )
        if message.webhook_id is not None:
            ask_for(message, now)  # one more call, not the last of the schedule: it disables nothing
    return True

"""Whether a webhook is in force: disabling it, and what becomes of that which waits for it."""

from __future__ import annotations

import logging
import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from convoys.models import (
    Channel,
    Message,
    MessageState,
    Notification,
    NotificationState,
    Webhook,
    WebhookAttempt,
)
from convoys.services.alerting.telling import NO_WEBHOOK
from convoys.services.messaging.freeze import GIVE_UP_AFTER, mail_domain

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

logger = logging.getLogger(__name__)


def disable(webhook: Webhook, because: StrOrPromise, detail: str = "", tell_owner: bool = True) -> bool:
    """Call it no more until it is enabled again; False where it was not in force.

    What waits for it fails, so that it stands in its log and can be replayed. Its owner is told by
    mail in their language, through the mail room, unless it was done by hand. `detail` is for the page.
    """
    now = timezone.now()
    kept = f"{because} {detail}".strip()[:300]
    with transaction.atomic():
        in_force = Webhook.objects.filter(pk=webhook.pk, ended_at=None, disabled_at=None)
        if not in_force.update(disabled_at=now, disabled_because=kept):
            return False
        stop_waiting(webhook, MessageState.FAILED, NotificationState.FAILED)
        if tell_owner and webhook.user.is_active and webhook.user.email:
            _notice(webhook, because, now).save(force_insert=True)
    logger.warning("webhook %s is disabled: %s", webhook.pk, kept)
    return True


def stop_waiting(webhook: Webhook, state: MessageState, notified: NotificationState) -> None:
    """Settle what waits for this webhook. A replay of what was accepted before takes nothing back."""
    waiting = Message.objects.filter(webhook=webhook, state=MessageState.PENDING)
    waiting.exclude(sent_at=None).update(state=MessageState.SENT, next_attempt_at=None)
    keys = list(waiting.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    Message.objects.filter(pk__in=keys).update(state=state, next_attempt_at=None, failure=NO_WEBHOOK)
    Notification.objects.filter(message__in=keys).update(
        state=notified, settled_at=timezone.now(), reason=NO_WEBHOOK
    )
    asked = WebhookAttempt.objects.filter(message__webhook=webhook, asked_by_hand=True, outcome="")
    asked.exclude(message__state=MessageState.SENDING).update(outcome=NO_WEBHOOK)


def has_answered_since(webhook: Webhook, at: datetime) -> bool:
    """Whether it accepted anything since then: it is not dead, only this message does not suit it."""
    accepted = WebhookAttempt.objects.filter(message__webhook=webhook, status__gte=200, status__lt=300)
    return accepted.filter(began_at__gte=at).exists()


def _notice(webhook: Webhook, because: StrOrPromise, now: datetime) -> Message:
    """The mail to the owner. It tells of no convoy, so nothing stands behind it that could change."""
    page = settings.SITE_URL + reverse("board:webhook", args=[webhook.pk])
    name = webhook.description or webhook.url
    with translation.override(webhook.user.language):
        subject = _("Webhook disabled: %(name)s") % {"name": name}
        text = "\n\n".join(
            (
                _("Your webhook “%(name)s” is called no more. The reason: %(reason)s")
                % {"name": name, "reason": because},
                _("What it was owed and did not accept stands in its log and can be sent again from there."),
                _("Mend the receiving end, then enable the webhook on its page: %(page)s") % {"page": page},
            )
        )
    return Message(
        recipient=webhook.user, channel=Channel.MAIL, to_address=webhook.user.email, subject=subject[:400],
        text=text, message_id=f"<{uuid.uuid4().hex}@{mail_domain()}>", frozen_at=now, next_attempt_at=now,
        give_up_at=now + GIVE_UP_AFTER,
        headers={"Auto-Submitted": "auto-generated", "Content-Language": webhook.user.language},
    )  # fmt: skip

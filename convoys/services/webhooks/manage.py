"""What an owner does with a webhook: make, rotate, test, replay, disable, enable, end.

Callers have seen to it that the webhook is the person's own, or that the person is a coordinator.
A secret leaves this module twice: when it is made and when it is rotated.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from convoys.errors import InvalidInput, NotPermitted
from convoys.models import (
    Message,
    MessageState,
    Notification,
    NotificationState,
    Subscription,
    Webhook,
)
from convoys.models.webhook import OFF_BY_HAND
from convoys.queries.visibility import viewer_of
from convoys.services.webhooks.freeze import test_message
from convoys.services.webhooks.guard import RefusedError, check_url
from convoys.services.webhooks.replays import ask_for
from convoys.services.webhooks.secrets import UnreadableSecretError, encrypt, new_secret, reencrypt
from convoys.services.webhooks.standing import disable, stop_waiting

logger = logging.getLogger(__name__)
MOST_A_PERSON = 20
# Both secrets sign for so long after a rotation.
PREVIOUS_SIGNS_FOR = timedelta(hours=24)
MOST_TESTS_AN_HOUR = 20


def make(user: User, url: str, description: str = "") -> tuple[Webhook, str]:
    """A webhook of this person, and its secret, to be shown once.

    Raises NotPermitted for somebody who sees nothing, InvalidInput with the fields at fault.
    """
    if viewer_of(user).sees_nothing:
        raise NotPermitted(_("Only staff and partners can have webhooks."))
    url, description = url.strip(), description.strip()
    try:
        check_url(url)
    except RefusedError as refusal:
        raise InvalidInput({"url": refusal.sentence}) from None
    if len(description) > 200:
        raise InvalidInput({"description": _("Use 200 characters at most.")})
    secret = new_secret()
    with transaction.atomic():
        # The person's own row is the lock: the limit holds for two clicks at once.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if Webhook.objects.filter(user=user, ended_at=None).count() >= MOST_A_PERSON:
            raise InvalidInput({"url": _("You have too many webhooks: end one first.")})
        webhook = Webhook.objects.create(
            user=user, url=url, description=description, secret=encrypt(secret), created_at=timezone.now()
        )
    logger.info("webhook %s made by %s", webhook.pk, user.pk)
    return webhook, secret


def rotate(webhook: Webhook) -> str | None:
    """A new secret, to be shown once; the one before signs beside it for a day. None where it has ended."""
    secret, now = new_secret(), timezone.now()
    with transaction.atomic():
        row = Webhook.objects.select_for_update(of=("self",)).filter(pk=webhook.pk, ended_at=None).first()
        if row is None:
            return None
        Webhook.objects.filter(pk=row.pk).update(
            previous_secret=row.secret, previous_secret_until=now + PREVIOUS_SIGNS_FOR, secret=encrypt(secret)
        )
    logger.info("the secret of webhook %s was rotated", webhook.pk)
    return secret


def switch_off(webhook: Webhook) -> bool:
    """Disable it by hand; False where it was not in force."""
    return disable(webhook, OFF_BY_HAND, tell_owner=False)


def enable(webhook: Webhook) -> bool:
    """Call it again from now on; False where it was not disabled. What it missed is not sent by itself."""
    disabled = Webhook.objects.filter(pk=webhook.pk, ended_at=None, disabled_at__isnull=False)
    return bool(disabled.update(disabled_at=None, disabled_because=""))


def end(webhook: Webhook) -> bool:
    """End it for good, with the subscriptions that lead to it; its log stays."""
    now = timezone.now()
    with transaction.atomic():
        if not Webhook.objects.filter(pk=webhook.pk, ended_at=None).update(
            ended_at=now, previous_secret="", previous_secret_until=None
        ):
            return False
        Subscription.objects.filter(webhook=webhook, ended_at=None).update(ended_at=now)
        stop_waiting(webhook, MessageState.DROPPED, NotificationState.DROPPED)
    return True


def test(webhook: Webhook) -> Message:
    """Put a `test` message on its way, once. Raises InvalidInput while it is disabled, or after many."""
    _refuse_where_off(webhook)
    now = timezone.now()
    with transaction.atomic():
        Webhook.objects.select_for_update(of=("self",), no_key=True).get(pk=webhook.pk)
        lately = Message.objects.filter(webhook=webhook, telling="", frozen_at__gt=now - timedelta(hours=1))
        if lately.count() >= MOST_TESTS_AN_HOUR:
            raise InvalidInput({"webhook": _("Enough tests for this hour. The log below has their results.")})
        message = test_message(webhook, now)
        message.next_attempt_at = now
        message.save(force_insert=True)
        ask_for(message, now)
    return message


def replay(webhook: Webhook, key: int) -> bool:
    """Send one delivery again: the same id and body, signed anew. False where there is none to send.

    One that waits for its next attempt makes it now. What its owner may no longer see stays unsent.
    """
    _refuse_where_off(webhook)
    now = timezone.now()
    with transaction.atomic():
        row = Message.objects.select_for_update(of=("self",)).filter(pk=key, webhook=webhook).first()
        if row is None or not row.telling:
            return False
        if row.state == MessageState.PENDING:
            Message.objects.filter(pk=row.pk).update(next_attempt_at=now)
            return True
        if row.state not in (MessageState.SENT, MessageState.FAILED):
            return False
        Message.objects.filter(pk=row.pk).update(state=MessageState.PENDING, next_attempt_at=now)
        Notification.objects.filter(message=row, state=NotificationState.FAILED).update(
            state=NotificationState.FROZEN, settled_at=None, reason=""
        )
        ask_for(row, now)
    return True


def reencrypt_all() -> tuple[int, list[int]]:
    """Put every secret under the first key; returns how many, and the keys of those that none reads.

    One row at a time, under its lock: a rotation at the same moment is not undone.
    """
    moved, unreadable = 0, []
    for key in Webhook.objects.filter(ended_at=None).order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            row = Webhook.objects.select_for_update(of=("self",)).get(pk=key)
            try:
                kept = [reencrypt(one) if one else "" for one in (row.secret, row.previous_secret)]
            except UnreadableSecretError:
                unreadable.append(row.pk)
                continue
            Webhook.objects.filter(pk=key).update(secret=kept[0], previous_secret=kept[1])
        moved += 1
    return moved, unreadable


def _refuse_where_off(webhook: Webhook) -> None:
    if webhook.ended_at is not None or webhook.disabled_at is not None:
        raise InvalidInput({"webhook": _("The webhook is not in force: enable it first.")})

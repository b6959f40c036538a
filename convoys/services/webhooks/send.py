"""One attempt at calling a webhook: signed anew, logged, and what became of it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from convoys.models import Message, Webhook, WebhookAttempt
from convoys.services.messaging.send import Outcome
from convoys.services.webhooks.post import Answer, post
from convoys.services.webhooks.schedule import LONGEST_WISH, pause_after
from convoys.services.webhooks.secrets import UnreadableSecretError, decrypt
from convoys.services.webhooks.signing import signed_headers
from convoys.services.webhooks.standing import disable, has_answered_since

logger = logging.getLogger(__name__)
GONE = 410
ENDED = "The webhook has ended or is disabled."
UNREADABLE = "Its secret cannot be read any more: rotate it."


class WebhookSender:
    """Calls webhooks. Has nothing to close: every call is a connection of its own."""

    def send(self, message: Message) -> Outcome:
        """Try once and log it. Never raises for what a network or a stranger's server does."""
        began_at = timezone.now()
        in_force = Webhook.objects.filter(ended_at=None, disabled_at=None, user__is_active=True)
        webhook = in_force.filter(messages=message).first()
        answer = _call(webhook, message, began_at) if webhook is not None else Answer(problem=ENDED)
        by_hand = _note(message, began_at, answer)
        outcome = _outcome_of(answer, is_last=webhook is None or by_hand or not message.telling)
        if webhook is not None and not outcome.is_sent:
            _disable_where_hopeless(webhook, message, answer, by_hand)
        return outcome

    def close(self) -> None:
        """As other senders have."""


def secrets_in_force(webhook: Webhook, now: datetime) -> list[str]:
    """The secret, and after a rotation the previous one for a while. Raises UnreadableSecretError."""
    kept = [webhook.secret]
    until = webhook.previous_secret_until
    if webhook.previous_secret and until is not None and now < until:
        kept.append(webhook.previous_secret)
    return [decrypt(one) for one in kept]


def _call(webhook: Webhook, message: Message, now: datetime) -> Answer:
    body = message.text.encode()
    try:
        secrets = secrets_in_force(webhook, now)
    except UnreadableSecretError:
        logger.error("the secret of webhook %s cannot be read: WEBHOOK_KEY has changed", webhook.pk)
        return Answer(problem=UNREADABLE)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"convoytracker-webhooks (+{settings.SITE_URL})",
        **signed_headers(secrets, message.message_id, int(now.timestamp()), body),
    }
    return post(webhook.url, body, headers)


def _outcome_of(answer: Answer, is_last: bool) -> Outcome:
    """2xx alone is success; of the rest only 410 is final, the schedule decides on what is not."""
    status = answer.status
    if status is None:
        return Outcome(
            is_permanent=is_last, is_uncertain=answer.may_have_arrived, server_is_away=True,
            reason=answer.problem,
        )  # fmt: skip
    if 200 <= status < 300:
        return Outcome(is_sent=True)
    wait = min(timedelta(seconds=answer.retry_after), LONGEST_WISH) if answer.retry_after else None
    return Outcome(is_permanent=is_last or status == GONE, reason=words_of(answer), wait=wait)


def words_of(answer: Answer) -> str:
    """What became of a call, for the log that its owner reads."""
    status = answer.status
    if status is None:
        return answer.problem
    if 200 <= status < 300:
        return "Accepted."
    if 300 <= status < 400:
        return f"It answered {status}: redirects are not followed, give the address it leads to."
    if status == GONE:
        return "It answered 410 Gone: it wants no more calls."
    asked = f" and asked to wait {answer.retry_after:.0f} s" if answer.retry_after else ""
    return f"It answered {status}{asked}."


def _note(message: Message, began_at: datetime, answer: Answer) -> bool:
    """Write the attempt into the log; True where somebody had asked for it."""
    said = {
        "began_at": began_at, "milliseconds": answer.milliseconds, "status": answer.status,
        "outcome": words_of(answer)[:300],
    }  # fmt: skip
    asked = WebhookAttempt.objects.filter(message=message, asked_by_hand=True, outcome="")
    if asked.update(**said):
        return True
    WebhookAttempt.objects.create(message=message, **said)
    return False


def _disable_where_hopeless(webhook: Webhook, message: Message, answer: Answer, by_hand: bool) -> None:
    """At once where the server says that it is gone; else when three days of attempts met no success."""
    if answer.status == GONE:
        disable(webhook, words_of(answer))
    elif (
        message.telling
        and not by_hand
        and pause_after(message.attempts + 1) is None
        and not has_answered_since(webhook, message.frozen_at)
    ):
        disable(webhook, f"No call was accepted in three days. The last one: {words_of(answer)}")

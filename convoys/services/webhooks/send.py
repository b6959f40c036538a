"""One attempt at calling a webhook: signed anew, logged, and what became of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from convoys.models import Message, Webhook, WebhookAttempt
from convoys.services.messaging.send import Outcome
from convoys.services.webhooks.post import Answer, post
from convoys.services.webhooks.replays import fulfil
from convoys.services.webhooks.schedule import LONGEST_WISH, pause_after
from convoys.services.webhooks.secrets import UnreadableSecretError, decrypt
from convoys.services.webhooks.signing import signed_headers
from convoys.services.webhooks.standing import disable, has_answered_since

logger = logging.getLogger(__name__)
GONE = 410
OVERLOADED = (429, 502, 503, 504)
ENDED = "The webhook has ended or is disabled."
WANTS_NO_MORE = _("It answered 410 Gone: it wants no more calls.")
NONE_ACCEPTED = _("No call was accepted in three days.")
UNREADABLE = "Its secret cannot be read any more: rotate it."


class WebhookSender:
    """Calls webhooks, several at once: one that is slow keeps no other waiting."""

    def send(self, message: Message) -> Outcome:
        """Try once and log it. Never raises for what a network or a stranger's server does."""
        return next(iter(self.send_all([message])))[1]

    def send_all(self, messages: Sequence[Message]) -> Iterator[tuple[Message, Outcome]]:
        """Try each once, all at the same time, and say what became of each as soon as it is known."""
        calls = [_Call(message, timezone.now()) for message in messages]
        with ThreadPoolExecutor(max(len(calls), 1), thread_name_prefix="webhook") as threads:
            under_way = {threads.submit(call.make): call for call in calls}
            for done in as_completed(under_way):
                call = under_way[done]
                yield call.message, _conclude(call, done.result())

    def close(self) -> None:
        """Every call is a connection of its own."""


class _Call:
    """What is to be sent and where, read from the database beforehand: making it asks nothing of it."""

    def __init__(self, message: Message, began_at: datetime) -> None:
        self.message, self.began_at = message, began_at
        in_force = Webhook.objects.filter(ended_at=None, disabled_at=None, user__is_active=True)
        self.webhook = in_force.filter(messages=message).first()
        self.body = message.text.encode()
        self.headers: dict[str, str] = {}
        self.problem = "" if self.webhook is not None else ENDED
        if self.webhook is not None:
            self._sign(self.webhook)

    def _sign(self, webhook: Webhook) -> None:
        try:
            secrets = secrets_in_force(webhook, self.began_at)
        except UnreadableSecretError:
            logger.error("the secret of webhook %s cannot be read: WEBHOOK_KEY has changed", webhook.pk)
            self.problem = UNREADABLE
            return
        sent_at = int(self.began_at.timestamp())
        self.headers = {
            "Content-Type": "application/json",
            "User-Agent": f"convoytracker-webhooks (+{settings.SITE_URL})",
            **signed_headers(secrets, self.message.message_id, sent_at, self.body),
        }

    def make(self) -> Answer:
        if self.webhook is None or self.problem:
            return Answer(problem=self.problem)
        return post(self.webhook.url, self.body, self.headers)


def _conclude(call: _Call, answer: Answer) -> Outcome:
    """Log the attempt, and disable the webhook where there is no hope for it."""
    message, webhook = call.message, call.webhook
    by_hand = _note(message, call.began_at, answer)
    is_last = pause_after(message.attempts + 1) is None
    outcome = _outcome_of(answer, webhook is None or by_hand or not message.telling or is_last)
    if webhook is None or outcome.is_sent:
        return outcome
    if answer.status == GONE:
        disable(webhook, WANTS_NO_MORE)
    elif is_last and message.telling and not by_hand and not has_answered_since(webhook, message.frozen_at):
        disable(webhook, NONE_ACCEPTED, f"The last one: {words_of(answer)}")
    return outcome


def secrets_in_force(webhook: Webhook, now: datetime) -> list[str]:
    """The secret, and after a rotation the previous one for a while. Raises UnreadableSecretError."""
    kept = [webhook.secret]
    until = webhook.previous_secret_until
    if webhook.previous_secret and until is not None and now < until:
        kept.append(webhook.previous_secret)
    return [decrypt(one) for one in kept]


def _outcome_of(answer: Answer, is_last: bool) -> Outcome:
    """2xx alone is success; of the rest only 410 is final. Whoever is overloaded is left alone for now."""
    status = answer.status
    if status is None:
        return Outcome(
            is_permanent=is_last, is_uncertain=answer.may_have_arrived, server_is_away=True,
            reason=answer.problem,
        )  # fmt: skip
    if 200 <= status < 300:
        return Outcome(is_sent=True)
    wait = min(timedelta(seconds=answer.retry_after), LONGEST_WISH) if answer.retry_after else None
    return Outcome(
        is_permanent=is_last or status == GONE, server_is_away=status in OVERLOADED, reason=words_of(answer),
        wait=wait,
    )  # fmt: skip


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
        return str(WANTS_NO_MORE)
    asked = f" and asked to wait {answer.retry_after:.0f} s" if answer.retry_after else ""
    return f"It answered {status}{asked}."


def _note(message: Message, began_at: datetime, answer: Answer) -> bool:
    """Write the attempt into the log; True where somebody had asked for it."""
    said = {
        "began_at": began_at, "milliseconds": answer.milliseconds, "status": answer.status,
        "outcome": words_of(answer)[:300],
    }  # fmt: skip
    if fulfil(message, **said):
        return True
    WebhookAttempt.objects.create(message=message, **said)
    return False

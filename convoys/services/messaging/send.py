"""One attempt at handing a message to the mail server, and what became of it."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import zip_longest
from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend

from convoys.models import MailSettings, Message
from convoys.services.messaging.mime import FrozenMail, mime_bytes, on_envelope
from convoys.services.messaging.pipelining import Pipeline, takes_commands_together


@dataclass(frozen=True)
class Outcome:
    """`is_uncertain`: the server may have accepted it without our hearing so. `server_is_away`: there
    is no use in trying the next message now. `wait`: the server asks not to be asked again sooner."""

    is_sent: bool = False
    is_permanent: bool = False
    is_uncertain: bool = False
    server_is_away: bool = False
    reason: str = ""
    wait: timedelta | None = None


class Sender:
    """A connection that is opened at the first message and used for all of a run."""

    def __init__(self) -> None:
        self._connection: BaseEmailBackend | None = None
        self._pipeline: Pipeline | None = None
        self._bounces_to = ""

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        connection, pipeline = self._connection, self._pipeline
        self._connection = self._pipeline = None
        if pipeline is not None:
            pipeline.hang_up_between()
        if connection is not None:
            try:
                connection.close()
            except (smtplib.SMTPException, OSError):
                pass  # it is gone already

    def send_all(self, messages: Sequence[Message]) -> Iterator[tuple[Message, Outcome]]:
        """Try each once, one after the other."""
        try:
            for message, following in zip_longest(messages, messages[1:]):
                yield message, self.send(message, following)
        finally:
            if self._pipeline is not None and self._pipeline.is_between:
                self.close()  # whoever asked for these wants no more of them

    def send(self, message: Message, following: Message | None = None) -> Outcome:
        """Try once; never raises for what a server or a network does. `following` is sent next, if any."""
        try:
            connection = self._open()
        except (smtplib.SMTPException, OSError) as problem:
            # Refusing us altogether, wrong passwords included, is mended by people and not by a new mail.
            self._connection = self._pipeline = None
            return Outcome(
                server_is_away=True, reason=f"no connection to the mail server: {said_by(problem)}"
            )
        try:
            self._hand_over(message, following, connection)
        except smtplib.SMTPRecipientsRefused as problem:
            code, words = next(iter(problem.recipients.values()), (0, b""))
            return self._refused(code, words)
        except smtplib.SMTPServerDisconnected as problem:
            return self._lost(problem)
        except smtplib.SMTPResponseException as problem:
            return self._refused(problem.smtp_code, problem.smtp_error)
        except (smtplib.SMTPException, OSError) as problem:
            return self._lost(problem)
        except (ValueError, TypeError) as problem:
            return Outcome(is_permanent=True, reason=f"no mail can be made of it: {problem}"[:400])
        return Outcome(is_sent=True)

    def _hand_over(self, message: Message, following: Message | None, connection: BaseEmailBackend) -> None:
        smtp = getattr(connection, "connection", None)
        if self._pipeline is not None:
            self._pipeline.hand_over(message, following)
        elif isinstance(smtp, smtplib.SMTP):
            # Django's own way reads both addresses anew for each mail, which costs as much as sending.
            smtp.sendmail(
                on_envelope(self._bounces_to), [on_envelope(message.to_address)], mime_bytes(message)
            )
        else:
            mail = FrozenMail(message, self._bounces_to)
            mail.connection = connection
            mail.send()

    def _open(self) -> BaseEmailBackend:
        if self._connection is None:
            connection = get_connection(timeout=settings.EMAIL_TIMEOUT, fail_silently=False)
            connection.open()
            self._bounces_to = bounce_address()
            smtp = getattr(connection, "connection", None)
            if isinstance(smtp, smtplib.SMTP) and takes_commands_together(smtp):
                self._pipeline = Pipeline(smtp, self._bounces_to)
            self._connection = connection
        return self._connection

    def _refused(self, code: int, words: bytes | str) -> Outcome:
        """An answer is an answer: 5xx is final, anything else is worth another try."""
        text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
        reason = f"{code} {' '.join(text.split())}"[:400]
        if code == 421:  # the server is closing the connection
            self.close()
            return Outcome(server_is_away=True, reason=reason)
        return Outcome(is_permanent=500 <= code < 600, reason=reason)

    def _lost(self, problem: Exception) -> Outcome:
        """The connection went away under the message: it may or may not have been accepted."""
        self.close()
        return Outcome(is_uncertain=True, reason=f"the connection was lost: {said_by(problem)}")


def said_by(problem: Exception) -> str:
    return " ".join(f"{type(problem).__name__}: {problem}".split())[:300]


def bounce_address() -> str:
    """Where servers report what they cannot deliver: what staff set, else the sender of all mail."""
    kept = MailSettings.objects.values_list("bounce_address", flat=True).first()
    return kept or settings.DEFAULT_FROM_EMAIL

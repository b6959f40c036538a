"""One attempt at handing a message to the mail server, and what became of it."""

from __future__ import annotations

import smtplib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend

from convoys.models import MailSettings, Message
from convoys.services.messaging.mime import FrozenMail, mime_bytes, on_envelope


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
        self._bounces_to = ""

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except (smtplib.SMTPException, OSError):
                pass  # it is gone already

    def send_all(self, messages: Iterable[Message]) -> Iterator[tuple[Message, Outcome]]:
        """Try each once, one after the other."""
        for message in messages:
            yield message, self.send(message)

    def send(self, message: Message) -> Outcome:
        """Try once. Never raises for what a server or a network does."""
        try:
            connection = self._open()
        except (smtplib.SMTPException, OSError) as problem:
            # Refusing us altogether, wrong passwords included, is mended by people and not by a new mail.
            self._connection = None
            return Outcome(
                server_is_away=True, reason=f"no connection to the mail server: {said_by(problem)}"
            )
        try:
            self._hand_over(message, connection)
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

    def _hand_over(self, message: Message, connection: BaseEmailBackend) -> None:
        smtp = getattr(connection, "connection", None)
        if isinstance(smtp, smtplib.SMTP):
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
            self._connection = connection
            self._bounces_to = bounce_address()
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

"""Handing mails over one after the other without waiting for every reply (RFC 2920).

What says for whom the next mail is leaves together with the contents of the one before, so that a mail
costs one turn instead of four. No contents leave before the server has asked for them, and each mail has
its own reply: what is known of each is what would be known without this.
"""

from __future__ import annotations

import re
import smtplib

from convoys.models import Message
from convoys.services.messaging.mime import mime_bytes, on_envelope

TAKEN, ACCEPTED, GO_ON, GOES_AWAY = 250, (250, 251), 354, 421
PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+\Z")


def takes_commands_together(smtp: smtplib.SMTP) -> bool:
    """Whether the server says that it reads on while it answers. Greets it where that was not done."""
    smtp.ehlo_or_helo_if_needed()
    return bool(smtp.does_esmtp and smtp.has_extn("pipelining"))


class Pipeline:
    """One connection to a server that takes commands together."""

    def __init__(self, smtp: smtplib.SMTP, bounces_to: str) -> None:
        self._smtp, self._bounces_to = smtp, bounces_to
        self._has_size = smtp.has_extn("size")
        self._announced: Message | None = None
        self._contents = b""
        self._is_to_reset = False

    @property
    def is_between(self) -> bool:
        """Whether the server waits for a mail that it was told of: nothing else can be said to it."""
        return self._announced is not None

    def hang_up_between(self) -> None:
        """Close the connection at once where the server waits for a mail that does not come: to it a
        good-bye would be contents."""
        if self.is_between:
            self._smtp.close()

    def hand_over(self, message: Message, following: Message | None) -> None:
        """Raises as `smtplib` does. `following`, if any, has to be the next one handed over.

        1. tells the server of the mail, unless it was told with the one before, and hears whether to go on;
        2. sends the contents, and with them tells of the one that follows;
        3. hears whether the mail was taken.
        """
        if self._announced is not message:
            self._smtp.send(self._told_of(message))
        contents, self._announced = self._contents, None
        self._hear_whether_to_go_on()
        told = b""
        if following is not None:
            try:
                told = self._told_of(following)
            except (ValueError, TypeError):
                pass  # no mail can be made of it, which is said when its turn comes
        self._smtp.send(contents + told)
        code, words = self._reply()
        if code != TAKEN:
            raise smtplib.SMTPDataError(code, words)

    def _told_of(self, message: Message) -> bytes:
        """What tells the server of this mail, whose contents are then at hand."""
        contents = mime_bytes(message)
        size = f" size={len(contents)}" if self._has_size else ""
        sender, recipient = _path(self._bounces_to), _path(on_envelope(message.to_address))
        commands = f"mail FROM:{sender}{size}\r\nrcpt TO:{recipient}\r\ndata\r\n".encode("ascii")
        self._announced, self._contents = message, _as_sent(contents)
        return b"rset\r\n" + commands if self._is_to_reset else commands

    def _hear_whether_to_go_on(self) -> None:
        """All replies are heard before the first bad one counts, unless the server goes away."""
        if self._is_to_reset:
            self._is_to_reset = False
            self._reply()
        replies = [self._reply() for _ in range(3)]
        refused = next((reply for reply in replies[:2] if reply[0] not in ACCEPTED), None)
        asks = replies[2][0] == GO_ON
        if refused is None and asks:
            return
        self._is_to_reset = True
        if asks:
            # It takes nobody and asks for contents all the same (RFC 2920, 3.1): there are none.
            self._smtp.send(b".\r\n")
            self._reply()
        raise smtplib.SMTPResponseException(*(refused or replies[2]))

    def _reply(self) -> tuple[int, bytes]:
        code, words = self._smtp.getreply()
        if code == GOES_AWAY:
            raise smtplib.SMTPResponseException(code, words)
        return code, words


def _as_sent(contents: bytes) -> bytes:
    """With its end; a line that begins with a dot gets another one. Its lines end in CR LF."""
    return contents.replace(b"\r\n.", b"\r\n..").removesuffix(b"\r\n") + b"\r\n.\r\n"


def _path(address: str) -> str:
    """As a command names it. ValueError where the address would be a command of its own."""
    if PLAIN_ADDRESS.match(address):
        return f"<{address}>"
    if "\r" in address or "\n" in address:
        raise ValueError("an address holds a line break")
    return smtplib.quoteaddr(address)

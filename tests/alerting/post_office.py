"""A real SMTP server for the tests, which can be told how to behave."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

ACCEPTED = "250 Message accepted"


def body(mail: EmailMessage) -> str:
    """The plain text of a mail, with the line ends of this machine."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


class OnFreePort(Controller):
    """The library's first knock goes to the port asked for; ours asks for any, so it looks it up."""

    def _trigger_server(self) -> None:
        sockets: Any = self.server.sockets
        self.port = sockets[0].getsockname()[1]
        super()._trigger_server()


class PostOffice:
    """Accepts and keeps mail. `answers` are taken one a message, then all are accepted.

    An answer is a reply line ("451 Try later"), or DROP (hang up before accepting) or MUTE (accept
    and hang up without saying so). `refuses` maps an address to the reply to its RCPT. It says that it
    takes commands together where `takes_commands_together`.
    """

    DROP, MUTE = "drop", "mute"

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answers: list[str] = []
        self.refuses: dict[str, str] = {}
        self.before_accepting: Callable[[], None] = lambda: None
        self.sessions = 0
        self.takes_commands_together = False
        self.controller = OnFreePort(self, hostname="127.0.0.1", port=0)

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.sessions += 1
        session.host_name = hostname
        return ["250-PIPELINING", *responses] if self.takes_commands_together else responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.answers.pop(0) if self.answers else ACCEPTED
        if answer in (ACCEPTED, self.MUTE):
            self._keep(envelope)
        if answer in (self.DROP, self.MUTE):
            assert server.transport is not None
            server.transport.close()
            return ACCEPTED
        return answer

    def _keep(self, envelope: Envelope) -> None:
        content: Any = envelope.content
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        mail.add_header("X-Envelope-From", str(envelope.mail_from))
        mail.add_header("X-Envelope-To", ",".join(envelope.rcpt_tos))
        self.mails.append(mail)

    def start(self) -> int:
        """Listen on a free port; returns it."""
        self.controller.start()
        return int(self.controller.port)

    def stop(self) -> None:
        self.controller.stop(no_assert=True)

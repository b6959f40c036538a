"""A real SMTP server in a thread of its own that keeps what it accepts and misbehaves as told.

`on(stage, act)` says what to do at a stage of a session; `well()` forgets all of it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.alerting.post_office import body


class Stage(StrEnum):
    """Where in a session the server can be told to misbehave."""

    CONNECT = "before its greeting"
    RECIPIENT = "at RCPT"
    DATA = "in the middle of DATA"
    RECEIVED = "after DATA, before accepting"
    ACCEPTED = "after accepting, before saying so"


HANG_UP, STALL = "hang up", "stall"


@dataclass
class Rule:
    """`act` is a reply line, HANG_UP or STALL; `times` how often yet; `to` the address concerned."""

    stage: Stage
    act: str
    times: float
    to: str


@dataclass(frozen=True)
class Accepted:
    """One mail that the server took over, and when, by the test's clock."""

    message_id: str
    to: str
    subject: str
    text: str
    content: bytes
    at: float


class MailServer:
    def __init__(self, port: int) -> None:
        self.port = port
        self.mails: list[Accepted] = []
        self.reached: Counter[Stage] = Counter()
        self.sessions = 0
        self._rules: list[Rule] = []
        self._sessions: set[_Session] = set()
        self._released = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail-server", daemon=True)
        self._thread.start()

    # What a test tells it.

    def on(self, stage: Stage, act: str, times: float = float("inf"), to: str = "") -> None:
        """From now on do this at that stage, so many times, for all recipients or one."""
        self._rules.append(Rule(stage, act, times, to))

    def well(self) -> None:
        """From now on accept everything; sessions that are stalled go on."""
        self._rules.clear()
        self._loop.call_soon_threadsafe(self._release)

    def open(self) -> None:
        """Listen."""
        self._run(self._open())

    def close(self) -> None:
        """Go away: refuse connections and cut those that are open."""
        self._run(self._close())

    def end(self) -> None:
        self.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    # How it does that, in its own thread.

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(5)

    def _release(self) -> None:
        self._released.set()
        self._released = asyncio.Event()

    async def _open(self) -> None:
        self._server = await self._loop.create_server(
            lambda: _Session(self, self._loop), "127.0.0.1", self.port, reuse_address=True
        )

    async def _close(self) -> None:
        self._rules.clear()
        if self._server is not None:
            self._server.close()
            self._server = None
        for session in list(self._sessions):
            session.hang_up()

    async def meet(self, session: _Session, stage: Stage, to: str = "") -> str | None:
        """Do as told at this stage; returns the reply line to give instead of the good one.

        After a stall that is over there is none to give (""); None where all is well.
        """
        rule = next((one for one in self._rules if one.stage == stage and one.to in ("", to)), None)
        if rule is None:
            return None
        rule.times -= 1
        if rule.times <= 0:
            self._rules.remove(rule)
        self.reached[stage] += 1
        if rule.act == STALL:
            await self._released.wait()
            return ""
        if rule.act == HANG_UP:
            await session.hang_up_now()
        return rule.act

    # Called by the library at the commands of a session.

    async def handle_RCPT(
        self, server: _Session, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refusal := await self.meet(server, Stage.RECIPIENT, address):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: _Session, session: Session, envelope: Envelope) -> str:
        to = ",".join(envelope.rcpt_tos)
        if refusal := await self.meet(server, Stage.RECEIVED, to):
            return refusal
        content = envelope.original_content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(
            Accepted(str(mail["Message-ID"]), to, str(mail["Subject"]), body(mail), content, time.time())
        )
        await self.meet(server, Stage.ACCEPTED, to)
        return "250 Message accepted"


class _Session(SMTP):
    """One connection: the library's, with a stop before the greeting and one in the middle of DATA."""

    def __init__(self, server: MailServer, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(server, hostname="mail.example.org", enable_SMTPUTF8=True, loop=loop)
        self._mail_server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._mail_server.sessions += 1
        self._mail_server._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._mail_server._sessions.discard(self)
        super().connection_lost(error)

    def hang_up(self) -> None:
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()

    async def hang_up_now(self) -> None:
        """Nothing of this session goes on after it: the lost connection cancels it."""
        self.hang_up()
        await asyncio.sleep(60)

    async def push(self, status: Any) -> None:
        code = str(status)[:3]
        if code == "220" and (refusal := await self._mail_server.meet(self, Stage.CONNECT)):
            await super().push(refusal)
            self.transport.close()
            return
        await super().push(status)
        if code == "354" and await self._mail_server.meet(self, Stage.DATA) is not None:
            await self.hang_up_now()  # the rest of the mail, which may lie in a buffer, is never read

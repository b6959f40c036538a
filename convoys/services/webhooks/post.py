"""One HTTP POST to a stranger's server, and no more: no redirects, no proxies, no patience beyond a limit.

Standard library alone, so that it is ours to say to which address the connection goes, when it ends
and how much is read. Nothing that the server says is kept but its status and when to come again.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

from django.utils import timezone

from convoys.services.webhooks.guard import Address, RefusedError, Target, check_url, resolve

# The rules recommend 15 to 30 seconds for all of one call.
SECONDS = 15.0
NAME_SECONDS = 5.0
CONNECT_SECONDS = 5.0
# A body says nothing to us; what is there at once is read so that the server can close in peace.
BODY_SECONDS = 1.0
MOST_BYTES = 64 * 1024
MOST_TRIES = 3  # of a host's addresses


@dataclass(frozen=True)
class Answer:
    """What came of one call. `status` is None where no answer was heard; `problem` then says why.

    `may_have_arrived`: the request was sent and nothing was heard of it. `retry_after` is in seconds.
    """

    status: int | None = None
    retry_after: float | None = None
    problem: str = ""
    may_have_arrived: bool = False
    milliseconds: int = 0


class TooMuchError(OSError):
    """The server says more than anybody needs to hear."""


SENTENCES: list[tuple[type[Exception], str]] = [
    (TimeoutError, "It did not answer in time."),
    (TooMuchError, "Its answer was too long to be read."),
    (ssl.SSLError, "No secure connection could be made."),
    (ConnectionRefusedError, "The connection was refused."),
    (ConnectionError, "The connection was broken off before an answer came."),
    (http.client.HTTPException, "What it answered is not HTTP."),
]


def post(url: str, body: bytes, headers: Mapping[str, str], seconds: float = SECONDS) -> Answer:
    """Call once; never raises for what a name server, a network or a stranger's server does."""
    begun = time.monotonic()
    with _Call(begun + seconds) as call:
        try:
            answer = call.make(check_url(url), body, headers)
        except RefusedError as refusal:
            answer = Answer(problem=refusal.sentence)
        except (OSError, http.client.HTTPException, ValueError) as problem:
            answer = Answer(problem=_in_words(problem), may_have_arrived=call.is_sent)
    return replace(answer, milliseconds=round((time.monotonic() - begun) * 1000))


class _Call:
    """One connection until one moment. `is_sent` from when the server may have had all of the request."""

    def __init__(self, until: float) -> None:
        self.until = until
        self.is_sent = False
        self._connection: socket.socket | None = None

    def __enter__(self) -> _Call:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            try:
                self._connection.close()
            except OSError:
                pass  # it is gone already

    def make(self, target: Target, body: bytes, headers: Mapping[str, str]) -> Answer:
        connection = self._connect(target, resolve(target, min(NAME_SECONDS, self._left())))
        if target.scheme == "https":
            connection.settimeout(self._left())
            connection = self._connection = tls_context().wrap_socket(connection, server_hostname=target.host)
        connection.settimeout(self._left())
        self.is_sent = True  # all of it may arrive although sending it fails
        connection.sendall(_request(target, body, headers) + body)
        reader = _Reader(connection, self.until)
        response = http.client.HTTPResponse(reader, method="POST")  # type: ignore[arg-type]
        response.begin()
        self._read_to_the_end(response, reader)
        return Answer(response.status, _retry_after(response.getheader("Retry-After")))

    def _connect(self, target: Target, addresses: Sequence[Address]) -> socket.socket:
        """To one of the addresses that were looked at, and to no other."""
        problem: OSError = ConnectionRefusedError()
        for address in addresses[:MOST_TRIES]:
            family = socket.AF_INET if address.version == 4 else socket.AF_INET6
            self._connection = connection = socket.socket(family, socket.SOCK_STREAM)
            connection.settimeout(min(CONNECT_SECONDS, self._left()))
            try:
                connection.connect((str(address), target.port))
            except OSError as refused:
                connection.close()
                problem = refused
            else:
                return connection
        raise problem

    def _read_to_the_end(self, response: http.client.HTTPResponse, reader: _Reader) -> None:
        """The status has decided; a body that is slow, endless or broken off changes nothing."""
        reader.until = min(self.until, time.monotonic() + BODY_SECONDS)
        try:
            response.read(MOST_BYTES)
        except (OSError, http.client.HTTPException, ValueError):
            pass

    def _left(self) -> float:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Reader(io.RawIOBase):
    """Reads a socket until one moment, not until so long after the last byte, and so much at most."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        self.until = until
        self._connection, self._left = connection, MOST_BYTES

    def makefile(self, mode: str) -> io.BufferedReader:
        """What http.client asks of a socket, and all that it asks."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        seconds = self.until - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        if self._left <= 0:
            raise TooMuchError
        self._connection.settimeout(seconds)
        read = self._connection.recv_into(buffer)
        self._left -= read
        return read


@cache
def tls_context() -> ssl.SSLContext:
    """Certificates are checked against the system's authorities, and names against certificates."""
    return ssl.create_default_context()


def _request(target: Target, body: bytes, headers: Mapping[str, str]) -> bytes:
    """The head of the request. Its path and host are printable ASCII: `check_url` has seen to it."""
    lines = {
        "Host": target.host_header,
        **headers,
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {target.path} HTTP/1.1\r\n{head}\r\n".encode("ascii")


def _retry_after(value: str | None) -> float | None:
    """Seconds from now: the header holds seconds or a date."""
    if not value:
        return None
    if value.strip().isascii() and value.strip().isdecimal():
        return float(value.strip()[:9])
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max((at - timezone.now()).total_seconds(), 0.0)


def _in_words(problem: Exception) -> str:
    """Why there was no answer; in our words alone, since the server's might come from within our network."""
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"Its certificate was not accepted: {problem.verify_message}."
    for kind, sentence in SENTENCES:
        if isinstance(problem, kind):
            return sentence
    return "No connection could be made."

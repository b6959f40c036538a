"""A frozen message as the bytes of a mail, the same at every attempt.

Python's mail classes fold and encode header by header and part by part, which costs ten times what
sending does. What we write is one shape (text, or text and HTML), so it is put together here: headers
by RFC 5322 and 2047, parts as they are where a mail server takes them so and else as quoted-printable,
a boundary that can stand in neither.
"""

from __future__ import annotations

import re
from binascii import b2a_base64, b2a_qp
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import sanitize_address

from convoys.models import Message

LONGEST_LINE = 76
BYTES_A_WORD = 45
# Of what is sent as it is (RFC 5322): no more in a line, and nothing but these.
MOST_IN_A_LINE, PLAIN_BYTES = 998, b"\n" + bytes(range(32, 127))
# What needs no encoding; anything else goes the long way.
PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+\Z")


class FrozenMail(EmailMultiAlternatives):
    """For any mail backend: its contents are the frozen bytes. `bounces_to` stands on the envelope."""

    def __init__(self, frozen: Message, bounces_to: str) -> None:
        super().__init__(
            subject=frozen.subject,
            body=frozen.text,
            from_email=bounces_to,
            to=[frozen.to_address],
            reply_to=frozen.reply_to or None,
            headers={**frozen.headers, "From": settings.DEFAULT_FROM_EMAIL, "Message-ID": frozen.message_id},
        )
        self.frozen = frozen
        if frozen.html:
            self.attach_alternative(frozen.html, "text/html")

    def message(self, **_: Any) -> Any:
        return _Written(mime_bytes(self.frozen))


class _Written:
    """What a backend asks a mail for."""

    def __init__(self, contents: bytes) -> None:
        self._contents = contents

    def as_bytes(self, unixfrom: bool = False, linesep: str = "\n") -> bytes:
        return self._contents if linesep == "\r\n" else self._contents.replace(b"\r\n", b"\n")


def mime_bytes(frozen: Message) -> bytes:
    """The whole mail, lines ending in CR LF. ValueError where a header would be two."""
    boundary = f"=_{''.join(filter(str.isalnum, frozen.message_id))[:60]}"
    parts = [("plain", frozen.text)] + ([("html", frozen.html)] if frozen.html else [])
    lines = [_header(name, value) for name, value in _headers(frozen)]
    lines.append("MIME-Version: 1.0")
    if len(parts) == 1:
        return "\r\n".join(lines).encode() + b"\r\n" + _part(*parts[0], boundary.encode())
    lines.append(f'Content-Type: multipart/alternative; boundary="{boundary}"')
    delimiter = f"--{boundary}\r\n".encode()
    body = b"\r\n".join(delimiter + _part(*part, boundary.encode()) for part in parts)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body + f"\r\n--{boundary}--\r\n".encode()


def _headers(frozen: Message) -> Iterator[tuple[str, str]]:
    yield "Subject", frozen.subject
    yield "From", _address(settings.DEFAULT_FROM_EMAIL)
    yield "To", _address(frozen.to_address)
    if frozen.reply_to:
        yield "Reply-To", ", ".join(map(_address, frozen.reply_to))
    yield "Date", _date(frozen.frozen_at.astimezone(UTC))
    yield "Message-ID", frozen.message_id
    yield from sorted(frozen.headers.items())  # PostgreSQL gives them back in an order of its own


def _part(subtype: str, text: str, boundary: bytes) -> bytes:
    raw = text.encode()
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = raw.rstrip(b"\n").split(b"\n")
    if _is_plain(raw, lines) and boundary not in raw:
        encoding, body = "7bit", b"\r\n".join([*lines, b""])
    else:
        encoding, body = "quoted-printable", b2a_qp(b"\n".join([*lines, b""])).replace(b"\n", b"\r\n")
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + body


def _is_plain(raw: bytes, lines: Sequence[bytes]) -> bool:
    """Whether any mail server passes these on as they are."""
    return not raw.translate(None, PLAIN_BYTES) and max(map(len, lines)) <= MOST_IN_A_LINE


def _header(name: str, value: str) -> str:
    if "\r" in value or "\n" in value:
        raise ValueError(f"the header {name} holds a line break")
    if not value.isascii():
        value = _encoded(value, BYTES_A_WORD - len(name))
    elif len(name) + 2 + len(value) > LONGEST_LINE:
        value = _folded(value, LONGEST_LINE - len(name) - 2)
    return f"{name}: {value}"


def _encoded(value: str, room: int) -> str:
    """As encoded words (RFC 2047), one a line, none broken within a letter; `room` is for the first."""
    words, word = [], b""
    for letter in value:
        written = letter.encode()
        if len(word) + len(written) > room:
            words.append(word)
            word, room = b"", BYTES_A_WORD
        word += written
    return "\r\n ".join(f"=?utf-8?b?{b2a_base64(one, newline=False).decode()}?=" for one in [*words, word])


def _folded(value: str, room: int) -> str:
    """Broken at its spaces where a line would be too long; a word that is longer stands by itself."""
    lines, line = [], ""
    for word in value.split(" "):
        if line and len(line) + 1 + len(word) > room:
            lines.append(line)
            line, room = word, LONGEST_LINE - 1
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join([*lines, line])


@lru_cache(maxsize=16)  # a batch is of one moment
def _date(at: datetime) -> str:
    return format_datetime(at)


@lru_cache(maxsize=256)
def _address(address: str) -> str:
    if PLAIN_ADDRESS.match(address):
        return address
    return str(sanitize_address(address, "utf-8"))


def on_envelope(address: str) -> str:
    """The bare address, in ASCII where its domain allows."""
    if PLAIN_ADDRESS.match(address):
        return address
    return parseaddr(_address(address))[1]

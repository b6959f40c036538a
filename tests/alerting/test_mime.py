"""A frozen message as bytes: a mail program reads back what was frozen, the same at every attempt."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convoys.models import Message
from convoys.services.messaging.mime import FrozenMail, mime_bytes

# What a mail's parts and headers may hold: no control characters, no lone surrogates.
letters = st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"))
lines = st.text(letters, max_size=120)
bodies = st.lists(lines, min_size=1, max_size=6).map("\n".join)


def frozen(**more) -> Message:
    values = {
        "subject": "Held 3 days", "text": "Held.\n", "html": "<p>Held.</p>\n",
        "to_address": "ada@example.org", "message_id": "<0123456789abcdef@example.org>",
        "frozen_at": datetime(2026, 3, 2, 8, tzinfo=UTC),
        "headers": {"References": " ".join(f"<held-{n}.episode@example.org>" for n in range(10))},
        "reply_to": ["desk@example.org"],
    }  # fmt: skip
    return Message(**values | more)


def read(message: Message) -> EmailMessage:
    mail = message_from_bytes(mime_bytes(message), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    assert not mail.defects
    return mail


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n").rstrip("\n")


@given(text=bodies, html=bodies.map(lambda html: f"<p>{html}"))
def test_both_parts_are_read_back_as_they_were_frozen(text, html):
    mail = read(frozen(text=text, html=html))
    assert mail.get_content_type() == "multipart/alternative"
    assert part(mail, "plain") == text.rstrip("\n")
    assert part(mail, "html") == html.rstrip("\n")


@given(subject=st.text(letters, min_size=1, max_size=200).map(lambda text: " ".join(text.split()) or "x"))
def test_a_subject_in_any_script_is_read_back(subject):
    assert str(read(frozen(subject=subject))["Subject"]) == subject


@given(text=bodies, subject=st.text(letters, max_size=300))
def test_lines_are_short_and_end_as_mail_servers_want(text, subject):
    written = mime_bytes(frozen(text=text, subject=" ".join(subject.split())))
    assert b"\n" not in written.replace(b"\r\n", b"")
    assert written.isascii()
    assert max(map(len, written.split(b"\r\n"))) <= 200


def test_what_any_server_passes_on_is_sent_as_it_is():
    html = "<p>Retenu depuis 3&#160;jours</p>\n" * 40
    mail = read(frozen(text="Held 3 days.\n-- \nYou get this.\n", html=html))
    assert [one["Content-Transfer-Encoding"] for one in mail.iter_parts()] == ["7bit", "7bit"]
    assert part(mail, "html") == html.rstrip("\n")
    assert part(mail, "plain").split("\n")[1] == "-- "


@pytest.mark.parametrize(
    "text",
    ["Retenu à Junction", "Held\x0bhere", "a\tb", "x" * 999, "--=_0123456789abcdefexampleorg", "nul \0"],
    ids=["a letter beyond ASCII", "a control", "a tab", "a line too long", "its boundary", "nothing"],
)
def test_anything_else_is_quoted_and_read_back(text):
    mail = read(frozen(text=text, html=f"<p>{text}"))
    assert [one["Content-Transfer-Encoding"] for one in mail.iter_parts()] == ["quoted-printable"] * 2
    assert part(mail, "plain") == text
    assert part(mail, "html") == f"<p>{text}"


def test_headers_are_all_there_and_the_bytes_are_the_same_each_time(settings):
    settings.DEFAULT_FROM_EMAIL = "Équipe convois <convoys@example.org>"
    message = frozen(to_address="jürgen@exämple.org")
    mail = read(message)
    assert mail["From"].addresses[0].display_name == "Équipe convois"
    assert mail["To"].addresses[0].domain == "xn--exmple-cua.org"
    assert mail["Reply-To"] == "desk@example.org"
    assert mail["Message-ID"] == message.message_id
    assert mail["Date"].datetime == message.frozen_at
    assert mail["References"] == message.headers["References"]
    assert mime_bytes(message) == mime_bytes(message)


def test_a_message_of_text_alone_has_one_part():
    mail = read(frozen(html=""))
    assert mail.get_content_type() == "text/plain"


def test_a_header_is_never_two():
    with pytest.raises(ValueError, match="Subject"):
        mime_bytes(frozen(subject="Held\r\nBcc: everybody@example.org"))


def test_a_backend_that_writes_files_gets_plain_line_ends():
    contents = FrozenMail(frozen(), "bounces@example.org").message()
    assert contents.as_bytes().replace(b"\n", b"\r\n") == contents.as_bytes(linesep="\r\n")

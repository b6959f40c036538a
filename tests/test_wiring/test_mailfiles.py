"""An embedded instance keeps each mail as a file of its own, in the order in which they were sent."""

from __future__ import annotations

import email
import stat
from pathlib import Path

from django.core.mail import EmailMessage, get_connection

BACKEND = "convoytracker.mailfiles.EmailBackend"


def test_every_message_is_one_file_and_names_sort_by_time(tmp_path: Path):
    connection = get_connection(BACKEND, file_path=tmp_path / "mail")
    for number in range(12):
        message = EmailMessage(f"number {number}", "text", "a@example.org", ["b@example.org"])
        assert connection.send_messages([message]) == 1

    files = sorted((tmp_path / "mail").iterdir())
    assert [email.message_from_bytes(file.read_bytes())["Subject"] for file in files] == [
        f"number {number}" for number in range(12)
    ]
    assert {file.suffix for file in files} == {".eml"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_the_recipient_of_a_blind_copy_is_not_written_down(tmp_path: Path):
    connection = get_connection(BACKEND, file_path=tmp_path)
    connection.send_messages(
        [EmailMessage("s", "t", "a@example.org", ["b@example.org"], bcc=["c@example.org"])]
    )

    assert b"c@example.org" not in next(tmp_path.glob("*.eml")).read_bytes()

"""Keep the documents that claims rest on: what may be kept, and storing it once.

The type is told by the first bytes, never by the name or by what a browser says of it. A page
copy may hold scripts: it is kept as it is and served as a download, never shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from convoys.errors import InvalidInput
from convoys.models import Document
from convoys.services import checking
from convoys.services.changes import FileToKeep

MOST_BYTES = 10 * 1024 * 1024
PLAIN, PAGE = "text/plain", "text/html"
SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
PAGE_STARTS = (b"<!doctype html", b"<html")


def media_type_of(content: bytes) -> str | None:
    """The media type that a file's own bytes show, None where it is none that may be kept."""
    for signature, media_type in SIGNATURES:
        if content.startswith(signature):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if any(ord(sign) < 32 and sign not in "\n\r\t\f" for sign in text[:4096]):
        return None
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:20].lower()
    return PAGE if start.startswith(PAGE_STARTS) else PLAIN


def check_file(file: FileToKeep) -> tuple[str, str]:
    """Name and media type of a file that may be kept. Raises InvalidInput."""
    name = checking.text("document", file.name.replace("/", "_").replace("\\", "_"), limit=200, required=True)
    if not file.content:
        raise InvalidInput({"document": "This file is empty."})
    if len(file.content) > MOST_BYTES:
        megabytes = len(file.content) / 1024 / 1024
        raise InvalidInput({"document": f"This file has {megabytes:.1f} MB; 10 MB is the most."})
    media_type = media_type_of(file.content)
    if media_type is None:
        raise InvalidInput(
            {"document": "Keep a PDF, a picture (PNG, JPEG, WebP), a text or a saved page (HTML)."}
        )
    return name, media_type


def keep(files: Iterable[FileToKeep], now: datetime) -> None:
    """Store the files that are not stored yet. Inside the write path's transaction."""
    rows = []
    for file in files:
        name, media_type = check_file(file)
        rows.append(
            Document(
                sha256=file.sha256,
                name=name,
                media_type=media_type,
                size=len(file.content),
                content=file.content,
                kept_at=now,
            )
        )
    Document.objects.bulk_create(rows, ignore_conflicts=True)

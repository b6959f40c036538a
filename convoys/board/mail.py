"""The mails that the embedded copy wrote to its folder instead of sending them: a local page.

What a mail holds was written by the tracker from words of others, so its HTML part is never put
into our page: it is served by itself under a policy that allows nothing but its own styles, and
framed without scripts, forms or origin.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from accounts.demonstration import may_read_mail

PER_PAGE = 100
FILE_NAME = re.compile(r"[A-Za-z0-9@._+=-]{1,200}\.eml")


@dataclass(frozen=True)
class MailShown:
    """One file of the folder, read far enough to list or show it."""

    name: str
    subject: str
    to: str
    sent_at: datetime | None
    message_id: str
    text: str = ""
    has_html: bool = False


def mail_folder() -> Path:
    return Path(settings.MAIL_DIR)


def _read(path: Path) -> EmailMessage:
    return message_from_bytes(path.read_bytes(), EmailMessage, policy=policy.default)


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


def _shown(path: Path, *, whole: bool) -> MailShown:
    message = _read(path)
    try:
        sent_at = parsedate_to_datetime(str(message["Date"]))
    except (TypeError, ValueError):
        sent_at = None
    return MailShown(
        name=path.name,
        subject=str(message["Subject"] or ""),
        to=str(message["To"] or ""),
        sent_at=sent_at,
        message_id=str(message["Message-ID"] or ""),
        text=_part(message, "plain") if whole else "",
        has_html=message.get_body(("html",)) is not None if whole else False,
    )


def _file(request: HttpRequest, name: str) -> Path:
    """The named file, for those who may read mails; nothing outside the folder can be named."""
    path = mail_folder() / name
    if not may_read_mail(request) or not FILE_NAME.fullmatch(name) or not path.is_file():
        raise Http404
    return path


@login_required
@require_safe
def mail_list(request: HttpRequest) -> HttpResponse:
    """The newest mails first."""
    if not may_read_mail(request):
        raise Http404
    files = sorted(
        mail_folder().glob("*.eml"), key=lambda file: (file.stat().st_mtime_ns, file.name), reverse=True
    )
    shown = [_shown(file, whole=False) for file in files[:PER_PAGE]]
    return render(request, "board/mail_list.html", {"mails": shown, "total": len(files), "limit": PER_PAGE})


@login_required
@require_safe
def mail_page(request: HttpRequest, name: str) -> HttpResponse:
    return render(request, "board/mail.html", {"mail": _shown(_file(request, name), whole=True)})


@login_required
@require_safe
@xframe_options_sameorigin
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML part alone, with its own styles and nothing else: no script, form, picture or origin."""
    body = _part(_read(_file(request, name)), "html")
    if not body:
        raise Http404
    response = HttpResponse(body)
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox allow-popups"
    )
    return response

"""Another day on the desk's pages: `?as_of=` and `?known_at=`. Without them a page is of now.

Another day can only be read: who looks at it is offered nothing that records.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.options import ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from accounts.demonstration import is_demonstration
from convoys.queries import days
from convoys.queries.as_of import Moment
from convoys.queries.days import ASKED


def moment_of(request: HttpRequest) -> Moment:
    """The moment that a request asks for. Raises InvalidInput."""
    return days.moment_asked({name: request.GET.get(name, "").strip() for name in ASKED})


def shown_day(request: HttpRequest, moment: Moment, is_backfilled: bool = False) -> dict[str, Any]:
    """What a page's banner and form say of the day, with the rest of its address to keep."""
    kept = [(key, value) for key, value in request.GET.items() if key not in (*ASKED, "e", "p", "o")]
    named = {"as_of": days.typed(moment.as_of), "known_at": days.typed(moment.known_at)}
    return {
        "is_now": moment.is_now,
        "shown": days.said(moment.as_of) if moment.as_of else _("today"),
        "known": days.said_known(moment, is_backfilled),
        "is_by_day": days.is_by_day(moment),
        "query": "?" + urlencode({key: value for key, value in named.items() if value}),
        "public_query": _public_query(moment, named),
        "now_query": "?" + urlencode(kept) if kept else "",
        "kept": kept,
    } | named


def _public_query(moment: Moment, named: Mapping[str, str]) -> str:
    """What a reader's page is asked to be of the same day: the demonstration's open on a day of their own."""
    if moment.is_now:
        return f"?as_of={days.NOW}" if is_demonstration() else ""
    return "?" + urlencode({key: value for key, value in named.items() if value})


def no_such_day(
    model_admin: ModelAdmin, request: HttpRequest, problems: Mapping[str, str], status: int = 400
) -> HttpResponse:
    """Says in words why a day cannot be shown, with the form to ask for another one."""
    asked = {name: request.GET.get(name, "")[:40].replace("\x00", "") for name in ASKED}
    context = model_admin.admin_site.each_context(request) | {
        "opts": model_admin.opts,
        "title": _("No such day"),
        "problems": list(problems.values()),
        "day": shown_day(request, Moment()) | asked | {"is_by_day": False},
    }
    return TemplateResponse(request, "admin/convoys/no_such_day.html", context, status=status)

"""The day that a page shows: which moment was asked for, how it is said, and what links keep of it.

Without `?as_of=` and `?known_at=` it is now. In the demonstration a page without either opens on the day
of its case; `?as_of=now` leads to today.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.demonstration import is_demonstration
from convoys import wording
from convoys.errors import InvalidInput
from convoys.queries import days
from convoys.queries.as_of import Moment
from convoys.queries.days import ASKED, NOW

SLIDER_BEFORE, SLIDER_AFTER = 60, 30  # days that the slider reaches from the day shown

Params = ParamSpec("Params")


@dataclass(frozen=True)
class Day:
    """One question about time. `at` is the instant to which durations count; `asked` the texts given."""

    moment: Moment
    at: datetime
    asked: dict[str, str]
    is_opening: bool = False  # nothing was asked, and the demonstration opens on a day of its own

    @property
    def is_now(self) -> bool:
        return self.moment.is_now

    @property
    def query(self) -> str:
        """What a link adds to keep the day: "as_of=2023-09-01&known_at=2023-09-01", or nothing."""
        return urlencode(self.asked)

    def said(self, is_backfilled: bool) -> dict[str, object]:
        """What the page's banner and form say of the day."""
        as_of, known_at = self.moment.as_of, self.moment.known_at
        first, last = self._slider()
        return {
            "is_now": self.is_now,
            "is_opening": self.is_opening,
            "query": self.query,
            "shown": days.said(self.at) if as_of else _("today"),
            "known": days.said_known(self.moment, is_backfilled),
            "today_query": urlencode({"as_of": NOW}) if _opening_moment() else "",
            "opening": wording.long_day(date.fromisoformat(settings.DEMO_MOMENT))
            if _opening_moment() and self.is_now
            else "",
            "as_of": days.typed(as_of),
            "known_at": days.typed(known_at),
            "is_by_day": days.is_by_day(self.moment),
            "first": first.isoformat(),
            "last": last.isoformat(),
            "reach": (last - first).days,
            "position": (days.local(self.at).date() - first).days,
        }

    def _slider(self) -> tuple[date, date]:
        shown = days.local(self.at).date()
        today = days.local(timezone.now()).date()
        return shown - timedelta(days=SLIDER_BEFORE), min(shown + timedelta(days=SLIDER_AFTER), today)


def _opening_moment() -> str:
    return str(settings.DEMO_MOMENT) if is_demonstration() else ""


def day_of(request: HttpRequest) -> Day:
    """The day that this request asks for. Raises InvalidInput."""
    asked = {name: request.GET[name].strip() for name in ASKED if request.GET.get(name, "").strip()}
    opening = "" if any(name in request.GET for name in ASKED) else _opening_moment()
    texts = dict.fromkeys(ASKED, opening) if opening else asked
    moment = days.moment_asked(texts)
    if moment.is_now:
        asked = {"as_of": NOW} if _opening_moment() else {}
    return Day(moment, moment.asked, asked, is_opening=bool(opening))


def the_present() -> Day:
    """Now, for what is never shown as of another day unless one was asked for."""
    return Day(Moment(), timezone.now(), {})


def of_a_day(
    view: Callable[Concatenate[HttpRequest, Day, Params], HttpResponse],
) -> Callable[Concatenate[HttpRequest, Params], HttpResponse]:
    """A page for those signed in, of the day asked for; what cannot be read as a day is answered so."""

    @login_required
    @require_safe
    @wraps(view)
    def page(request: HttpRequest, /, *args: Params.args, **kwargs: Params.kwargs) -> HttpResponse:
        try:
            day = day_of(request)
        except InvalidInput as error:
            typed = {name: request.GET.get(name, "")[:40].replace("\x00", "") for name in ASKED}
            context = {"errors": error.fields, "typed": typed, "section": ""}
            return render(request, "board/no_such_day.html", context, status=400)
        return view(request, day, *args, **kwargs)

    return page

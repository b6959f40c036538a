"""The day that a page shows: which moment was asked for, how it is said, and what links keep of it.

`?as_of=` asks what was so then, `?known_at=` what was known by then; a date is the end of that day.
Both default to now. In the demonstration a page without either opens on the day of its case;
`?as_of=now` leads to today.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.demonstration import is_demonstration
from convoys import wording
from convoys.clocks import end_of_day, instance_zone
from convoys.errors import InvalidInput
from convoys.queries.as_of import Moment

ASKED = ("as_of", "known_at")
NOW = "now"
FIRST_DAY = datetime(1900, 1, 1, tzinfo=UTC)
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
        """What the page's banner and form say of the day.

        Knowledge that was loaded afterwards is by the documents' days: "as reported by".
        """
        as_of, known_at = self.moment.as_of, self.moment.known_at
        first, last = self._slider()
        return {
            "is_now": self.is_now,
            "is_opening": self.is_opening,
            "query": self.query,
            "shown": _said(self.at) if as_of else _("today"),
            "known": _known(as_of, known_at, is_backfilled),
            "today_query": urlencode({"as_of": NOW}) if _opening_moment() else "",
            "opening": wording.long_day(date.fromisoformat(settings.DEMO_MOMENT))
            if _opening_moment() and self.is_now
            else "",
            "as_of": _typed(as_of),
            "known_at": _typed(known_at),
            "is_by_day": all(at is None or _is_end_of_day(at) for at in (as_of, known_at)),
            "first": first.isoformat(),
            "last": last.isoformat(),
            "reach": (last - first).days,
            "position": (_local(self.at).date() - first).days,
        }

    def _slider(self) -> tuple[date, date]:
        shown = _local(self.at).date()
        today = _local(timezone.now()).date()
        return shown - timedelta(days=SLIDER_BEFORE), min(shown + timedelta(days=SLIDER_AFTER), today)


def _opening_moment() -> str:
    return str(settings.DEMO_MOMENT) if is_demonstration() else ""


def _local(at: datetime) -> datetime:
    return at.astimezone(instance_zone())


def _is_end_of_day(at: datetime) -> bool:
    return at == end_of_day(_local(at).date())


def _said(at: datetime) -> str:
    """A day by its date, an instant by date and time in the instance's zone."""
    local = _local(at)
    if _is_end_of_day(at):
        return wording.long_day(local.date())
    return f"{wording.long_day(local.date())}, {date_format(local, 'H:i')} ({instance_zone().key})"


def _known(as_of: datetime | None, known_at: datetime | None, is_backfilled: bool) -> str:
    if known_at is None:
        return _("as known today")
    if known_at == as_of:
        return _("as reported by then") if is_backfilled else _("as known then")
    words = _("as reported by %(day)s") if is_backfilled else _("as known on %(day)s")
    return words % {"day": _said(known_at)}


def _typed(at: datetime | None) -> str:
    """A moment as a form's field and an address hold it."""
    if at is None:
        return ""
    local = _local(at)
    return local.date().isoformat() if _is_end_of_day(at) else local.isoformat(timespec="minutes")


def day_of(request: HttpRequest) -> Day:
    """The day that this request asks for. Raises InvalidInput."""
    asked = {name: request.GET[name].strip() for name in ASKED if request.GET.get(name, "").strip()}
    opening = "" if any(name in request.GET for name in ASKED) else _opening_moment()
    texts = dict.fromkeys(ASKED, opening) if opening else asked
    moment = Moment.parse(*("" if texts.get(name) == NOW else texts.get(name, "") for name in ASKED))
    moment = Moment(_in_reach("as_of", moment.as_of), _in_reach("known_at", moment.known_at))
    if moment.is_now:
        asked = {"as_of": NOW} if _opening_moment() else {}
    return Day(moment, moment.asked, asked, is_opening=bool(opening))


def the_present() -> Day:
    """Now, for what is never shown as of another day unless one was asked for."""
    return Day(Moment(), timezone.now(), {})


def _in_reach(name: str, at: datetime | None) -> datetime | None:
    """The rest of today is now; a later day has not come yet."""
    if at is None:
        return None
    now = timezone.now()
    if at > end_of_day(_local(now).date()):
        raise InvalidInput({name: _("That day has not come yet. Give today or a day before it.")})
    if at < FIRST_DAY:
        raise InvalidInput({name: _("Give a day from 1900 on.")})
    return at if at <= now else None


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

"""A question about another day, as it is asked in an address and said on a page.

`?as_of=` asks what was so then, `?known_at=` what was known by then; a date is the end of that day.
The word `now` in place of a day is today, where a page opens on a day of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _

from convoys import wording
from convoys.clocks import end_of_day, instance_zone
from convoys.errors import InvalidInput
from convoys.queries.as_of import Moment

ASKED = ("as_of", "known_at")
NOW = "now"
FIRST_DAY = datetime(1900, 1, 1, tzinfo=UTC)


def moment_asked(texts: Mapping[str, str]) -> Moment:
    """The moment that two texts ask for; today's rest is now. Raises InvalidInput."""
    moment = Moment.parse(*("" if texts.get(name) == NOW else texts.get(name, "") for name in ASKED))
    return Moment(_in_reach("as_of", moment.as_of), _in_reach("known_at", moment.known_at))


def _in_reach(name: str, at: datetime | None) -> datetime | None:
    """The rest of today is now; a later day has not come yet."""
    if at is None:
        return None
    now = timezone.now()
    if at > end_of_day(local(now).date()):
        raise InvalidInput({name: _("That day has not come yet. Give today or a day before it.")})
    if at < FIRST_DAY:
        raise InvalidInput({name: _("Give a day from 1900 on.")})
    return at if at <= now else None


def local(at: datetime) -> datetime:
    return at.astimezone(instance_zone())


def is_end_of_day(at: datetime) -> bool:
    return at == end_of_day(local(at).date())


def said(at: datetime) -> str:
    """A day by its date, an instant by date and time in the instance's zone."""
    here = local(at)
    if is_end_of_day(at):
        return wording.long_day(here.date())
    return f"{wording.long_day(here.date())}, {date_format(here, 'H:i')} ({instance_zone().key})"


def said_known(moment: Moment, is_backfilled: bool) -> str:
    """By when it was known. Knowledge that was loaded afterwards is by the documents' days: "as reported"."""
    as_of, known_at = moment.as_of, moment.known_at
    if known_at is None:
        return _("as known today")
    if known_at == as_of:
        return _("as reported by then") if is_backfilled else _("as known then")
    words = _("as reported by %(day)s") if is_backfilled else _("as known on %(day)s")
    return words % {"day": said(known_at)}


def typed(at: datetime | None) -> str:
    """A moment as a form's field and an address hold it."""
    if at is None:
        return ""
    here = local(at)
    return here.date().isoformat() if is_end_of_day(at) else here.isoformat(timespec="minutes")


def is_by_day(moment: Moment) -> bool:
    """Whether both texts are days, so that a calendar can hold them."""
    return all(at is None or is_end_of_day(at) for at in (moment.as_of, moment.known_at))

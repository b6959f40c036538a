"""How mails say durations, steps, times, places and what somebody said. Plain words, no markup."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from convoys import wording
from convoys.clocks import elapsed, instance_zone, silent_from, zone_named
from convoys.models import Event, Place
from convoys.phrasebook import gettext as _
from convoys.phrasebook import label, ngettext
from convoys.queries.accounts import Account
from convoys.services.alerting.policies import DAY, HOUR, Ladder
from convoys.vocabulary import Precision, SpeakerKind, Stance

EXACT = (Precision.MINUTE, Precision.HOUR)
LONGEST_STATEMENT = 400


def step_words(seconds: int) -> str:
    """A threshold: "24 h", "3 days", "90 min"."""
    if seconds >= 2 * DAY and seconds % DAY == 0:
        return wording.days(seconds // DAY)
    if seconds % HOUR == 0:
        return f"{seconds // HOUR} h"
    if seconds % 60 == 0:
        return f"{seconds // 60} min"
    return f"{seconds} s"


def ladder_words(ladder: Ladder) -> str:
    """All steps of a policy: "24 h, 3 days, 7 days, then every 7 days"."""
    steps = ", ".join(step_words(rung.seconds) for rung in ladder.steps)
    if not ladder.repeat:
        return steps
    return _("%(steps)s, then every %(repeat)s") % {"steps": steps, "repeat": step_words(ladder.repeat)}


def how_long(opening: Event, until: datetime, until_precision: str = Precision.MINUTE) -> str:
    """How long something has lasted, in whole units that are reached: hours only where they are known."""
    span = elapsed(
        opening.occurred_at, opening.precision, until, until_precision, zone_named(opening.time_zone)
    )
    minutes = int(span.days * 24 * 60)
    if span.is_whole_days or minutes >= 48 * 60:
        return wording.days(int(span.days))
    if minutes >= 60:
        return f"{minutes // 60} h"
    return f"{minutes} min" if minutes else _("less than a minute")


def exact_span(opening: Event, closing: Event) -> str:
    """How long an ended hold lasted: "1 d 21 h", or in days where an end is known to the day."""
    zone = zone_named(opening.time_zone)
    span = elapsed(opening.occurred_at, opening.precision, closing.occurred_at, closing.precision, zone)
    return wording.span_of_time(span.days, span.is_whole_days)


def is_silent(last_report: Event | None, now: datetime) -> bool:
    """Whether the last report lies further back than the silence limit."""
    if last_report is None:
        return False
    return now >= silent_from(
        last_report.occurred_at, last_report.precision, zone_named(last_report.time_zone)
    )


def when(event: Event, zone: ZoneInfo) -> str:
    """A day as its place counts it; an hour in the reader's zone, which is named."""
    if event.precision not in EXACT:
        return wording.moment(event.occurred_at, event.precision, event.bound, zone_named(event.time_zone))
    local = event.occurred_at.astimezone(zone)
    said = wording.moment(local, event.precision, event.bound, zone)
    return f"{said} ({offset(local, zone)})"


def instant(at: datetime, zone: ZoneInfo) -> str:
    """A moment of our own clock, to the minute, in the reader's zone."""
    local = at.astimezone(zone)
    return f"{wording.moment(local, Precision.MINUTE, '', zone)} ({offset(local, zone)})"


def offset(at: datetime, zone: ZoneInfo) -> str:
    """ "UTC", "UTC+4", "UTC+5:30"."""
    return _shift(at.astimezone(zone).utcoffset() or timedelta(0))


@lru_cache(maxsize=256)
def _shift(shift: timedelta) -> str:
    if not shift:
        return "UTC"
    minutes = abs(int(shift.total_seconds())) // 60
    sign = "+" if shift > timedelta(0) else "−"
    return f"UTC{sign}{minutes // 60}" + (f":{minutes % 60:02d}" if minutes % 60 else "")


def zone_of(name: str) -> ZoneInfo:
    """A person's zone, or the instance's where they have none or one that does not exist."""
    try:
        return ZoneInfo(name) if name else instance_zone()
    except (KeyError, ValueError, OSError):
        return instance_zone()


def place_name(place: Place | None) -> str:
    """Kept with the object, which many events of a run share."""
    if place is None:
        return ""
    name: str | None = vars(place).get("_said_in_mails")
    if name is None:
        name = vars(place)["_said_in_mails"] = place.display_name
    return name


def references(names: Sequence[str], most: int = 4) -> str:
    """ "C-1, C-2 and 3 more"."""
    if len(names) <= most:
        return ", ".join(names)
    more = len(names) - most + 1
    listed = ", ".join(names[: most - 1])
    return listed + ngettext(" and %(count)s more", " and %(count)s more", more) % {"count": more}


class Said(NamedTuple):
    """One claim in one line: who, when, what, and where it stands; `mark` says that it is new."""

    who: str
    when: str
    what: str
    link: str
    host: str
    mark: str = ""


def said(account: Account, mark: str = "") -> Said:
    """A claim for a mail. Word for word in quotation marks, else marked as our summary."""
    claim, words = account.claim, account.words
    who = account.speaker or label(SpeakerKind(claim.speaker_kind))
    if account.is_masked:
        who = _("%(kind)s, name withheld") % {"kind": label(SpeakerKind(claim.speaker_kind))}
    elif person := str(words.get("person", "")):
        who = f"{who} ({person})" if who != person else who
    day = claim.said_on or claim.reported_on
    dated = wording.long_day(day) if day else ""
    statement = _shortened(str(words.get("statement", "")))
    if statement and claim.is_verbatim:
        statement = _("“%(words)s”") % {"words": statement}
    elif statement:
        dated = f"{dated}, {_('our summary')}" if dated else _("our summary")
    link = str(words.get("link", ""))
    if not link.startswith(("https://", "http://")):
        link = ""
    host = _host("/".join(link.split("/", 3)[:3])) if link else ""
    return Said(who, dated, statement or _alleges(account, words), link, host, mark)


@lru_cache(maxsize=1024)  # a few sites say most of what is said
def _host(address: str) -> str:
    return urlsplit(address).hostname or ""


def _alleges(account: Account, words: Any) -> str:
    """What a claim without a statement comes to."""
    if account.words_erased:
        return _("(the words were erased)")
    if account.is_masked:
        return _("(withheld)")
    stance = label(Stance(account.claim.stance))
    if account.holders:
        return _("%(stance)s it; names %(holders)s") % {
            "stance": stance,
            "holders": wording.listed(account.holders),
        }
    return _("%(stance)s it") % {"stance": stance}


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_STATEMENT else text[: LONGEST_STATEMENT - 1].rstrip() + "…"

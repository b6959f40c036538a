"""Convoys as rows of the first page: clock, where, tonnage, whose accounts. Words only, no queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from convoys import wording
from convoys.board.day import Day
from convoys.clocks import zone_named
from convoys.models import Convoy
from convoys.queries.accounts import Account
from convoys.queries.figures import facts_of, hold_spans, is_silent
from convoys.templatetags.look import moment
from convoys.vocabulary import FINAL_STATES, Bound, State

SPEAKERS_NAMED = 4


@dataclass(frozen=True)
class Clock:
    """How long a state has lasted. A silent convoy's counts to its last report, and says so."""

    state: str
    headline: str  # "" where the span tells nothing: on the road, and silent
    since: SafeString | str
    last: SafeString | str
    if_still: str = ""
    precision: str = ""


@dataclass(frozen=True)
class Row:
    convoy: Convoy
    is_silent: bool
    clock: Clock | None
    sponsors: str
    tonne_days: str
    # Lengths of the bar in hundredths of the longest: confirmed by a report, and to now.
    bar_confirmed: int = 0
    bar_rest: int = 0
    contested: str = ""
    speakers: str = ""


def clock_of(convoy: Convoy, day: Day, *, short: bool = True) -> Clock | None:
    """The clock of the state that the convoy had on the day; None where nobody said since when."""
    now = day.at
    facts = facts_of(convoy)
    spans = hold_spans(facts, now)
    if spans is None or facts.since is None:
        return None
    zone = zone_named(facts.time_zone)
    confirmed, until_now = (wording.span_of_time(span.days, span.is_whole_days) for span in spans)
    silent = is_silent(facts, now)
    this_year = now.astimezone(zone).year

    def said(instant: datetime, precision: str) -> SafeString:
        return moment(instant, precision, Bound.AT, zone, "short" if short else "long", this_year)

    last: SafeString | str = ""
    if facts.last_reported_at:
        on = said(facts.last_reported_at, facts.last_reported_precision)
        label = State(convoy.status).label
        if silent:
            last = format_html(
                conditional_escape(_("{state} when last reported, {day}")), state=label, day=on
            )
        elif not _stands(convoy):
            last = format_html(conditional_escape(_("last report {day}")), day=on)
        else:
            last = format_html(conditional_escape(_("last confirmed {day}")), day=on)
    return Clock(
        state=convoy.status,
        headline=_headline(convoy, confirmed, until_now, silent),
        since=_since(convoy, said(facts.since, facts.since_precision)),
        last=last,
        if_still=_if_still(until_now, day) if silent and _stands(convoy) else "",
        precision=wording.what_is_known(facts.since_precision),
    )


def _if_still(until_now: str, day: Day) -> str:
    words = _("%(span)s if still so today") if day.is_now else _("%(span)s if still so then")
    return words % {"span": until_now}


def _stands(convoy: Convoy) -> bool:
    return convoy.status in (State.HELD, State.STOPPED)


def _since(convoy: Convoy, day: SafeString) -> SafeString:
    return (
        day if convoy.status in FINAL_STATES else format_html(conditional_escape(_("since {day}")), day=day)
    )


def _headline(convoy: Convoy, confirmed: str, until_now: str, silent: bool) -> str:
    """A hold that is silent counts to its last report; how long it was on the road nobody can say."""
    if convoy.status in FINAL_STATES or (silent and not _stands(convoy)):
        return ""
    return confirmed if silent else until_now


def tonne_days_of(convoy: Convoy, now: datetime) -> str:
    """Tonne-days of the present state, low to high, or "" where the tonnage is unknown."""
    facts = facts_of(convoy)
    spans = hold_spans(facts, now)
    if spans is None or facts.tonnes_low is None:
        return ""
    low = wording.rounded(facts.tonnes_low * spans[0].days)
    high = None if facts.tonnes_high is None else wording.rounded(facts.tonnes_high * spans[1].days)
    return wording.span_of_figures(low, high, _("at least"))


def sponsors_of(convoy: Convoy) -> str:
    """Sponsors by name, at most three, or the words for none known."""
    names = [link.organisation.name for link in getattr(convoy, "sponsor_links", [])]
    if len(names) > 3:
        more = len(names) - 2
        return ", ".join(names[:2]) + ngettext(" and %(count)s more", " and %(count)s more", more) % {
            "count": more
        }
    return wording.listed(names)


def speakers_of(accounts: Iterable[Account]) -> str:
    """Who gave accounts, oldest first, each once: the first few by name, then how many more."""
    names = list(
        dict.fromkeys(account.speaker for account in accounts if account.speaker and not account.is_retracted)
    )
    if len(names) > SPEAKERS_NAMED:
        more = len(names) - SPEAKERS_NAMED + 1
        return ", ".join([*names[: SPEAKERS_NAMED - 1], _("%(count)s more") % {"count": more}])
    return ", ".join(names)


def rows_of(
    convoys: Iterable[Convoy],
    day: Day,
    accounts: Mapping[int, list[Account]] | None = None,
    contested: Mapping[int, str] | None = None,
    in_order: bool = False,
) -> list[Row]:
    """Rows in the given order; unless `in_order`, those with recent reports before the silent ones.

    `accounts` and `contested` are by the chain that opened the hold.
    """
    convoys, now = list(convoys), day.at
    spans = {convoy.pk: hold_spans(facts_of(convoy), now) for convoy in convoys}
    quiet = {convoy.pk for convoy in convoys if is_silent(facts_of(convoy), now)}
    # A bar reaches to now only while somebody still reports; a silent one ends at its last report.
    reach = [pair[0].days if pk in quiet else pair[1].days for pk, pair in spans.items() if pair]
    longest = max(reach, default=Decimal(0)) or Decimal(1)
    rows = []
    for convoy in convoys:
        pair = spans[convoy.pk]
        chain = convoy.hold_chain or 0
        silent = convoy.pk in quiet
        rows.append(
            Row(
                convoy=convoy,
                is_silent=silent,
                clock=clock_of(convoy, day),
                sponsors=sponsors_of(convoy),
                tonne_days=tonne_days_of(convoy, now),
                bar_confirmed=int(pair[0].days * 100 / longest) if pair else 0,
                bar_rest=0 if silent or not pair else int((pair[1].days - pair[0].days) * 100 / longest),
                contested=(contested or {}).get(chain, ""),
                speakers=speakers_of((accounts or {}).get(chain, [])),
            )
        )
    return rows if in_order else sorted(rows, key=lambda row: row.is_silent)

"""One episode as a part of a mail: headline, lead, facts, who says what, what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from convoys import wording
from convoys.clocks import elapsed, instance_zone
from convoys.models import Alert, Convoy, Notification, Place, Telling, Watch
from convoys.queries.alerts import EpisodeTold
from convoys.services.alerting.clocks import next_step_at
from convoys.services.alerting.policies import Ladder
from convoys.services.alerting.telling import is_redating
from convoys.services.messaging import phrases
from convoys.services.messaging.phrases import Said
from convoys.vocabulary import Precision, State

MOST_ACCOUNTS = 10


@dataclass(frozen=True)
class Fact:
    """A line of the table; an unknown value is a word in italics."""

    label: str
    value: str
    is_unknown: bool = False


@dataclass
class Section:
    """All that one episode's part of a mail shows, in plain words."""

    reference: str
    url: str
    badge: str
    badge_label: str
    headline: str
    lead: str
    facts: list[Fact] = field(default_factory=list)
    accounts: list[Said] = field(default_factory=list)
    more_accounts: int = 0
    notes: list[str] = field(default_factory=list)
    convoy_key: int = 0
    claim_keys: list[int] = field(default_factory=list)
    how_long: str = ""
    where: str = ""
    since: str = ""
    how: str = ""
    silent_since: str = ""
    tonnage: str = ""


@dataclass(frozen=True)
class Frame:
    """Whose eyes, clock and moment a mail is written for."""

    zone: ZoneInfo
    is_staff: bool
    now: datetime


def section_of(told: EpisodeTold, owed: Sequence[Notification], ladder: Ladder, frame: Frame) -> Section:
    """The part of a mail that speaks of one episode. `owed` are this reader's notifications about it."""
    telling, watch = Telling(owed[0].telling), Watch(owed[0].alert.watch)
    convoy, last = told.convoy, told.last_report
    silent = watch == Watch.HELD and telling == Telling.STEP and phrases.is_silent(last, frame.now)
    section = Section(
        reference=convoy.reference,
        url=settings.SITE_URL + reverse("board:convoy", args=[convoy.reference]),
        badge=convoy.status or State.PLANNED,
        badge_label=str(State(convoy.status).label) if convoy.status else "",
        headline="",
        lead="",
        convoy_key=convoy.pk,
        tonnage=wording.tonnes(convoy.tonnes_low, convoy.tonnes_high),
        where=phrases.place_name(told.opening.place or _stood_at(told)),
        how=how_it_ended(told),
        how_long=phrases.how_long(told.opening, last.occurred_at, last.precision)
        if silent and last
        else phrases.how_long(told.opening, frame.now),
        silent_since=phrases.when(last, frame.zone) if silent and last else "",
    )
    if is_redating(owed[0]):
        _speak_of_redating(section, told, owed, frame)
        section.facts = _facts(told, telling, frame)
        _accounts(section, told, Telling.STEP)
        section.notes = _notes_on_redating(told, ladder, frame)
        return section
    _speak(section, told, telling, watch, frame)
    section.facts = _facts(told, telling, frame)
    _accounts(section, told, telling)
    section.notes = _notes(told, [one.alert for one in owed], telling, ladder, frame)
    if telling == Telling.ENDED and told.closing and owed[0].occasion != told.closing.chain:
        section.notes.insert(
            0, _("The record was corrected: these times replace those you may have been told.")
        )
    return section


def how_it_ended(told: EpisodeTold) -> str:
    """ "released at Kornidzor", "let pass: Lachin", "delivered at Stepanakert", or "" where not known."""
    closing = told.closing
    if closing is None:
        return ""
    where = phrases.place_name(closing.place)
    if told.is_end_inferred:
        words = {"delivered": _("delivered"), "passed": _("passed")}.get(closing.kind, _("let pass"))
        if closing.kind == "passed" and where:
            return _("passed %(place)s") % {"place": where}
    else:
        words = ENDED_WORDS.get(told.ended, lambda: told.ended)()
    return _("%(how)s at %(place)s") % {"how": words, "place": where} if where else words


# By the words of the table of kinds; called late, since the language is the reader's.
ENDED_WORDS = {
    "released": lambda: _("released"),
    "turned back": lambda: _("turned back"),
    "handed over": lambda: _("handed over"),
    "delivered": lambda: _("delivered"),
    "returned": lambda: _("returned"),
    "lost": lambda: _("lost"),
    "cancelled": lambda: _("cancelled"),
    "eased to stopped": lambda: _("eased to stopped"),
}


def _stood_at(told: EpisodeTold) -> Place | None:
    return told.convoy.stands_at if told.convoy.hold_chain == told.opening.chain else None


def _before(told: EpisodeTold) -> str:
    point = told.opening.held_before
    return _(", before %(point)s") % {"point": phrases.place_name(point.place)} if point else ""


def _at(section: Section) -> str:
    return _(" at %(place)s") % {"place": section.where} if section.where else ""


def _speak(section: Section, told: EpisodeTold, telling: Telling, watch: Watch, frame: Frame) -> None:
    """Headline and lead."""
    since = phrases.when(told.opening, frame.zone)
    known = wording.what_is_known(told.opening.precision)
    since = f"{since} ({known})" if known else since
    values = {
        "reference": section.reference, "span": section.how_long, "at": _at(section), "before": _before(told),
        "since": since, "last": phrases.when(told.last_report, frame.zone) if told.last_report else "",
        "how": section.how,
    }  # fmt: skip
    if telling == Telling.ENDED:
        section.headline = _("%(reference)s, no longer held") % values
        section.lead = _("It was held%(at)s%(before)s from %(since)s.") % values
        return
    if telling == Telling.WITHDRAWN:
        section.headline = _("%(reference)s was not held") % values
        section.lead = (
            _(
                "You were told that it was held%(at)s%(before)s since %(since)s. "
                "The desk has withdrawn that: it was recorded by mistake."
            )
            % values
        )
        return
    if watch == Watch.SILENT:
        section.headline = _("%(reference)s, no report for %(span)s") % values
        section.lead = _("The last report is of %(since)s%(at)s.") % values
        return
    if watch == Watch.STOPPED:
        section.headline = _("%(reference)s, stopped for %(span)s%(at)s") % values
        section.lead = _("It has not moved since %(since)s. Nobody is known to forbid it.") % values
        return
    confirmed = _(" Last confirmed %(last)s.") % values if told.last_report else ""
    if telling == Telling.NOT_ENDED:
        section.headline = _("%(reference)s is held after all%(at)s") % values
        section.lead = (
            _("You were told that it was no longer held. It is%(before)s, since %(since)s.") % values
        )
    elif watch == Watch.UNCONFIRMED:
        section.headline = _("%(reference)s, held%(at)s: nobody has confirmed it for 30 days") % values
        section.lead = _("Held%(before)s since %(since)s.") % values
    elif section.silent_since:
        section.headline = _("%(reference)s, held%(at)s when last reported") % values
        section.lead = (
            _(
                "Held%(before)s since %(since)s, for %(span)s up to the last report. "
                "Nobody has reported since %(last)s, so nobody here knows whether it still is."
            )
            % values
        )
        return
    else:
        section.headline = _("%(reference)s, %(span)s%(at)s") % values
        section.lead = _("Held%(before)s since %(since)s.") % values
    section.lead += confirmed


def _speak_of_redating(
    section: Section, told: EpisodeTold, owed: Sequence[Notification], frame: Frame
) -> None:
    """What was told, and what is so now."""
    section.since = phrases.when(told.opening, frame.zone)
    values = {
        "reference": section.reference, "at": _at(section), "before": _before(told), "since": section.since,
        "step": phrases.step_words(max(one.alert.step_seconds for one in owed)), "span": section.how_long,
    }  # fmt: skip
    section.headline = _("%(reference)s, held%(at)s: since when was corrected") % values
    section.lead = (
        _(
            "You were told that it was held for %(step)s; the record of when it began was corrected. "
            "It is held%(before)s since %(since)s, for %(span)s."
        )
        % values
    )


def _notes_on_redating(told: EpisodeTold, ladder: Ladder, frame: Frame) -> list[str]:
    notes = [_("Steps that you were told of are not told again.")]
    following = next_step_at(told.deadline, ladder)
    if following is not None and following > frame.now:
        values = {"when": phrases.instant(following, frame.zone)}
        notes.append(_("Next, if nothing has changed by then: %(when)s.") % values)
    return notes


def _facts(told: EpisodeTold, telling: Telling, frame: Frame) -> list[Fact]:
    convoy, facts = told.convoy, []
    if telling == Telling.ENDED:
        if told.closing is not None:
            facts.append(Fact(_("Held"), phrases.exact_span(told.opening, told.closing)))
            facts.append(Fact(_("From"), phrases.when(told.opening, frame.zone)))
            facts.append(Fact(_("Until"), phrases.when(told.closing, frame.zone)))
            inferred = (
                _("; no release was reported, it is inferred from this report")
                if told.is_end_inferred
                else ""
            )
            facts.append(Fact(_("How it ended"), how_it_ended(told) + inferred))
        else:
            facts.append(_fact(_("How it ended"), ""))
    cargo = ", ".join(
        line.description or str(line.get_category_display()) for line in convoy.cargo_lines.all()
    )
    facts.append(_fact(_("Cargo"), cargo))
    facts.append(_fact(_("Tonnage"), wording.tonnes(convoy.tonnes_low, convoy.tonnes_high)))
    facts.append(_fact(_("Trucks"), str(convoy.trucks) if convoy.trucks is not None else ""))
    facts.append(_fact(_("Sponsors"), "; ".join(told.sponsors)))
    facts.append(
        _fact(_("From") if telling != Telling.ENDED else _("Origin"), phrases.place_name(convoy.origin))
    )
    to = phrases.place_name(convoy.destination)
    if convoy.route is not None and to:
        to = _("%(place)s, over the %(route)s") % {"place": to, "route": convoy.route.name}
    facts.append(_fact(_("To") if telling != Telling.ENDED else _("Destination"), to))
    if convoy.route is not None and convoy.route.desk_telephone:
        facts.append(Fact(_("Desk"), convoy.route.desk_telephone))
    return facts


def _fact(label: str, value: str) -> Fact:
    return Fact(label, value or _("unknown"), is_unknown=not value)


def _accounts(section: Section, told: EpisodeTold, telling: Telling) -> None:
    accounts = told.accounts_of_end if telling == Telling.ENDED else told.accounts
    if telling == Telling.WITHDRAWN:
        accounts = []
    shown = accounts[:MOST_ACCOUNTS]
    section.accounts = [phrases.said(account) for account in shown]
    section.claim_keys = [account.claim.sequence for account in shown]
    section.more_accounts = len(accounts) - len(shown)


def _notes(
    told: EpisodeTold, alerts: Sequence[Alert], telling: Telling, ladder: Ladder, frame: Frame
) -> list[str]:
    """Which steps these are, what comes next, and what staff are asked."""
    if telling == Telling.ENDED:
        return [_("Should it turn out that it had not ended, you will be told that too.")]
    if telling != Telling.STEP:
        return []
    notes = []
    ordered = sorted(alerts, key=lambda alert: alert.step_seconds)
    if ordered[0].watch == Watch.UNCONFIRMED:
        return [_ask()]
    passed = sorted({seconds for alert in ordered for seconds in alert.passed})
    if ordered[-1].backfilled:
        # Which steps the clock has passed since says nothing where nobody reported since.
        notes.append(_("This hold was loaded from history: it is told once, not step by step."))
    else:
        notes.append(_steps(ordered, ladder, frame))
    if passed and not ordered[-1].backfilled:
        listed = wording.listed([phrases.step_words(seconds) for seconds in passed])
        notes.append(
            _("Already past when it became known, so not told before: %(steps)s.") % {"steps": listed}
        )
    following = next_step_at(told.deadline, ladder)
    if following is not None and following > frame.now:
        values = {"when": phrases.instant(following, frame.zone)}
        notes.append(_("Next, if nothing has changed by then: %(when)s.") % values)
    if ordered[0].watch == Watch.HELD:
        notes.append(_("When the hold ends, you will be told, and how it ended."))
    if frame.is_staff and any(alert.asks_to_confirm for alert in ordered):
        notes.append(_ask())
    return notes


def _ask() -> str:
    return _("Nobody has confirmed it for 30 days: confirm that it is still there, or end its tracking.")


def _steps(alerts: Sequence[Alert], ladder: Ladder, frame: Frame) -> str:
    names = [phrases.step_words(alert.step_seconds) for alert in alerts]
    values = {"steps": wording.listed(names), "all": phrases.ladder_words(ladder)}
    text = ngettext(
        "Step reached: %(steps)s, of %(all)s.",
        "Steps reached: %(steps)s, told together, of %(all)s.",
        len(names),
    ) % values  # fmt: skip
    late = [
        alert
        for alert in alerts
        if frame.now - alert.reached_at > timedelta(hours=1) and not alert.backfilled
    ]
    if late and not any(alert.passed for alert in alerts):
        reached = wording.listed([phrases.instant(alert.reached_at, frame.zone) for alert in late])
        text += " " + _("Reached %(times)s; this message comes late.") % {"times": reached}
    return text


def neighbour_line(convoy: Convoy, now: datetime) -> tuple[str, str, str]:
    """Another held convoy: reference, days, tonnage or the word for none known."""
    span = _("unknown")
    if convoy.held_since is not None:
        held = elapsed(convoy.held_since, convoy.held_precision, now, Precision.MINUTE, instance_zone())
        span = wording.days(int(held.days)) if held.days >= 1 else f"{int(held.days * 24)} h"
    tonnes = wording.tonnes(convoy.tonnes_low, convoy.tonnes_high)
    return convoy.reference, span, tonnes or _("tonnage unknown")

"""One episode as a part of a mail: headline, lead, facts, what is new, who says what, what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from urllib.parse import quote

from django.conf import settings
from django.urls import reverse

from convoys import wording
from convoys.clocks import elapsed, instance_zone
from convoys.models import Convoy, Notification, Telling, Watch
from convoys.phrasebook import gettext as _
from convoys.phrasebook import label, ngettext
from convoys.queries.accounts import Account
from convoys.queries.alerts import AccessTold, EpisodeTold
from convoys.services.alerting.clocks import next_step_at
from convoys.services.alerting.policies import Ladder
from convoys.services.alerting.telling import is_redating
from convoys.services.messaging import phrases
from convoys.services.messaging.corrected import speak_of_end, speak_of_place
from convoys.services.messaging.gather import is_for_digest
from convoys.services.messaging.headlines import how_it_ended, speak, speak_of_redating, stood_at
from convoys.services.messaging.news import changes_since, charge_words, mark_of
from convoys.services.messaging.section import Access, Beside, Fact, Frame, Neighbour, News, Section
from convoys.vocabulary import Access as AccessCode
from convoys.vocabulary import Precision, State

MOST_ON_ACCESS = 3
NEWS_OF_WATCH = {
    Watch.HELD: News.HELD, Watch.STOPPED: News.STOPPED, Watch.SILENT: News.SILENT,
    Watch.UNCONFIRMED: News.UNCONFIRMED,
}  # fmt: skip
NEWS_OF_TELLING = {
    Telling.NOT_ENDED: News.NOT_ENDED, Telling.ENDED: News.ENDED, Telling.WITHDRAWN: News.WITHDRAWN,
}  # fmt: skip


def section_of(told: EpisodeTold, owed: Sequence[Notification], frame: Frame, beside: Beside) -> Section:
    """The part of a mail that speaks of one episode. `owed` are this reader's notifications about it,
    all of one kind of news."""
    telling, watch = Telling(owed[0].telling), Watch(owed[0].alert.watch)
    section = _begun(told, telling, watch, frame)
    section.is_new, section.is_redated = beside.told_at is None, is_redating(owed[0])
    if section.is_redated:
        section.news = News.CORRECTED
        speak_of_redating(section, told, owed, frame)
        if beside.correction is not None and beside.correction.is_of_place:
            speak_of_place(section, beside.correction)
        section.notes = _notes_on_redating(told, beside.ladder, frame)
    else:
        speak(section, told, telling, watch, frame)
        section.notes = _notes(told, owed, telling, beside.ladder, frame)
        if telling == Telling.ENDED and beside.correction is not None:
            speak_of_end(section, beside.correction)
    section.facts = _facts(told, telling, frame, charge_words(beside.charges, frame.is_staff))
    accounts = told.accounts_of_end if telling == Telling.ENDED else told.accounts
    if telling == Telling.WITHDRAWN and not section.is_redated:
        return section
    # Of an end all is new.
    told_at = beside.told_at if telling != Telling.ENDED else None
    _say(section, accounts, beside.most_accounts, told_at)
    if told_at is not None:
        section.told_at = phrases.instant(told_at, frame.zone)
        section.changes = changes_since(told, told_at, beside.charges, frame)
    return section


def _begun(told: EpisodeTold, telling: Telling, watch: Watch, frame: Frame) -> Section:
    convoy, last = told.convoy, told.last_report
    silent = watch == Watch.HELD and telling == Telling.STEP and phrases.is_silent(last, frame.now)
    return Section(
        reference=convoy.reference,
        url=page_of(convoy.reference),
        badge=convoy.status or State.PLANNED,
        badge_label=label(State(convoy.status)) if convoy.status else "",
        headline="",
        lead="",
        news=NEWS_OF_TELLING.get(telling) or NEWS_OF_WATCH[watch],
        convoy_key=convoy.pk,
        tonnage=wording.tonnes(convoy.tonnes_low, convoy.tonnes_high),
        tonnes=(convoy.tonnes_low, convoy.tonnes_high),
        where=phrases.place_name(told.opening.place or stood_at(told)),
        how=how_it_ended(told),
        how_long=phrases.how_long(told.opening, last.occurred_at, last.precision)
        if silent and last
        else phrases.how_long(told.opening, frame.now),
        silent_since=phrases.when(last, frame.zone) if silent and last else "",
        access=access_of(told.access, frame) if told.access is not None else None,
    )


def page_of(reference: str) -> str:
    """The address of a convoy's page. Django's own way asks every pattern that there is, each time."""
    return f"{settings.SITE_URL}{_before_reference()}{quote(reference, safe='')}"


@cache
def _before_reference() -> str:
    return reverse("board:convoy", args=["-"]).removesuffix("-")


def access_of(told: AccessTold, frame: Frame) -> Access:
    """A control point's access as a mail says it; no word where no report says."""
    name = phrases.place_name(told.point.place)
    if told.event is None or not told.event.access:
        return Access(told.point.pk, name)
    word = label(AccessCode(told.event.access))
    values = {"access": word, "since": phrases.when(told.event, frame.zone)}
    shown = told.accounts[:MOST_ON_ACCESS]
    return Access(
        code=told.point.pk,
        name=name,
        word=word,
        sentence=_("%(access)s since %(since)s") % values,
        accounts=tuple(phrases.said(account) for account in shown),
        claim_keys=tuple(account.claim.sequence for account in shown),
    )


def _notes_on_redating(told: EpisodeTold, ladder: Ladder, frame: Frame) -> list[str]:
    notes = [_("Steps that you were told of are not told again.")]
    following = next_step_at(told.deadline, ladder)
    if following is not None and following > frame.now:
        values = {"when": phrases.instant(following, frame.zone)}
        notes.append(_("Next, if nothing has changed by then: %(when)s.") % values)
    return notes


def _facts(told: EpisodeTold, telling: Telling, frame: Frame, charge: str) -> list[Fact]:
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
    cargo = ", ".join(line.description or str(line.get_category_display()) for line in told.cargo)
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
    if charge:
        facts.append(Fact(_("In charge"), charge))
    if convoy.route is not None and convoy.route.desk_telephone:
        facts.append(Fact(_("Desk"), convoy.route.desk_telephone))
    return facts


def _fact(label: str, value: str) -> Fact:
    return Fact(label, value or _("unknown"), is_unknown=not value)


def _say(section: Section, accounts: Sequence[Account], most: int, told_at: datetime | None) -> None:
    shown = accounts[:most]
    section.accounts = [
        phrases.said(one, mark_of(one.claim.recorded_at, one.claim.act, told_at)) for one in shown
    ]
    section.claim_keys = [account.claim.sequence for account in shown]
    section.more_accounts = len(accounts) - len(shown)


def _notes(
    told: EpisodeTold, owed: Sequence[Notification], telling: Telling, ladder: Ladder, frame: Frame
) -> list[str]:
    """Which steps these are, what comes next, and what staff are asked."""
    if telling == Telling.ENDED:
        return [_("Should it turn out that it had not ended, you will be told that too.")]
    if telling != Telling.STEP:
        return []
    notes = []
    ordered = sorted(owed, key=lambda one: one.alert.step_seconds)
    alerts = [one.alert for one in ordered]
    if alerts[0].watch == Watch.UNCONFIRMED:
        return [_ask()]
    passed = sorted({seconds for alert in alerts for seconds in alert.passed})
    if alerts[-1].backfilled:
        # Which steps the clock has passed since says nothing where nobody reported since.
        notes.append(_("This hold was loaded from history: it is told once, not step by step."))
    else:
        notes.append(_steps(ordered, ladder, frame))
    if passed and not alerts[-1].backfilled:
        listed = wording.listed([phrases.step_words(seconds) for seconds in passed])
        notes.append(
            _("Already past when it became known, so not told before: %(steps)s.") % {"steps": listed}
        )
    following = next_step_at(told.deadline, ladder)
    if following is not None and following > frame.now:
        values = {"when": phrases.instant(following, frame.zone)}
        notes.append(_("Next, if nothing has changed by then: %(when)s.") % values)
    if alerts[0].watch == Watch.HELD:
        notes.append(_("When the hold ends, you will be told, and how it ended."))
    if frame.is_staff and any(alert.asks_to_confirm for alert in alerts):
        notes.append(_ask())
    return notes


def _ask() -> str:
    return _("Nobody has confirmed it for 30 days: confirm that it is still there, or end its tracking.")


def _steps(owed: Sequence[Notification], ladder: Ladder, frame: Frame) -> str:
    """The steps told; of those told later than they were reached, when that was, and why."""
    names = [phrases.step_words(one.alert.step_seconds) for one in owed]
    values = {"steps": wording.listed(names), "all": phrases.ladder_words(ladder)}
    text = ngettext(
        "Step reached: %(steps)s, of %(all)s.",
        "Steps reached: %(steps)s, told together, of %(all)s.",
        len(names),
    ) % values  # fmt: skip
    late = [
        one
        for one in owed
        if frame.now - one.alert.reached_at > timedelta(hours=1) and not one.alert.backfilled
    ]
    if not late or any(one.alert.passed for one in owed):
        return text
    reached = {"times": wording.listed([phrases.instant(one.alert.reached_at, frame.zone) for one in late])}
    if is_for_digest(late[0].subscription):
        why = _("Reached %(times)s.") % reached
    elif late[0].not_before is not None:
        why = _("Reached %(times)s, while you had snoozed it.") % reached
    else:
        why = _("Reached %(times)s; this message comes late.") % reached
    return f"{text} {why}"


def neighbour_line(convoy: Convoy, now: datetime) -> Neighbour:
    """Another held convoy; of its tonnage the word for none known."""
    span = _("unknown")
    if convoy.held_since is not None:
        held = elapsed(convoy.held_since, convoy.held_precision, now, Precision.MINUTE, instance_zone())
        span = wording.days(int(held.days)) if held.days >= 1 else f"{int(held.days * 24)} h"
    tonnes = wording.tonnes(convoy.tonnes_low, convoy.tonnes_high)
    return Neighbour(convoy.reference, span, tonnes or _("tonnage unknown"))

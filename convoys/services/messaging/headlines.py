"""Headline and lead of one episode's part of a mail: what happened, where, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence

from convoys import wording
from convoys.models import Event, Notification, Place, Telling, Watch
from convoys.phrasebook import gettext as _
from convoys.queries.alerts import EpisodeTold
from convoys.services.messaging import phrases
from convoys.services.messaging.section import Frame, Section


def how_it_ended(told: EpisodeTold) -> str:
    """ "released at Kornidzor", "let pass: Lachin", "delivered at Stepanakert", or "" where not known."""
    return words_of_end(told.closing, told.ended, told.is_end_inferred) if told.closing else ""


def words_of_end(closing: Event, ended: str, is_inferred: bool) -> str:
    """The event that ended a hold, in words; it should have its place at hand."""
    where = phrases.place_name(closing.place)
    if is_inferred:
        words = {"delivered": _("delivered"), "passed": _("passed")}.get(closing.kind, _("let pass"))
        if closing.kind == "passed" and where:
            return _("passed %(place)s") % {"place": where}
    else:
        words = ENDED_WORDS.get(ended, lambda: ended)()
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


def stood_at(told: EpisodeTold) -> Place | None:
    return told.convoy.stands_at if told.convoy.hold_chain == told.opening.chain else None


def _before(told: EpisodeTold) -> str:
    point = told.opening.held_before
    return _(", before %(point)s") % {"point": phrases.place_name(point.place)} if point else ""


def _at(section: Section) -> str:
    return _(" at %(place)s") % {"place": section.where} if section.where else ""


def speak(section: Section, told: EpisodeTold, telling: Telling, watch: Watch, frame: Frame) -> None:
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


def speak_of_redating(
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

"""A hold that readers were told otherwise of: what they were told, and what the record says now.

Where it stands, the point before which, and how it ended. Since when, and until when, is said by the
message itself, which names the times as they stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from convoys.models import Notification, Telling
from convoys.phrasebook import gettext as _
from convoys.queries.alerts import Episodes, EpisodeTold
from convoys.queries.visibility import Viewer
from convoys.replay import Episode
from convoys.services.alerting.redating import said_of
from convoys.services.alerting.telling import tellings_made
from convoys.services.messaging import phrases
from convoys.services.messaging.headlines import words_of_end
from convoys.services.messaging.section import Section

CORRECTING = (Telling.WITHDRAWN, Telling.ENDED)


@dataclass(frozen=True)
class Correction:
    """In the reader's words: where the hold is and was said to be, and how it ended and was said to.

    Empty where both are the same; `is_end_told` where an end had been told before.
    """

    where: str = ""
    where_told: str = ""
    end: str = ""
    end_told: str = ""
    is_end_told: bool = False

    @property
    def is_of_place(self) -> bool:
        return bool(self.where or self.where_told)


class Corrections:
    """What the mails of a batch correct of what was told before; `load` reads it at once for all."""

    def __init__(self, episodes: Episodes) -> None:
        self._episodes = episodes
        self._told: dict[int, list[tuple[str, datetime]]] = {}

    def load(self, owed: Iterable[Notification]) -> None:
        """One query, or none where nothing is corrected."""
        self._told |= tellings_made({one.deadline_id for one in owed if one.telling in CORRECTING})

    def of(self, told: EpisodeTold, owed: Notification, viewer: Viewer) -> Correction | None:
        """Where, or how it ended, as this notification corrects it; None where nothing was told."""
        row, now = owed.deadline, told.episode
        made = self._told.get(row.pk, ()) if owed.telling in CORRECTING else ()
        before = next(((telling, at) for telling, at in made if at < owed.created_at), None)
        was = self._episodes.episode_at(row, before[1]) if before is not None else None
        if before is None or was is None or now is None:
            return None
        here = there = ""
        if said_of(was).where != said_of(now).where:
            here, there = self._where(now, was), self._where(was, now)
        is_end_told = before[0] == Telling.ENDED and was.closing is not None
        end = end_told = ""
        if is_end_told and was.closing is not None and said_of(was).ended != said_of(now).ended:
            may_see = self._episodes.may_read(viewer, was.closing)
            if may_see and told.closing is not None:
                end = words_of_end(told.closing, now.ended, now.is_end_inferred)
                end_told = words_of_end(was.closing, was.ended, was.is_end_inferred)
        return Correction(here, there, end, end_told, is_end_told)

    def _where(self, now: Episode, was: Episode) -> str:
        """The place where it is now said to be, the point before which, or both: what differs."""
        values = {
            "place": phrases.place_name(self._episodes.place(now.stands_at)),
            "point": phrases.place_name(self._episodes.place(now.held_before)),
        }
        at = _("at %(place)s") % values if values["place"] and now.stands_at != was.stands_at else ""
        before = _("before %(point)s") % values if values["point"] else ""
        if now.held_before == was.held_before:
            before = ""
        return " ".join(part for part in (at, before) if part)


def speak_of_place(section: Section, correction: Correction) -> None:
    """Headline, subject and lead of a hold of which another place or point was told."""
    values = {
        "reference": section.reference, "here": correction.where, "there": correction.where_told,
        "since": section.since, "span": section.how_long,
    }  # fmt: skip
    if correction.where and correction.where_told:
        section.headline = _("%(reference)s is held %(here)s, not %(there)s") % values
    elif correction.where:
        section.headline = _("%(reference)s is held %(here)s") % values
    else:
        section.headline = _("%(reference)s is not held %(there)s") % values
    section.corrected = section.headline
    lead = [
        _("You were told that it was held %(there)s; the record was corrected.") % values
        if correction.where_told
        else _("The record of where it is held was completed.")
    ]
    lead.append(
        _("It is held %(here)s.") % values if correction.where else _("Nothing else is on record instead.")
    )
    lead.append(_("It has been held since %(since)s, for %(span)s.") % values)
    section.lead = " ".join(lead)


def speak_of_end(section: Section, correction: Correction) -> None:
    """Subject and notes of an end, or of the place of an ended hold, that was told otherwise."""
    values = {
        "reference": section.reference, "end": correction.end, "told": correction.end_told,
        "here": correction.where, "there": correction.where_told,
    }  # fmt: skip
    if correction.end and correction.end_told:
        section.corrected = _("%(reference)s, no longer held: %(end)s, not %(told)s") % values
        section.notes.insert(0, _("You were told: %(told)s. The record was corrected: %(end)s.") % values)
    elif correction.is_end_told:
        section.notes.insert(
            0, _("The record was corrected: these times replace those you may have been told.")
        )
    if correction.where_told:
        section.notes.insert(0, _("It was not held %(there)s, as you were told.") % values)


def subject_line(sections: Sequence[Section]) -> str:
    """The subject of a message that corrects what was told."""
    if len(sections) == 1:
        return _("Corrected: %(what)s") % {"what": sections[0].corrected}
    names = phrases.references([section.reference for section in sections])
    return _("Corrected: %(count)s holds: %(references)s") % {"count": len(sections), "references": names}

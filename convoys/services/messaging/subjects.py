"""Subject lines: what, where, how long. One line, whatever stands in a name."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from convoys.models import Telling, Watch
from convoys.services.messaging import phrases
from convoys.services.messaging.corrected import subject_line
from convoys.services.messaging.section import Section

LONGEST = 300


def subject_of(
    sections: Sequence[Section], telling: Telling, watch: Watch, is_exercise: bool, is_redated: bool = False
) -> str:
    if any(one.corrected for one in sections) and (is_redated or all(one.corrected for one in sections)):
        line = subject_line(sections)
    elif is_redated:
        line = _redated(sections)
    elif len(sections) == 1:
        line = _one(sections[0], telling, watch)
    else:
        line = _several(sections, telling, watch)
    # A plain hyphen keeps most subjects in ASCII, which every mail program shows as it stands.
    line = " ".join(line.split())[:LONGEST].replace("–", "-")
    return f"[{_('EXERCISE')}] {line}" if is_exercise else line


def _redated(sections: Sequence[Section]) -> str:
    one = sections[0]
    if len(sections) > 1:
        names = phrases.references([section.reference for section in sections])
        values: dict[str, object] = {"count": len(sections), "references": names}
        return _("Re-dated: %(count)s holds began at another time: %(references)s") % values
    at = _(" at %(place)s") % {"place": one.where} if one.where else ""
    values = {"reference": one.reference, "at": at, "since": one.since}
    return _("Re-dated: %(reference)s, held%(at)s since %(since)s") % values


def _one(section: Section, telling: Telling, watch: Watch) -> str:
    values = {
        "reference": section.reference, "span": section.how_long, "last": section.silent_since,
        "at": _(" at %(place)s") % {"place": section.where} if section.where else "",
        "how": f", {section.how}" if section.how else "",
        "tonnage": f", {section.tonnage}" if section.tonnage else "",
    }  # fmt: skip
    if telling == Telling.ENDED:
        return _("No longer held: %(reference)s%(how)s") % values
    if telling == Telling.WITHDRAWN:
        return _("Withdrawn: %(reference)s was not held%(at)s") % values
    if telling == Telling.NOT_ENDED:
        return _("Held after all%(at)s: %(reference)s%(tonnage)s") % values
    if watch == Watch.STOPPED:
        return _("Stopped %(span)s%(at)s: %(reference)s%(tonnage)s") % values
    if watch == Watch.SILENT:
        return _("No report for %(span)s: %(reference)s%(tonnage)s") % values
    if watch == Watch.UNCONFIRMED:
        return _("Confirm or end tracking: %(reference)s, held%(at)s, unconfirmed for 30 days") % values
    if section.silent_since:
        return _("Held%(at)s when last reported, %(last)s: %(reference)s%(tonnage)s") % values
    return _("Held %(span)s%(at)s: %(reference)s%(tonnage)s") % values


def _several(sections: Sequence[Section], telling: Telling, watch: Watch) -> str:
    places = {section.where for section in sections}
    values = {
        "count": len(sections),
        "references": phrases.references([section.reference for section in sections]),
        "at": _(" at %(place)s") % {"place": places.pop()} if len(places) == 1 and "" not in places else "",
    }
    if telling == Telling.ENDED:
        return _("%(count)s convoys no longer held: %(references)s") % values
    if telling == Telling.WITHDRAWN:
        return _("Withdrawn: %(count)s convoys were not held%(at)s: %(references)s") % values
    if telling == Telling.NOT_ENDED:
        return _("%(count)s convoys held after all%(at)s: %(references)s") % values
    if watch == Watch.STOPPED:
        return _("%(count)s convoys stopped%(at)s: %(references)s") % values
    if watch == Watch.SILENT:
        return _("No report of %(count)s convoys: %(references)s") % values
    if watch == Watch.UNCONFIRMED:
        return _("Confirm or end tracking: %(count)s holds unconfirmed for 30 days: %(references)s") % values
    if all(section.silent_since for section in sections):
        return _("%(count)s convoys held%(at)s when last reported: %(references)s") % values
    return _("%(count)s convoys held%(at)s: %(references)s") % values

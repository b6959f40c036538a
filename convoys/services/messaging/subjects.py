"""Subject lines: what, where, how long. One line, whatever stands in a name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from convoys.phrasebook import gettext as _
from convoys.phrasebook import ngettext
from convoys.services.messaging import phrases
from convoys.services.messaging.corrected import subject_line
from convoys.services.messaging.layout import common_point, tonnage_of
from convoys.services.messaging.section import News, Section

LONGEST = 300


def subject_of(sections: Sequence[Section], is_exercise: bool, is_digest: bool = False) -> str:
    kinds = {section.news for section in sections}
    if is_digest:
        line = _digest(sections)
    elif len(kinds) > 1:
        line = _mixed(sections)
    elif any(one.corrected for one in sections) and (
        kinds == {News.CORRECTED} or all(one.corrected for one in sections)
    ):
        line = subject_line(sections)
    elif kinds == {News.CORRECTED}:
        line = _redated(sections)
    elif len(sections) == 1:
        line = _one(sections[0])
    else:
        line = _several(sections)
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


def _one(section: Section) -> str:
    values = {
        "reference": section.reference, "span": section.how_long, "last": section.silent_since,
        "at": _(" at %(place)s") % {"place": section.where} if section.where else "",
        "how": f", {section.how}" if section.how else "",
        "tonnage": f", {section.tonnage}" if section.tonnage else "",
    }  # fmt: skip
    match section.news:
        case News.ENDED:
            return _("No longer held: %(reference)s%(how)s") % values
        case News.WITHDRAWN:
            return _("Withdrawn: %(reference)s was not held%(at)s") % values
        case News.NOT_ENDED:
            return _("Held after all%(at)s: %(reference)s%(tonnage)s") % values
        case News.STOPPED:
            return _("Stopped %(span)s%(at)s: %(reference)s%(tonnage)s") % values
        case News.SILENT:
            return _("No report for %(span)s: %(reference)s%(tonnage)s") % values
        case News.UNCONFIRMED:
            return _("Confirm or end tracking: %(reference)s, held%(at)s, unconfirmed for 30 days") % values
    if section.silent_since:
        return _("Held%(at)s when last reported, %(last)s: %(reference)s%(tonnage)s") % values
    return _("Held %(span)s%(at)s: %(reference)s%(tonnage)s") % values


def _several(sections: Sequence[Section]) -> str:
    places = {section.where for section in sections}
    values: dict[str, object] = {
        "count": len(sections),
        "references": phrases.references([section.reference for section in sections]),
        "at": _(" at %(place)s") % {"place": places.pop()} if len(places) == 1 and "" not in places else "",
    }
    match sections[0].news:
        case News.ENDED:
            return _("%(count)s convoys no longer held: %(references)s") % values
        case News.WITHDRAWN:
            return _("Withdrawn: %(count)s convoys were not held%(at)s: %(references)s") % values
        case News.NOT_ENDED:
            return _("%(count)s convoys held after all%(at)s: %(references)s") % values
        case News.STOPPED:
            return _("%(count)s convoys stopped%(at)s: %(references)s") % values
        case News.SILENT:
            return _("No report of %(count)s convoys: %(references)s") % values
        case News.UNCONFIRMED:
            return (
                _("Confirm or end tracking: %(count)s holds unconfirmed for 30 days: %(references)s") % values
            )
    silent = all(section.silent_since for section in sections)
    point = common_point(sections)
    if point is None:
        words = (
            _("%(count)s convoys held%(at)s when last reported: %(references)s")
            if silent
            else _("%(count)s convoys held%(at)s: %(references)s")
        )
        return words % values
    tonnage = tonnage_of(sections)
    values |= {
        "point": point.name,
        "access": f", {point.word}" if point.word else "",
        "tonnage": f", {tonnage}" if tonnage else "",
    }
    if silent:
        return _("Held at %(point)s when last reported: %(count)s convoys%(tonnage)s") % values
    return _("Held at %(point)s%(access)s: %(count)s convoys%(tonnage)s") % values


def _mixed(sections: Sequence[Section]) -> str:
    """ "2 held, 1 stopped: C-1, C-2, C-3"."""
    names = phrases.references([section.reference for section in sections])
    counts = Counter(section.news for section in sections)
    parts = ", ".join(COUNTED[news](counts[news]) for news in News if counts[news])
    return _("%(parts)s: %(references)s") % {"parts": parts, "references": names}


def _digest(sections: Sequence[Section]) -> str:
    """ "Convoys held: 3 new, 1 ended"."""
    counts = Counter(section.news for section in sections)
    counted = []
    if counts[News.HELD]:
        new = sum(section.is_new for section in sections if section.news == News.HELD)
        longer = counts.pop(News.HELD) - new
        counted += [_new(new)] if new else []
        counted += [_longer(longer)] if longer else []
    counted += [COUNTED[news](counts[news]) for news in News if counts[news]]
    return _("Convoys held: %(parts)s") % {"parts": ", ".join(counted)}


def _new(count: int) -> str:
    return ngettext("%(count)s new", "%(count)s new", count) % {"count": count}


def _longer(count: int) -> str:
    return ngettext("%(count)s held longer", "%(count)s held longer", count) % {"count": count}


# Called late, since the language is the reader's.
COUNTED = {
    News.HELD: lambda n: ngettext("%(count)s held", "%(count)s held", n) % {"count": n},
    News.NOT_ENDED: lambda n: (
        ngettext("%(count)s held after all", "%(count)s held after all", n) % {"count": n}
    ),
    News.CORRECTED: lambda n: ngettext("%(count)s corrected", "%(count)s corrected", n) % {"count": n},
    News.ENDED: lambda n: ngettext("%(count)s ended", "%(count)s ended", n) % {"count": n},
    News.WITHDRAWN: lambda n: ngettext("%(count)s withdrawn", "%(count)s withdrawn", n) % {"count": n},
    News.STOPPED: lambda n: ngettext("%(count)s stopped", "%(count)s stopped", n) % {"count": n},
    News.SILENT: lambda n: ngettext("%(count)s without report", "%(count)s without report", n) % {"count": n},
    News.UNCONFIRMED: lambda n: ngettext("%(count)s to confirm", "%(count)s to confirm", n) % {"count": n},
}

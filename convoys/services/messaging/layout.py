"""How the parts of one mail stand together: by kind of news, and before which control point."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from convoys import wording
from convoys.phrasebook import gettext as _
from convoys.phrasebook import ngettext
from convoys.services.messaging.section import Access, Group, News, Section

# From so many convoys on, a control point makes one group of them.
CROWD = 2
TOGETHER = (News.HELD, News.ENDED)


def groups_of(sections: Sequence[Section], is_digest: bool) -> list[Group]:
    """The parts in the order in which they are read; headings only where there are several groups."""
    groups: list[Group] = []
    for news in News:
        alike = [section for section in sections if section.news == news]
        rest: list[Section] = []
        before = len(groups)
        for code, crowd in _by_point(alike).items():
            if news in TOGETHER and code and len(crowd) >= CROWD:
                groups.append(Group(crowd, _crowd_heading(crowd), crowd[0].access))
            else:
                rest += crowd
        if rest:
            is_elsewhere = news == News.HELD and len(groups) > before
            groups.append(Group(rest, _("Held elsewhere") if is_elsewhere else HEADINGS[news]()))
    if len(groups) == 1 and not is_digest and groups[0].access is None:
        groups[0].heading = ""
    return groups


def common_point(sections: Sequence[Section]) -> Access | None:
    """The control point that all of several parts are held before, if it is one."""
    points = {section.access.code for section in sections if section.access is not None}
    if len(sections) < CROWD or len(points) != 1 or any(one.access is None for one in sections):
        return None
    return sections[0].access


def tonnage_of(sections: Sequence[Section]) -> str:
    """What several convoys carry: "120–135 t"; "at least" where some is unknown, "" where all is."""
    lows, highs = [one.tonnes[0] for one in sections], [one.tonnes[1] for one in sections]
    low = sum((value for value in lows if value is not None), Decimal(0))
    known = [value for value in highs if value is not None]
    high = sum(known, Decimal(0)) if len(known) == len(sections) else None
    if not low and not known:
        return ""
    return wording.tonnes_in_sum(low, high)


def _by_point(sections: Sequence[Section]) -> dict[str, list[Section]]:
    by_point: dict[str, list[Section]] = {}
    for section in sections:
        by_point.setdefault(section.access.code if section.access is not None else "", []).append(section)
    return by_point


def _crowd_heading(crowd: Sequence[Section]) -> str:
    point = crowd[0].access
    tonnage = tonnage_of(crowd)
    values = {
        "count": len(crowd), "point": point.name if point is not None else "",
        "tonnage": f", {tonnage}" if tonnage else "",
    }  # fmt: skip
    if crowd[0].news == News.ENDED:
        return (
            ngettext(
                "No longer held before %(point)s: %(count)s convoy%(tonnage)s",
                "No longer held before %(point)s: %(count)s convoys%(tonnage)s",
                len(crowd),
            )
            % values
        )
    return (
        ngettext(
            "Held before %(point)s: %(count)s convoy%(tonnage)s",
            "Held before %(point)s: %(count)s convoys%(tonnage)s",
            len(crowd),
        )
        % values
    )


# Called late, since the language is the reader's.
HEADINGS = {
    News.HELD: lambda: _("Held"),
    News.NOT_ENDED: lambda: _("Held after all"),
    News.CORRECTED: lambda: _("Corrected"),
    News.ENDED: lambda: _("No longer held"),
    News.WITHDRAWN: lambda: _("Withdrawn"),
    News.STOPPED: lambda: _("Stopped"),
    News.SILENT: lambda: _("No report"),
    News.UNCONFIRMED: lambda: _("To confirm or to end tracking"),
}

"""What an event says in words: its title, and what it carries, put together from its columns.

The table of kinds says what an event may carry; nothing here decides what is so.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from convoys import wording
from convoys.models import Event
from convoys.queries.told import Told
from convoys.vocabulary import KINDS, Access, DecidedBy, Item, LossMode, ShortfallReason

ALL_PARTNERS = "all_partners"  # as `visibility_changed` declares it

# How a place follows the kind's label; "at" where nothing else is said.
PLACE_AFTER = {
    "departed": gettext_lazy("from %(place)s"),
    "arrived": gettext_lazy("in %(place)s"),
    "passed": "%(place)s",
    "delivered": gettext_lazy("in %(place)s"),
}
UNPLACED = frozenset({"note", "visibility_changed", "registered", "amended", "tracking_ended"})


def title_of(event: Event, kind: str = "") -> str:
    """What happened, in one line: "Held at Kornidzor, before Lachin checkpoint"."""
    kind = kind or event.kind
    title = str(KINDS[kind].label)
    if kind == "amended":
        return f"{title}: {wording.listed([str(item.label) for item in Item if item in event.declares])}"
    if kind in UNPLACED:
        return title
    if event.place:
        title += " " + str(PLACE_AFTER.get(kind, _("at %(place)s"))) % {"place": event.place.display_name}
    if event.held_before:
        title += ", " + _("before %(point)s") % {"point": event.held_before.place.display_name}
    if event.heading:
        title += ", " + _("heading for %(place)s") % {"place": event.heading.display_name}
    if event.access:
        title += f": {Access(event.access).label}"
    if event.loss_mode:
        title += f": {LossMode(event.loss_mode).label}"
    return title


def lines_of(told: Told) -> list[str]:
    event = told.event
    lines = []
    figures = []
    if event.trucks is not None:
        figures.append(_("%(count)s trucks") % {"count": event.trucks} if event.trucks != 1 else _("1 truck"))
    tonnage = wording.tonnes(event.tonnes_low, event.tonnes_high)
    if tonnage:
        figures.append(tonnage)
    if figures:
        lines.append(", ".join(figures) + ".")
    lines += _cargo(told)
    if event.decided_by:
        by = (
            event.decided_by_organisation.name
            if event.decided_by_organisation
            else DecidedBy(event.decided_by).label
        )
        lines.append(_("Decided by: %(who)s.") % {"who": by})
    lines += [*_declared(told.declares), *([str(told.words["text"])] if told.words.get("text") else [])]
    if told.words.get("time_as_printed") and event.kind not in UNPLACED:
        lines.append(_("Time as printed: “%(words)s”.") % {"words": told.words["time_as_printed"]})
    return lines


def _cargo(told: Told) -> list[str]:
    """What of a load is told apart, why some is missing, and where the cargo goes on."""
    event, lines = told.event, []
    damaged = wording.tonnes(event.damaged_tonnes_low, event.damaged_tonnes_high)
    refused = wording.tonnes(event.refused_tonnes_low, event.refused_tonnes_high)
    if damaged:
        lines.append(_("Damaged: %(tonnes)s.") % {"tonnes": damaged})
    if refused:
        lines.append(_("Refused: %(tonnes)s.") % {"tonnes": refused})
    if event.shortfall_reason:
        why = ShortfallReason(event.shortfall_reason).label
        lines.append(_("Less than declared: %(why)s.") % {"why": why})
    if event.next_carrier:
        lines.append(_("Next carrier: %(who)s.") % {"who": event.next_carrier.name})
    if told.goes_on_as:
        lines.append(_("Goes on as %(convoy)s.") % {"convoy": told.goes_on_as.reference})
    elif event.other_convoy_id:
        lines.append(_("Goes on as a convoy that you do not see."))
    return lines


def _declared(declares: Mapping[str, Any]) -> list[str]:
    """What a registration or amendment states: figures by value, the rest by name."""
    stated = []
    tonnage = declares.get("tonnes") or {}
    for item in (item for item in Item if item in declares):
        value = ""
        if item == Item.TONNES:
            value = wording.tonnes(_decimal(tonnage.get("low")), _decimal(tonnage.get("high"))) or _(
                "unknown"
            )
        elif item == Item.TRUCKS:
            value = str(declares[item]) if declares[item] is not None else _("unknown")
        stated.append(f"{item.label} {value}".strip())
    lines = [_("States: %(items)s.") % {"items": ", ".join(stated)}] if stated else []
    shared = declares.get("visible_to")
    if shared == ALL_PARTNERS:
        lines.append(_("Shared with all partners."))
    elif shared is not None:
        lines.append(
            _("Shared by name with: %(who)s.") % {"who": ", ".join(shared)}
            if shared
            else _("Shared with nobody.")
        )
    return lines


def _decimal(text: str | None) -> Decimal | None:
    return Decimal(text) if text is not None else None

"""What became known of an episode since its reader was told of it last, one line each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal

from convoys import wording
from convoys.models import AlertResponse, Event
from convoys.phrasebook import gettext as _
from convoys.queries.alerts import EpisodeTold
from convoys.queries.responses import in_charge, name_of
from convoys.services.messaging import phrases
from convoys.services.messaging.section import Frame
from convoys.vocabulary import KINDS, Act

MOST = 6
# These say nothing of the convoy, or nothing that a line could say.
SILENT_KINDS = frozenset({"registered", "visibility_changed", "note"})


def changes_since(
    told: EpisodeTold, at: datetime, charges: Sequence[AlertResponse], frame: Frame
) -> list[str]:
    """New reports and positions, corrected figures, who took charge; that nothing did is said too."""
    lines = [
        line
        for entry in told.entries
        if entry.recorded_at > at and entry.chain != told.opening.chain and entry.kind not in SILENT_KINDS
        for line in _lines(entry, told.entries, frame)
    ]
    more = len(lines) - MOST
    if more > 0:
        lines = [*lines[-MOST:], _("… and earlier reports, on its page.")]
    lines += [line for row in charges if (line := _charge(row, at, frame, charges))]
    count = sum(1 for account in told.accounts if account.claim.recorded_at > at)
    if count:
        lines.append(_("New or corrected statements: %(count)s, marked below.") % {"count": count})
    return lines or [_("No new report.")]


def charge_words(charges: Sequence[AlertResponse], is_staff: bool) -> str:
    """Who is in charge: by name to staff, to partners that the desk is; "" where nobody is."""
    holder = in_charge(charges)
    if holder is None:
        return ""
    return name_of(holder.user) if is_staff else _("the desk has taken charge")


def mark_of(recorded_at: datetime, act: str, at: datetime | None) -> str:
    """ "new" or "corrected" of a statement that came after the last message, else ""."""
    if at is None or recorded_at <= at:
        return ""
    return _("corrected") if act == Act.CORRECT else _("new")


def _lines(entry: Event, entries: Sequence[Event], frame: Frame) -> list[str]:
    when = phrases.when(entry, frame.zone)
    title = _title(entry)
    if entry.act == Act.RETRACT:
        return [_("Taken back: %(what)s, %(when)s.") % {"what": title, "when": when}]
    if entry.kind == "amended":
        return _amended(entry, entries)
    if entry.kind == "seen":
        return [_("Confirmed, %(when)s.") % {"when": when}]
    if entry.act == Act.CORRECT:
        return [_("Corrected: %(what)s, %(when)s.") % {"what": title, "when": when}]
    return [_("%(what)s, %(when)s.") % {"what": title, "when": when}]


def _title(entry: Event) -> str:
    """ "Arrived at Kornidzor"."""
    label = str(KINDS[entry.kind].label)
    label = label[:1].upper() + label[1:]
    where = phrases.place_name(entry.place)
    return label + (_(" at %(place)s") % {"place": where} if where else "")


def _amended(entry: Event, entries: Sequence[Event]) -> list[str]:
    """Of a declaration the figures: what they are, and what they were."""
    lines = []
    for item, label, said in FIGURES:
        if item not in entry.declares:
            continue
        now, before = said(entry.declares[item]), said(_declared_before(entry, entries, item))
        if now != before:
            values = {"label": label(), "now": now or _("unknown"), "before": before or _("unknown")}
            lines.append(_("%(label)s corrected: %(now)s; before: %(before)s.") % values)
    return lines


def _declared_before(entry: Event, entries: Sequence[Event], item: str) -> object:
    earlier = [
        one.declares[item]
        for one in entries
        if one.sequence < entry.sequence and item in one.declares and one.act != Act.RETRACT
    ]
    return earlier[-1] if earlier else None


def _tonnes(value: object) -> str:
    if not isinstance(value, dict):
        return ""
    low, high = (Decimal(value[end]) if value.get(end) is not None else None for end in ("low", "high"))
    return wording.tonnes(low, high)


FIGURES: tuple[tuple[str, Callable[[], str], Callable[[object], str]], ...] = (
    ("tonnes", lambda: _("Tonnage"), _tonnes),
    ("trucks", lambda: _("Trucks"), lambda value: "" if value is None else str(value)),
)


def _charge(row: AlertResponse, at: datetime, frame: Frame, charges: Sequence[AlertResponse]) -> str:
    """That somebody took charge, took over, or laid it down."""
    values = {"name": name_of(row.user), "when": phrases.instant(row.at, frame.zone)}
    if row.at > at:
        if frame.is_staff:
            return _("%(name)s took charge, %(when)s.") % values
        is_first = row is charges[0]
        return _("The desk has taken charge, %(when)s.") % values if is_first else ""
    if row.ended_at is not None and row.ended_at > at and in_charge(charges) is None:
        values["when"] = phrases.instant(row.ended_at, frame.zone)
        return _("Nobody is in charge any more, since %(when)s.") % values
    return ""

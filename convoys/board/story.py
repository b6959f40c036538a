"""A convoy's entries as a reader meets them: a title, what is left open, who says what.

Titles are put together from the columns that an event carries, by the table of kinds; nothing
here decides what is so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from convoys import wording
from convoys.clocks import zone_named
from convoys.models import Event
from convoys.queries.accounts import Account
from convoys.queries.told import Told
from convoys.replay import Step
from convoys.templatetags.look import moment
from convoys.vocabulary import (
    KINDS,
    Access,
    Bound,
    Cause,
    ConvoyLink,
    DecidedBy,
    Item,
    LossMode,
    Order,
    Precision,
    ShortfallReason,
    SpeakerKind,
    Stance,
)

ALL_PARTNERS = "all_partners"  # as `visibility_changed` declares it
OPEN_ACCOUNTS = 6  # up to so many stand open; of more, the first of each speaker and of each holder named

# How a place follows the kind's label; "at" where nothing else is said.
PLACE_AFTER = {
    "departed": gettext_lazy("from %(place)s"),
    "arrived": gettext_lazy("in %(place)s"),
    "passed": "%(place)s",
    "delivered": gettext_lazy("in %(place)s"),
}
UNPLACED = frozenset({"note", "visibility_changed", "registered", "amended", "tracking_ended"})
# Knots that show a state's shape; every other entry is a dot.
KNOT = {
    "departed": "dispatched",
    "resumed": "dispatched",
    "released": "dispatched",
    "turned_back": "dispatched",
    "registered": "planned",
    "stopped": "stopped",
    "held": "held",
    "delivered": "delivered",
    "returned": "returned",
    "lost": "lost",
    "cancelled": "cancelled",
}


@dataclass(frozen=True)
class AccountShown:
    """One account in the form that all accounts have."""

    account: Account
    heading: str
    statement: str
    alleges: list[str]
    stance: str
    source: str
    link: str
    said: str
    reported: str
    answers: list[AccountShown]
    earlier: list[AccountShown]


@dataclass(frozen=True)
class EntryShown:
    told: Told
    knot: str
    title: str
    is_held: bool
    when: SafeString
    known: str
    lines: list[str]
    open_accounts: list[AccountShown]
    more_accounts: list[AccountShown]
    without_account: list[str]
    inferred: list[str]
    reason: str
    known_from: SafeString
    contested: str
    is_late: bool = False
    earlier: list[EntryShown] = field(default_factory=list)


def zone_of(event: Event) -> ZoneInfo:
    return zone_named(event.time_zone)


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


def _lines(told: Told) -> list[str]:
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


def entry_of(told: Told, this_year: int) -> EntryShown:
    """An entry with its accounts in equal form, oldest first."""
    event = told.event
    zone = zone_of(event)
    accounts = [account_of(account, zone) for account in told.accounts]
    first, rest = _open_and_folded(accounts)
    reported_late = event.known_from.astimezone(zone).date() > event.occurred_at.astimezone(zone).date()
    return EntryShown(
        told=told,
        knot=KNOT.get(event.kind, "note") if not told.is_retracted else "superseded",
        title=title_of(event),
        is_held=event.kind == "held" and not told.is_retracted,
        when=moment(event.occurred_at, event.precision, event.bound, zone, "short", this_year),
        known=wording.what_is_known_briefly(event.precision),
        lines=_lines(told),
        open_accounts=first,
        more_accounts=rest,
        without_account=_without_account(told.accounts) if event.kind == "held" else [],
        inferred=[_inferred(step) for step in told.inferred],
        reason=str(told.words.get("reason", "")),
        known_from=moment(event.known_from, Precision.DAY, Bound.AT, zone, "short"),
        contested=contested_in_words(told.contested),
        is_late=reported_late and event.precision != Precision.MONTH,
        earlier=[entry_of(version, this_year) for version in told.earlier],
    )


def contested_in_words(points: Sequence[str]) -> str:
    """ "who and access contested"; empty where nothing is."""
    return _("%(points)s contested") % {"points": wording.listed(list(points))} if points else ""


def _inferred(step: Step) -> str:
    return str(KINDS[step.kind].label)


def _open_and_folded(accounts: list[AccountShown]) -> tuple[list[AccountShown], list[AccountShown]]:
    """Of many accounts, the first of each party and of each holder named stands open."""
    if len(accounts) <= OPEN_ACCOUNTS:
        return accounts, []
    parties: set[str] = set()
    holders: set[str] = set()
    first: list[AccountShown] = []
    rest: list[AccountShown] = []
    for shown in accounts:
        account = shown.account
        party = account.speaker if account.claim.speaker_kind == SpeakerKind.PARTY else ""
        new_party = bool(party) and party not in parties
        new_holder = not holders.issuperset(account.holders)
        (first if new_party or new_holder else rest).append(shown)
        parties.add(party)
        holders.update(account.holders)
    return (first, rest) if first else (accounts[:OPEN_ACCOUNTS], accounts[OPEN_ACCOUNTS:])


def _without_account(accounts: Iterable[Account]) -> list[str]:
    """Holders named by others who have no account of their own on file, in order of naming."""
    standing = [account for account in accounts if not account.is_retracted]
    answering = [answer for account in standing for answer in account.answers if not answer.is_retracted]
    spoke = {account.speaker for account in [*standing, *answering]}
    named = dict.fromkeys(holder for account in standing for holder in account.holders)
    return [holder for holder in named if holder not in spoke]


def account_of(account: Account, zone: ZoneInfo) -> AccountShown:
    """An account as it is shown, whoever speaks."""
    claim, words = account.claim, account.words
    person = str(words.get("person", ""))
    if account.is_masked:
        heading = _("Confidential source (%(kind)s)") % {"kind": SpeakerKind(claim.speaker_kind).label}
    else:
        heading = f"{account.speaker} ({person})" if person else account.speaker
    link = str(words.get("link", ""))
    host = (urlsplit(link).hostname or "") if link.startswith(("https://", "http://")) else ""
    source = host.removeprefix("www.") or str(words.get("title", "")) or account.publisher
    return AccountShown(
        account=account,
        heading=heading or _("Speaker not named"),
        statement=str(words.get("statement", "")),
        alleges=_alleged(account, zone),
        stance=str(Stance(claim.stance).label) if claim.stance in (Stance.DISPUTES, Stance.DENIES) else "",
        source=source,
        link=link if host else "",
        said=wording.short_day(claim.said_on) if claim.said_on else "",
        reported=wording.short_day(claim.reported_on)
        if claim.reported_on and claim.reported_on != claim.said_on
        else "",
        answers=[account_of(answer, zone) for answer in account.answers],
        earlier=[account_of(version, zone) for version in account.earlier],
    )


def _alleged(account: Account, zone: ZoneInfo) -> list[str]:
    """What the account alleges beside its words, each in a few words."""
    claim = account.claim
    said = []
    if account.holders:
        said.append(_("names as holding it: %(who)s") % {"who": ", ".join(account.holders)})
    if claim.alleged_causes:
        causes = [str(Cause(code).label) if code in Cause.values else code for code in claim.alleged_causes]
        said.append(_("cause: %(causes)s") % {"causes": ", ".join(causes).lower()})
    if claim.alleged_at:
        day = _alleged_day(claim.alleged_at, claim.alleged_precision, zone)
        said.append(_("date: %(day)s") % {"day": day})
    where = (
        claim.alleged_place.display_name
        if claim.alleged_place
        else str(account.words.get("alleged_place_words", ""))
    )
    if where:
        said.append(_("place: %(place)s") % {"place": where})
    if claim.alleged_access:
        said.append(_("access: %(access)s") % {"access": Access(claim.alleged_access).label})
    if claim.alleged_order:
        said.append(_("order: %(order)s") % {"order": Order(claim.alleged_order).label})
    if claim.alleged_link and claim.alleged_convoy:
        said.append(f"{ConvoyLink(claim.alleged_link).label} {claim.alleged_convoy.reference}")
    if claim.alleged_trucks is not None:
        said.append(_("trucks: %(count)s") % {"count": claim.alleged_trucks})
    tonnage = wording.tonnes(claim.alleged_tonnes_low, claim.alleged_tonnes_high)
    if tonnage:
        said.append(tonnage)
    return said


def _alleged_day(at: datetime, precision: str, zone: ZoneInfo) -> str:
    return wording.moment(at, precision or Precision.DAY, "at", zone, short=True)

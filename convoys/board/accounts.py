"""Accounts in the one form that all of them have: whose, their words, what they allege, in which document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from convoys import wording
from convoys.queries.accounts import Account
from convoys.vocabulary import Access, Cause, ConvoyLink, Order, Precision, SpeakerKind, Stance

OPEN_ACCOUNTS = 6  # up to so many stand open; of more, the first of each speaker and of each holder named


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


def open_and_folded(accounts: list[AccountShown]) -> tuple[list[AccountShown], list[AccountShown]]:
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


def without_account(accounts: Iterable[Account]) -> list[str]:
    """Holders named by others who have no account of their own on file, in order of naming."""
    standing = [account for account in accounts if not account.is_retracted]
    answering = [answer for account in standing for answer in account.answers if not answer.is_retracted]
    spoke = {account.speaker for account in [*standing, *answering]}
    named = dict.fromkeys(holder for account in standing for holder in account.holders)
    return [holder for holder in named if holder not in spoke]

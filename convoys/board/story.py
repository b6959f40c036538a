"""A subject's entries as a reader meets them: a title, what is left open, who says what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from convoys import wording
from convoys.board.accounts import AccountShown, account_of, open_and_folded, without_account
from convoys.board.told_words import lines_of, title_of
from convoys.clocks import zone_named
from convoys.models import Event
from convoys.queries.late import is_late_reported
from convoys.queries.told import Told
from convoys.replay import Step
from convoys.templatetags.look import moment
from convoys.vocabulary import KINDS, Bound, Precision

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


def entry_of(told: Told, this_year: int) -> EntryShown:
    """An entry with its accounts in equal form, oldest first."""
    event = told.event
    zone = zone_of(event)
    accounts = [account_of(account, zone) for account in told.accounts]
    first, rest = open_and_folded(accounts)
    first_told = told.earlier[0].event if told.earlier else event
    return EntryShown(
        told=told,
        knot=KNOT.get(event.kind, "note") if not told.is_retracted else "superseded",
        title=title_of(event),
        is_held=event.kind == "held" and not told.is_retracted,
        when=moment(event.occurred_at, event.precision, event.bound, zone, "short", this_year),
        known=wording.what_is_known_briefly(event.precision),
        lines=lines_of(told),
        open_accounts=first,
        more_accounts=rest,
        without_account=without_account(told.accounts) if event.kind == "held" else [],
        inferred=[_inferred(step) for step in told.inferred],
        reason=str(told.words.get("reason", "")),
        known_from=moment(event.known_from, Precision.DAY, Bound.AT, zone, "short"),
        contested=contested_in_words(told.contested),
        is_late=is_late_reported(event, first_told.known_from),
        earlier=[entry_of(version, this_year) for version in told.earlier],
    )


def contested_in_words(points: Sequence[str]) -> str:
    """ "who and access contested"; empty where nothing is."""
    return _("%(points)s contested") % {"points": wording.listed(list(points))} if points else ""


def _inferred(step: Step) -> str:
    return str(KINDS[step.kind].label)

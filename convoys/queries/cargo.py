"""The cargo's account as a reader may have it, and what a convoy is to others, as told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from convoys.canonical import tonnes_text
from convoys.cargo import Amount, CargoAccount, cargo_account
from convoys.models import Claim, Convoy, Event
from convoys.queries.as_of import Moment, convoys_at, known_then
from convoys.queries.history import claims_in_force, history_of
from convoys.queries.visibility import Viewer, visible_claims, visible_convoys, visible_events
from convoys.replay import History, in_force


@dataclass(frozen=True)
class CargoTold:
    """A convoy's account from the reports that this viewer may read; `is_partial` where others count too."""

    account: CargoAccount
    is_partial: bool


@dataclass(frozen=True)
class LinkTold:
    """What is on record of one convoy and another: `one` is `link` of `other`.

    `link` is a code of `ConvoyLink` where a claim says so, and the kind of the event where an event
    of `one` names the other. `chain` is the claim's or the event's.
    """

    link: str
    one: Convoy
    other: Convoy
    chain: int
    is_claimed: bool


def cargo_told(convoy: Convoy, viewer: Viewer, moment: Moment | None = None) -> CargoTold:
    """The account as of a moment, as known then."""
    moment = moment or Moment()
    whole = history_of(convoy, None, moment.as_of, moment.known_at, moment.size)
    if viewer.is_staff:
        return account_in(whole, whole)
    return account_in(whole, history_of(convoy, viewer, moment.as_of, moment.known_at, moment.size))


def account_in(whole: History, readable: History) -> CargoTold:
    """The account of a history of which the reader may read a part.

    A report for staff only does not enter a partner's account, since the sums would give it away.
    """
    account = cargo_account(readable)
    return CargoTold(account, is_partial=account != cargo_account(whole))


def account_fields(told: CargoTold) -> dict[str, Any]:
    """An account as plain values: amounts as {"low", "high"} in tonnes, strings with three places.

    A high of null is "at least"; both null is unknown.
    """
    account = told.account
    return {
        "declared": _pair(account.declared),
        "parts": {part: _pair(amount) for part, amount in account.parts.items()},
        "lost_by_mode": {mode or "unknown": _pair(amount) for mode, amount in account.lost_by_mode.items()},
        "without_figure": sorted(account.without_figure),
        "accounted": _pair(account.accounted),
        "open": _pair(account.open),
        "closed_by": account.closed_by or None,
        "takes_rest": account.takes_rest,
        "shortfall": _pair(account.shortfall),
        "shortfall_reason": account.shortfall_reason or None,
        "excess": _pair(account.excess),
        "is_partial": told.is_partial,
    }


def _pair(amount: Amount | None) -> dict[str, str | None] | None:
    if amount is None:
        return None
    low = None if amount.is_unknown else tonnes_text(amount.low)
    return {"low": low, "high": None if amount.high is None else tonnes_text(amount.high)}


def links_told(convoy: Convoy, viewer: Viewer, moment: Moment | None = None) -> list[LinkTold]:
    """Every link of this convoy to others and of others to it, between convoys that the viewer sees and
    that were on record then."""
    moment = moment or Moment()
    seen = visible_convoys(viewer).exclude(status="")
    if not moment.is_now:
        seen = convoys_at(visible_convoys(viewer), moment)
    told = [*_named_by_events(convoy, viewer, moment), *_claimed(convoy, viewer, moment)]
    others = {link.one.pk for link in told} | {link.other.pk for link in told}
    visible = set(seen.filter(pk__in=others).values_list("pk", flat=True))
    return [link for link in told if {link.one.pk, link.other.pk} <= visible]


def _named_by_events(convoy: Convoy, viewer: Viewer, moment: Moment) -> list[LinkTold]:
    named = Event.objects.filter(Q(convoy=convoy) & ~Q(other_convoy=None) | Q(other_convoy=convoy))
    entries = visible_events(viewer).filter(chain__in=named.values("chain"))
    events = in_force(known_then(entries, moment).select_related("convoy", "other_convoy"))
    return [
        LinkTold(event.kind, event.convoy, event.other_convoy, event.chain, is_claimed=False)
        for event in events
        if event.convoy is not None
        and event.other_convoy is not None
        and convoy in (event.convoy, event.other_convoy)
        and (moment.as_of is None or event.effective_at <= moment.as_of)
    ]


def _claimed(convoy: Convoy, viewer: Viewer, moment: Moment) -> list[LinkTold]:
    said = Claim.objects.exclude(alleged_link="").filter(Q(target_convoy=convoy) | Q(alleged_convoy=convoy))
    entries = visible_claims(viewer).filter(chain__in=said.values("chain"))
    known = known_then(entries, moment).select_related("target_convoy", "alleged_convoy")
    return [
        LinkTold(claim.alleged_link, claim.target_convoy, claim.alleged_convoy, claim.chain, is_claimed=True)
        for claim in claims_in_force(known.order_by("said_on", "sequence"))
        if claim.target_convoy is not None
        and claim.alleged_convoy is not None
        and convoy in (claim.target_convoy, claim.alleged_convoy)
    ]

"""What became of a convoy's cargo, and what it is to other convoys, in words for pages and desk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from convoys import wording
from convoys.cargo import Amount, CargoAccount
from convoys.models import Convoy
from convoys.queries.accounts import Account
from convoys.queries.cargo import CargoTold, LinkTold
from convoys.queries.contested import figures_told
from convoys.queries.desk_record import Account as DeskAccount
from convoys.vocabulary import CargoPart, ConvoyLink, LossMode, ShortfallReason


@dataclass(frozen=True)
class PartShown:
    """One line of the account: a part of the cargo, how much, and a remark."""

    label: str
    tonnes: str
    remark: str = ""


@dataclass(frozen=True)
class LinkShown:
    """Another convoy, with the words before and after it."""

    before: str
    convoy: Convoy
    after: str


def figures_in_words(accounts: Iterable[Account] | Iterable[DeskAccount]) -> str:
    """The ranges over all figures that accounts of one convoy give, answers included: "accounts give
    360–400 t, 19–20 trucks"; "" where no figure differs from another."""
    every: list[Account | DeskAccount] = [one for account in accounts for one in (account, *account.answers)]
    tonnes, trucks = figures_told(one.claim for one in every if not one.is_retracted)
    ranges = []
    if tonnes is not None and tonnes[0] != tonnes[1]:
        ranges.append(wording.tonnes(*tonnes))
    if trucks is not None and trucks[1] is not None and trucks[0] != trucks[1]:
        low, high = (wording.plain_number(count) for count in (trucks[0], trucks[1]))
        ranges.append(_("%(low)s–%(high)s trucks") % {"low": low, "high": high})
    return _("accounts give %(ranges)s") % {"ranges": ", ".join(ranges)} if ranges else ""


def account_lines(told: CargoTold) -> list[PartShown]:
    """The account in lines, declared first; none where nothing is said to have become of any cargo."""
    account = told.account
    if not account.parts and not told.is_partial:
        return []
    lines = [PartShown(_("declared"), _amount(account.declared))]
    for code, amount in account.parts.items():
        lines.append(PartShown(str(CargoPart(code).label), _amount(amount), _remark(account, code)))
    if account.excess is not None:
        lines.append(PartShown(_("more than declared"), _amount(account.excess)))
    elif account.shortfall is not None:
        reason = account.shortfall_reason
        why = str(ShortfallReason(reason).label) if reason else _("no reason on record")
        lines.append(PartShown(_("missing"), _amount(account.shortfall), why))
    elif not account.closed_by:
        lines.append(PartShown(_("not accounted for yet"), _amount(account.open)))
    if told.is_partial:
        lines.append(PartShown(_("withheld"), _("reports that you may not read change these sums")))
    return lines


def _amount(amount: Amount | None) -> str:
    if amount is None or amount.is_unknown:
        return _("unknown")
    return wording.tonnes_in_sum(amount.low, amount.high)


def _remark(account: CargoAccount, code: str) -> str:
    said = []
    if code == account.closed_by and account.takes_rest:
        said.append(_("the rest, by what was declared"))
    if code in account.without_figure:
        said.append(_("a report gives no figure"))
    if code == CargoPart.LOST:
        said += [
            f"{LossMode(mode).label} {_amount(amount)}"
            for mode, amount in account.lost_by_mode.items()
            if mode in LossMode.values
        ]
    return "; ".join(said)


def link_lines(convoy: Convoy, links: Iterable[LinkTold]) -> list[LinkShown]:
    """The other convoys that this one is tied to; what only a claim says is marked as told."""
    return [_link(convoy, link) for link in links]


def _link(convoy: Convoy, link: LinkTold) -> LinkShown:
    is_ours = link.one == convoy
    other = link.other if is_ours else link.one
    if link.is_claimed:
        label = str(ConvoyLink(link.link).label)
        if is_ours:
            return LinkShown(label, other, _("as told"))
        return LinkShown("", other, _("(%(link)s this one, as told)") % {"link": label})
    if link.link == "split_off":
        return LinkShown(_("a part goes on as") if is_ours else _("split off from"), other, "")
    return LinkShown(_("goes on as") if is_ours else _("handed over from"), other, "")

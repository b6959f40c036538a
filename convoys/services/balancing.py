"""Whether the cargo of a journey that has ended adds up to what was declared."""

from __future__ import annotations

from convoys.cargo import CargoAccount, cargo_account
from convoys.errors import InvalidInput
from convoys.replay import History


def check_balance(reference: str, before: History, after: History) -> None:
    """Raises InvalidInput where a change set leaves a closed account that cannot add up.

    Asked on closing and of whatever changes a closed account afterwards: a correction, a retraction,
    an amended tonnage, a part that is reported late. What leaves the account as it was is let
    through, and while the convoy is under way nothing need add up yet.
    """
    account = cargo_account(after)
    if not account.closed_by or account == cargo_account(before):
        return
    if account.excess is not None:
        raise InvalidInput({"tonnes_low": _too_much(reference, account)})
    if account.shortfall is not None and not account.shortfall_reason:
        raise InvalidInput({"shortfall_reason": _too_little(reference, account)})


def _sum(reference: str, account: CargoAccount) -> str:
    total = f" make {account.accounted}" if len(account.parts) > 1 else ""
    return f"{reference}: {account.sum_in_words()}{total}, of {account.declared} declared"


def _too_much(reference: str, account: CargoAccount) -> str:
    return (
        f"{_sum(reference, account)}: {account.excess} too much. Each tonne counts once, wherever it ended: "
        "correct a figure, or what was declared."
    )


def _too_little(reference: str, account: CargoAccount) -> str:
    return (
        f"{_sum(reference, account)}: {account.shortfall} short. "
        "Say why, or record what became of it; where that is not known, leave its tonnes empty."
    )

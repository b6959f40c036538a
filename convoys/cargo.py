"""The cargo's account: what became of what a convoy was declared to carry, in tonnes.

    delivered + damaged + refused + lost + returned + split off = declared

by range: an amount has a lowest figure and, where known, a highest. A report without a figure
counts from nothing to anything, so that unknown is no shortfall; the event that ends the journey,
where it states no figure, takes all the rest. Each tonne is counted once, wherever it ended. Pure
arithmetic over a history; nothing here is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from convoys.models import Event
from convoys.replay import History
from convoys.vocabulary import KINDS, CargoPart

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Amount:
    """Tonnes, low and high; no high: at least so much, and from nothing on where it is unknown."""

    low: Decimal = NOTHING
    high: Decimal | None = NOTHING

    def __add__(self, other: Amount) -> Amount:
        high = None if self.high is None or other.high is None else self.high + other.high
        return Amount(self.low + other.low, high)

    @property
    def is_unknown(self) -> bool:
        return not self.low and self.high is None

    def beyond(self, other: Amount) -> Amount:
        """What of this can lie beyond the other amount; never below nothing."""
        low = NOTHING if other.high is None else max(NOTHING, self.low - other.high)
        return Amount(low, None if self.high is None else max(NOTHING, self.high - other.low))

    def __str__(self) -> str:
        """In words: "40 t", "360 to 400 t", "at least 20 t"."""
        if self.is_unknown:
            return "an unknown amount"
        if self.high is None:
            return f"at least {_plain(self.low)} t"
        if self.low == self.high:
            return f"{_plain(self.low)} t"
        return f"{_plain(self.low)} to {_plain(self.high)} t"


UNKNOWN = Amount(NOTHING, None)


@dataclass(frozen=True)
class CargoAccount:
    """Where a convoy's cargo is by its record.

    `parts` has what is said to have become of it, the rest that the closing takes included, in the
    order of `CargoPart`; `lost_by_mode` splits what was lost by loss mode. `without_figure` names
    the parts of which some report gives no figure. `closed_by` is the part that the end of the
    journey counts for, empty while it is under way, and `takes_rest` whether that gave no figure.
    `declared` is None where no tonnage is.
    """

    declared: Amount | None
    parts: Mapping[str, Amount] = field(default_factory=dict)
    lost_by_mode: Mapping[str, Amount] = field(default_factory=dict)
    without_figure: frozenset[str] = frozenset()
    closed_by: str = ""
    takes_rest: bool = False
    shortfall_reason: str = ""

    @property
    def accounted(self) -> Amount:
        """The sum of all parts."""
        return sum(self.parts.values(), Amount())

    @property
    def open(self) -> Amount | None:
        """What of the declared is in no part yet, or never came to be; None where nothing is declared."""
        return None if self.declared is None else self.declared.beyond(self.accounted)

    @property
    def shortfall(self) -> Amount | None:
        """What is missing for certain after the journey's end; None where the ranges meet."""
        if not self.closed_by or self.open is None or not self.open.low:
            return None
        return self.open

    @property
    def excess(self) -> Amount | None:
        """What is in the parts for certain beyond what was declared; None where the ranges meet."""
        if self.declared is None:
            return None
        beyond = self.accounted.beyond(self.declared)
        return beyond if beyond.low else None

    def sum_in_words(self) -> str:
        """ "10 t delivered, 5 t lost"."""
        said = [f"{amount} {CargoPart(part).label}" for part, amount in self.parts.items()]
        return ", ".join(said) or "nothing"


def cargo_account(history: History) -> CargoAccount:
    """The account that a history comes to."""
    parts: dict[str, Amount] = {}
    modes: dict[str, Amount] = {}
    without_figure: set[str] = set()
    closing: Event | None = None

    def count(part: str, amount: Amount, mode: str = "") -> None:
        parts[part] = parts.get(part, Amount()) + amount
        if part == CargoPart.LOST:
            modes[mode] = modes.get(mode, Amount()) + amount

    for event in _reported(history):
        kind = KINDS[event.kind]
        if kind.group == "state":
            closing = event
        for part, amount in _beside(event):
            count(part, amount)
        stated = _amount(event.tonnes_low, event.tonnes_high)
        if stated is not None:
            count(kind.accounts_for, stated, event.loss_mode)
        elif kind.reports and event is not closing:
            count(kind.accounts_for, UNKNOWN, event.loss_mode)
            without_figure.add(kind.accounts_for)
    declared = declared_in(history)
    takes_rest = closing is not None and closing.tonnes_low is None
    if closing is not None and takes_rest:
        others = sum(parts.values(), Amount())
        rest = declared.beyond(others) if declared is not None else UNKNOWN
        count(KINDS[closing.kind].accounts_for, rest, closing.loss_mode)
    return CargoAccount(
        declared=declared,
        parts={part.value: parts[part] for part in CargoPart if part in parts},
        lost_by_mode=modes,
        without_figure=frozenset(without_figure),
        closed_by=KINDS[closing.kind].accounts_for if closing else "",
        takes_rest=takes_rest,
        shortfall_reason=closing.shortfall_reason if closing else "",
    )


def _reported(history: History) -> Iterable[Event]:
    """The events that account for cargo; the last of those that end the journey ends it."""
    return [step.event for step in history.steps if not step.is_inferred and KINDS[step.kind].accounts_for]


def _beside(event: Event) -> Iterable[tuple[str, Amount]]:
    """What of a load came damaged or was refused, beside what its own tonnes count."""
    damaged = _amount(event.damaged_tonnes_low, event.damaged_tonnes_high)
    refused = _amount(event.refused_tonnes_low, event.refused_tonnes_high)
    named = ((CargoPart.DAMAGED, damaged), (CargoPart.REFUSED, refused))
    return [(part.value, amount) for part, amount in named if amount is not None]


def _amount(low: Decimal | None, high: Decimal | None) -> Amount | None:
    return None if low is None else Amount(low, high)


def declared_in(history: History) -> Amount | None:
    """The tonnage that a history comes to have declared; None where none is."""
    tonnes = history.declaration.get("tonnes") or {}
    high = tonnes.get("high")
    low = tonnes.get("low")
    return None if low is None else Amount(Decimal(low), None if high is None else Decimal(high))


def _plain(figure: Decimal) -> str:
    return f"{figure.normalize():,f}"

"""What is split off into a convoy, held to what that convoy is declared to carry.

A convoy carries at least what was split off into it; it may have loaded more elsewhere, so that a
declaration of more is no contradiction. Whoever reports a split locks both convoys, and whoever
changes a declaration locks its own, so that two writers cannot pass each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from convoys.cargo import Amount, declared_in
from convoys.errors import InvalidInput
from convoys.models import Convoy, Event
from convoys.replay import History, in_force
from convoys.services.changes import ChangeSet, SubjectRef, convoy
from convoys.services.resolving import could_be_code, records_of
from convoys.vocabulary import CargoPart


def split_into(change_set: ChangeSet) -> set[SubjectRef]:
    """The convoys that its reports say something was split off into, on record or not."""
    return {
        convoy(record.other_convoy)
        for record in records_of(change_set)
        if record.kind == CargoPart.SPLIT_OFF
        and isinstance(record.other_convoy, str)
        and could_be_code(record.other_convoy)
    }


def check_splits(
    written: Iterable[Event], histories: Mapping[SubjectRef, History], rows: Mapping[SubjectRef, Convoy]
) -> None:
    """Raises InvalidInput where more is split off into a convoy, for certain, than it is declared to
    carry, and the change set made it so.

    `written` are the new events; `histories` those of the convoys that get one, as they will be;
    `rows` every locked convoy, with its columns as they were.
    """
    new = list(written)
    concerned = {event.other_convoy for event in new if event.kind == CargoPart.SPLIT_OFF}
    concerned |= {
        rows[ref] for ref, history in histories.items() if declared_in(history) != _stated(rows[ref])
    }
    for other in sorted((one for one in concerned if one is not None), key=lambda one: one.reference):
        ref = convoy(other.reference)
        stored = _splits_on_record(other)
        before = _sum(stored, other), _stated(rows.get(ref, other))
        after = _sum([*stored, *new], other), declared_in(histories[ref]) if ref in histories else before[1]
        if after == before or after[1] is None:
            continue
        beyond = after[0].beyond(after[1])
        if beyond.low:
            raise InvalidInput({"tonnes_low": _too_much(other.reference, after[0], after[1], beyond)})


def _splits_on_record(other: Convoy) -> list[Event]:
    """Every entry of the chains of which some entry says that something was split off into a convoy."""
    chains = Event.objects.filter(other_convoy=other, kind=CargoPart.SPLIT_OFF).values("chain")
    return list(Event.objects.filter(chain__in=chains).order_by("sequence"))


def _sum(entries: Iterable[Event], other: Convoy) -> Amount:
    total = Amount()
    for event in in_force(entries):
        if event.kind == CargoPart.SPLIT_OFF and event.other_convoy_id == other.pk:
            low = event.tonnes_low
            total += Amount(Decimal(0), None) if low is None else Amount(low, event.tonnes_high)
    return total


def _stated(row: Convoy) -> Amount | None:
    return None if row.tonnes_low is None else Amount(row.tonnes_low, row.tonnes_high)


def _too_much(reference: str, split: Amount, declared: Amount, beyond: Amount) -> str:
    return (
        f"{reference}: {split} split off into it, of {declared} declared: {beyond} too much. A convoy "
        "carries at least what was split off into it: correct a figure, or what it was declared to carry."
    )

"""Entries as a subject's page tells them: each chain once, what it replaced, and who says so.

A fixed number of queries, however long the history. Asked of another day, a chain is told by the
newest of its entries that was known then, if it had happened by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from convoys.models import Convoy, Event, LedgerEntry
from convoys.queries.accounts import Account, accounts_on, contested_by_chain
from convoys.queries.as_of import Moment, known_then
from convoys.queries.history import Subject, events_of, words_of
from convoys.queries.visibility import Viewer, declared_to, others_seen
from convoys.replay import Step
from convoys.vocabulary import Act

NAMED_PLACES = ("place__names", "held_before__place__names", "heading__names")


@dataclass
class Told:
    """One event as its chain tells it: the newest entry, what it replaced, who says so.

    `declares` is what this reader may know of its declaration, `goes_on_as` the other convoy that it
    names, if they may know of that one. `contested` names what the accounts
    contradict each other on; `inferred` are the steps that this event proves and nobody reported;
    `words_erased` where an administrator took the words out.
    """

    event: Event
    words: Mapping[str, Any]
    leaf_hash: str
    declares: Mapping[str, Any]
    goes_on_as: Convoy | None = None
    earlier: list[Told] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    inferred: list[Step] = field(default_factory=list)
    contested: tuple[str, ...] = ()
    words_erased: bool = False

    @property
    def is_retracted(self) -> bool:
        return bool(self.event.act == Act.RETRACT)


def told_of(viewer: Viewer, subject: Subject, moment: Moment) -> tuple[list[Told], list[Account]]:
    """The subject's entries in order of occurrence, and the accounts on the subject itself."""
    chains = _chains(viewer, subject, moment)
    accounts = accounts_on(viewer, events=chains, subject=subject, moment=moment)
    contested = contested_by_chain(accounts, {chain: told.event for chain, told in chains.items()})
    own = []
    for account in accounts:
        told = chains.get(account.claim.target_event_id or 0)
        if told is not None:
            told.accounts.append(account)
        elif account.claim.target_event_id is None:
            own.append(account)
    for chain, points in contested.items():
        if chain in chains:
            chains[chain].contested = points
    return sorted(chains.values(), key=lambda told: (told.event.effective_at, told.event.chain)), own


def _chains(viewer: Viewer, subject: Subject, moment: Moment) -> dict[int, Told]:
    entries = list(known_then(events_of(subject, viewer), moment).prefetch_related(*NAMED_PLACES))
    sequences = [event.sequence for event in entries]
    words = words_of(sequences)
    hashes = dict(LedgerEntry.objects.filter(sequence__in=sequences).values_list("sequence", "leaf_hash"))
    others = others_seen(viewer, entries)
    chains: dict[int, Told] = {}
    for event in entries:
        leaf_hash = bytes(hashes.get(event.sequence, b"")).hex()
        told = Told(event, words.get(event.sequence, {}), leaf_hash, declared_to(viewer, event))
        told.words_erased = event.sequence not in words
        told.goes_on_as = others.get(event.other_convoy_id or 0)
        before = chains.get(event.chain)
        if before is not None:
            told.earlier, before.earlier = [*before.earlier, before], []
        chains[event.chain] = told
    if moment.as_of is None:
        return chains
    return {chain: told for chain, told in chains.items() if told.event.effective_at <= moment.as_of}

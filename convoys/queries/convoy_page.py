"""All that one convoy's page tells: its entries with their accounts, what is inferred, its holds.

A fixed number of queries, however long the history. The state comes from the whole record; the
entries and accounts are those that this viewer may read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch

from convoys.models import Convoy, Event, LedgerEntry, Place
from convoys.queries.accounts import Account, accounts_on, contested_by_chain
from convoys.queries.board import STOPS, with_places
from convoys.queries.history import events_of, history_of, words_of
from convoys.queries.visibility import Viewer, visible_convoys
from convoys.replay import History, Step
from convoys.vocabulary import Act

NAMED_PLACES = ("place__names", "held_before__place__names", "heading__names")


@dataclass
class Told:
    """One event as its chain tells it now: the newest entry, what it replaced, who says so.

    `contested` names what the accounts contradict each other on; `inferred` are the steps that
    this event proves and nobody reported.
    """

    event: Event
    words: Mapping[str, Any]
    leaf_hash: str
    earlier: list[Told] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    inferred: list[Step] = field(default_factory=list)
    contested: tuple[str, ...] = ()

    @property
    def is_retracted(self) -> bool:
        return bool(self.event.act == Act.RETRACT)


@dataclass
class ConvoyTold:
    """The convoy, its entries in order of occurrence, accounts on its items, its replayed history.

    `places` has the places that the history's holds name, by code.
    """

    convoy: Convoy
    told: list[Told]
    item_accounts: list[Account]
    history: History
    places: dict[str, Place]


def convoy_of(viewer: Viewer, reference: str) -> Convoy | None:
    """The convoy of this reference that the viewer may know of, with what its page shows, else None."""
    return (
        with_places(visible_convoys(viewer).filter(reference=reference).exclude(status=""))
        .select_related("carrier", "consignee")
        .prefetch_related("cargo_lines", "other_references", Prefetch("route__stops", queryset=STOPS))
        .first()
    )


def story_of(viewer: Viewer, convoy: Convoy) -> ConvoyTold:
    """The whole story of a convoy for this viewer."""
    entries = list(events_of(convoy, viewer).prefetch_related(*NAMED_PLACES))
    sequences = [event.sequence for event in entries]
    words = words_of(sequences)
    hashes = dict(LedgerEntry.objects.filter(sequence__in=sequences).values_list("sequence", "leaf_hash"))
    chains: dict[int, Told] = {}
    for event in entries:
        told = Told(event, words.get(event.sequence, {}), bytes(hashes.get(event.sequence, b"")).hex())
        before = chains.get(event.chain)
        if before is not None:
            told.earlier, before.earlier = [*before.earlier, before], []
        chains[event.chain] = told

    item_accounts = _hang_accounts(chains, accounts_on(viewer, events=chains, convoy=convoy.pk))
    history = history_of(convoy)
    for step in history.steps:
        if step.is_inferred and step.event.chain in chains:
            chains[step.event.chain].inferred.append(step)
    named = {code for hold in history.episodes for code in (hold.stands_at, hold.held_before) if code}
    places = {place.code: place for place in Place.objects.filter(code__in=named).prefetch_related("names")}
    story = sorted(chains.values(), key=lambda told: (told.event.effective_at, told.event.chain))
    return ConvoyTold(convoy, story, item_accounts, history, places)


def _hang_accounts(chains: Mapping[int, Told], accounts: list[Account]) -> list[Account]:
    """Put each account under its event; what is left speaks of the convoy's items."""
    contested = contested_by_chain(accounts, {chain: told.event for chain, told in chains.items()})
    rest = []
    for account in accounts:
        told = chains.get(account.claim.target_event_id or 0)
        if told is not None:
            told.accounts.append(account)
        elif account.claim.target_convoy_id is not None:
            rest.append(account)
    for chain, points in contested.items():
        if chain in chains:
            chains[chain].contested = points
    return rest

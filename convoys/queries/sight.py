"""Who sees which convoys, events and claims, for many viewers at once.

What decides it is read in a number of statements that neither viewers nor convoys move, and each pair
of eyes is answered in memory, by the rule of `queries.visibility`. A test holds the answers to those
of its querysets. Whoever asks reads anew: visibility is always asked of now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from convoys.models import Claim, Convoy, ConvoyOrganisation, Event, Part
from convoys.queries.rows import bare, is_one_of
from convoys.queries.visibility import READS, Standing, Viewer, may_know_of, relation_of
from convoys.vocabulary import UNREGISTERED

# What decides who reads a claim.
DECIDING = (
    "sequence", "chain", "audience", "is_confidential", "target_event_id", "target_claim_id",
    "target_convoy_id", "alleged_convoy_id",
)  # fmt: skip


@dataclass(slots=True)
class _Chain:
    """Of a chain of events: its convoy, if any, and the audiences of all its entries."""

    convoy: int | None
    audiences: set[str] = field(default_factory=set)


class Sight:
    """Load first, ask then: of what was not loaded nobody sees anything."""

    def __init__(self) -> None:
        self._standings: dict[int, Standing] = {}
        self._events: dict[int, _Chain] = {}
        self._claims: dict[int, Claim] = {}
        self._audiences: dict[int, set[str]] = {}

    def load_convoys(self, keys: Iterable[int]) -> None:
        """Two statements, or none where all are at hand."""
        new = set(keys) - set(self._standings)
        if not new:
            return
        parties: dict[int, set[str]] = {}
        named: dict[int, set[str]] = {}
        links = ConvoyOrganisation.objects.filter(is_one_of("convoy", new)).order_by()
        for convoy, organisation, part in links.values_list("convoy_id", "organisation_id", "part"):
            (named if part == Part.SHARED else parties).setdefault(convoy, set()).add(organisation)
        rows = Convoy.objects.filter(is_one_of("pk", new)).order_by()
        for pk, status, is_shared in rows.values_list("pk", "status", "shared_with_all_partners"):
            self._standings[pk] = Standing(
                is_registered=status != UNREGISTERED,
                is_for_all_partners=is_shared,
                parties=frozenset(parties.get(pk, ())),
                named=frozenset(named.get(pk, ())),
            )

    def load_events(self, chains: Iterable[int]) -> None:
        """Of these chains of events all entries. One statement; their convoys are loaded apart."""
        new = set(chains) - set(self._events)
        if new:
            entries = Event.objects.filter(is_one_of("chain", new)).order_by()
            self.take_events(entries.values_list("chain", "convoy_id", "audience"))

    def take_events(self, entries: Iterable[tuple[int, int | None, str]]) -> None:
        """Chain, convoy and audience of entries read elsewhere: of each chain all that there are."""
        for chain, convoy, audience in entries:
            known = self._events.get(chain)
            if known is None:
                known = self._events[chain] = _Chain(convoy)
            known.audiences.add(audience)

    def load_claims(self, sequences: Collection[int]) -> None:
        """These claims, and all that decides who reads them. Five statements at most."""
        if not sequences:
            return
        asked = Claim.objects.filter(is_one_of("sequence", sequences)).order_by()
        chains = {key for row in asked.values_list("chain", "target_claim_id") for key in row if key}
        whole = Claim.objects.filter(is_one_of("chain", chains)).order_by("sequence")
        self.take_claims([bare(Claim, DECIDING, values) for values in whole.values_list(*DECIDING)])

    def take_claims(self, claims: Collection[Claim]) -> None:
        """Claims read elsewhere, with what they answer: of each chain all entries, in their order.

        Marks each as `withholds_source` asks for it. Reads what their events and convoys decide.
        """
        confidential: dict[int, int] = {}
        for claim in claims:
            self._claims[claim.sequence] = claim
            self._audiences.setdefault(claim.chain, set()).add(claim.audience)
            if claim.is_confidential:
                confidential[claim.chain] = claim.sequence
        for claim in claims:
            # A correction that makes a source confidential takes the entries before it along.
            claim.__dict__["source_withheld"] = claim.sequence <= confidential.get(claim.chain, 0)
        self.load_events({claim.target_event_id for claim in claims if claim.target_event_id is not None})
        named = {claim.alleged_convoy_id for claim in claims}
        named |= {self._about(claim)[0] for claim in claims}
        self.load_convoys({key for key in named if key is not None})

    def knows(self, viewer: Viewer, convoy: int) -> bool:
        """Whether `visible_convoys` has it."""
        standing = self._standings.get(convoy)
        return standing is not None and may_know_of(viewer, standing)

    def reads_event(self, viewer: Viewer, chain: int) -> bool:
        """Whether `visible_events` has the entries of this chain."""
        known = self._events.get(chain)
        return known is not None and self._is_among(viewer, known.convoy, known.audiences)

    def reads_claim(self, viewer: Viewer, claim: int) -> bool:
        """Whether `visible_claims` has the claim of this sequence."""
        row = self._claims.get(claim)
        if row is None:
            return False
        convoy, event = self._about(row)
        if convoy is not None and not self.knows(viewer, convoy):
            return False
        if event is not None and not self.reads_event(viewer, event):
            return False
        answered = self._claims.get(row.target_claim_id or 0)
        return all(
            self._is_among(viewer, convoy, self._audiences[one.chain])
            and (one.alleged_convoy_id is None or self.knows(viewer, one.alleged_convoy_id))
            for one in (row, answered)
            if one is not None
        )

    def claim(self, sequence: int) -> Claim:
        """One that was loaded. KeyError of another."""
        return self._claims[sequence]

    def _about(self, claim: Claim) -> tuple[int | None, int | None]:
        """The convoy and the event that a claim is about in the end."""
        answered = self._claims.get(claim.target_claim_id or 0, claim)
        event = self._events.get(answered.target_event_id or 0)
        return answered.target_convoy_id or (event.convoy if event else None), answered.target_event_id

    def _is_among(self, viewer: Viewer, convoy: int | None, audiences: set[str]) -> bool:
        """A chain is as visible as its narrowest entry."""
        standing = self._standings.get(convoy) if convoy is not None else None
        if convoy is not None and standing is None:
            return False
        return READS[relation_of(viewer, standing)] >= audiences

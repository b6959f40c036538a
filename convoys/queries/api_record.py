"""Events with their claims as the API tells them: what each entry became, who says so, in whose words.

A page of events costs a fixed number of queries, however many events and claims it has. Every
entry of a chain is a row of its own, marked where a later one superseded or retracted it; claims
stand with the last entry of their event's chain that is no retraction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, tzinfo
from typing import Any

from convoys.clocks import zone_named
from convoys.models import Claim, Convoy, Event
from convoys.models.event import Entry
from convoys.queries.as_of import Moment, known_then
from convoys.queries.cargo import CargoTold, account_in
from convoys.queries.contested import contested_points, convoy_points, in_order
from convoys.queries.history import Subject, claims_in_force, claims_of, events_of, history_of, words_of
from convoys.queries.visibility import (
    Viewer,
    others_seen,
    withholds_source,
)
from convoys.replay import History, Step, in_force, replay
from convoys.vocabulary import Act

Words = Mapping[str, Any]
NOW = Moment()
EVENT_PLACES = ("control_point_id", "place_id", "held_before_id", "heading_id")


@dataclass(frozen=True)
class Fate:
    """What later entries of its chain did to an entry."""

    superseded_by: int | None = None
    retraction: Entry | None = None
    reason: str | None = None

    @property
    def is_retracted(self) -> bool:
        return self.retraction is not None


@dataclass(frozen=True)
class ClaimTold:
    """One entry of a claim. Where its source is withheld from this viewer its words are empty."""

    claim: Claim
    words: Words
    fate: Fate
    is_withheld: bool
    is_erased: bool
    # Of the event that it is about; empty: the instance's.
    time_zone: str = ""

    @property
    def entry(self) -> Entry:
        return self.claim


@dataclass(frozen=True)
class EventTold:
    """One entry of an event; or a step that nobody reported, with no more than its kind and time."""

    event: Event
    words: Words = field(default_factory=dict)
    fate: Fate = field(default_factory=Fate)
    is_erased: bool = False
    claims: list[ClaimTold] = field(default_factory=list)
    contested: tuple[str, ...] = ()
    is_inferred: bool = False
    # The reference of the other convoy that it names, where the viewer may know of that one.
    other_convoy: str | None = None

    @property
    def entry(self) -> Entry:
        return self.event

    @property
    def own_chain(self) -> int | None:
        return None if self.is_inferred else self.event.chain

    @property
    def zone(self) -> tzinfo:
        return zone_named(self.event.time_zone)


@dataclass(frozen=True)
class SubjectTold:
    """A subject's events in order of replay, and the claims about the subject itself.

    `contested` is what claims contradict each other on, of its events and of itself. `history` and
    `cargo` are a convoy's only.
    """

    events: list[EventTold]
    claims: list[ClaimTold]
    history: History | None = None
    contested: tuple[str, ...] = ()
    cargo: CargoTold | None = None


NOTHING_TOLD = SubjectTold([], [])


def tell_subject(
    viewer: Viewer, subject: Subject, moment: Moment = NOW, history: History | None = None
) -> SubjectTold:
    """All of a subject's record that the viewer may read, as of the moment. Five queries at most.

    `history` is a convoy's at that moment, where it is at hand.
    """
    entries = _happened(list(known_then(events_of(subject, viewer), moment)), moment)
    related = ("target_claim", "target_convoy", "alleged_convoy")
    found = known_then(claims_of(subject, viewer), moment).select_related(*related)
    claims = list(found) if moment.is_now else _on_what_was_known(found, entries, moment)
    words = words_of(_sequences(entries, claims))
    told = _told(viewer, entries, entries, claims, words)
    own = tell_claims(viewer, [claim for claim in claims if _chain_of_event(claim) is None], words)
    points = {point for row in told for point in row.contested}
    if not isinstance(subject, Convoy):
        on_itself = [claim for claim in claims if _chain_of_event(claim) is None]
        points.update(contested_points(claims_in_force(on_itself), words))
        return SubjectTold(_in_order(told, ()), own, contested=in_order(points))
    history = history or history_of(subject, as_of=moment.as_of, known_at=moment.known_at)
    points.update(convoy_points(claims_in_force(claims), words))
    # What became of cargo does not hang on the way, so that no routes are needed for it.
    readable = history if viewer.is_staff else replay(in_force(entries), {})
    cargo = account_in(history, readable)
    return SubjectTold(_in_order(told, history.steps), own, history, in_order(points), cargo)


def _happened(entries: list[Event], moment: Moment) -> list[Event]:
    """Entries of the chains that had happened by then, as the newest of their known entries dates them."""
    if moment.as_of is None:
        return entries
    dated = {entry.chain: entry.effective_at for entry in entries}  # in order of recording: the newest stays
    return [entry for entry in entries if dated[entry.chain] <= moment.as_of]


def _on_what_was_known(claims: Iterable[Claim], entries: Sequence[Event], moment: Moment) -> list[Claim]:
    """Claims whose event, and whose claim where they answer one, was itself known then."""
    chains: set[int | None] = {None} | {entry.chain for entry in entries}
    known_at = moment.known_at
    return [
        claim
        for claim in claims
        if _chain_of_event(claim) in chains
        and not (claim.target_claim and known_at and claim.target_claim.known_from > known_at)
    ]


def _sequences(*lists: Sequence[Entry]) -> list[int]:
    return [entry.sequence for entries in lists for entry in entries]


def _chain_of_event(claim: Claim) -> int | None:
    return claim.target_claim.target_event_id if claim.target_claim else claim.target_event_id


def _told(
    viewer: Viewer,
    events: Sequence[Event],
    entries: Sequence[Event],
    claims: Sequence[Claim],
    words: Mapping[int, Words],
) -> list[EventTold]:
    fates = fates_of(entries, words)
    last = {entry.chain: entry.sequence for entry in entries if entry.act != Act.RETRACT}
    by_chain: dict[int | None, list[Claim]] = {}
    for claim in claims:
        by_chain.setdefault(_chain_of_event(claim), []).append(claim)
    others = others_seen(viewer, events)
    told = []
    for event in events:
        other = others.get(event.other_convoy_id or 0)
        mine = by_chain.get(event.chain, []) if last.get(event.chain) == event.sequence else []
        told.append(
            EventTold(
                event=event,
                words=words.get(event.sequence, {}),
                fate=fates.get(event.sequence, Fate()),
                is_erased=event.sequence not in words,
                claims=tell_claims(viewer, mine, words, event.time_zone),
                contested=contested_points(claims_in_force(mine), words, event) if mine else (),
                other_convoy=other.reference if other else None,
            )
        )
    return told


def tell_claims(
    viewer: Viewer, claims: Sequence[Claim], words: Mapping[int, Words], time_zone: str = ""
) -> list[ClaimTold]:
    """Entries of claims by the day they were said, without their retractions, which mark what they
    took back."""
    fates = fates_of(claims, words)
    told = []
    for claim in sorted(claims, key=lambda claim: (claim.said_on or date.max, claim.sequence)):
        if claim.act == Act.RETRACT:
            continue
        withheld = withholds_source(viewer, claim)
        told.append(
            ClaimTold(
                claim=claim,
                words={} if withheld else words.get(claim.sequence, {}),
                fate=fates[claim.sequence],
                is_withheld=withheld,
                is_erased=claim.sequence not in words,
                time_zone=time_zone,
            )
        )
    return told


def fates_of(entries: Iterable[Entry], words: Mapping[int, Words]) -> dict[int, Fate]:
    """What became of each entry, given all visible entries of the chains in question."""
    chains: dict[int, list[Entry]] = {}
    for entry in entries:
        chains.setdefault(entry.chain, []).append(entry)
    fates = {}
    for chain in chains.values():
        chain.sort(key=lambda entry: entry.sequence)
        retraction = chain[-1] if chain[-1].act == Act.RETRACT else None
        reason = words.get(retraction.sequence, {}).get("reason") if retraction else None
        for number, entry in enumerate(chain):
            later = chain[number + 1].sequence if number + 1 < len(chain) else None
            fates[entry.sequence] = Fate(later, retraction, reason)
    return fates


def _in_order(told: Sequence[EventTold], steps: Iterable[Step]) -> list[EventTold]:
    """In order of replay, with each implied step before the event that implies it, retractions left out.

    Steps whose event the viewer does not see are left out with it.
    """
    implied: dict[int, list[str]] = {}
    for step in steps:
        if step.is_inferred:
            implied.setdefault(step.event.sequence, []).append(step.kind)
    rows: list[EventTold] = []
    for row in sorted(told, key=lambda row: (row.event.effective_at, row.event.chain, row.event.sequence)):
        if row.event.act == Act.RETRACT:
            continue
        rows += [_inferred(kind, row.event) for kind in implied.get(row.event.sequence, ())]
        rows.append(row)
    return rows


def _inferred(kind: str, event: Event) -> EventTold:
    """A step that an event implies: it takes instant and knowledge from it, and nothing else."""
    taken = (
        "chain",
        "convoy",
        "occurred_at",
        "precision",
        "bound",
        "time_zone",
        "known_from",
        "recorded_at",
        "backfilled",
        "audience",
    )
    return EventTold(Event(kind=kind, **{name: getattr(event, name) for name in taken}), is_inferred=True)


def named_in(events: Iterable[EventTold], claims: Iterable[ClaimTold] = ()) -> dict[str, set[str | None]]:
    """Codes that these rows name, for `Names`."""
    places: set[str | None] = set()
    organisations: set[str | None] = set()
    all_claims = list(claims)
    for told in events:
        places.update(getattr(told.event, column) for column in EVENT_PLACES)
        organisations.update((told.event.decided_by_organisation_id, told.event.next_carrier_id))
        all_claims += told.claims
    for claim in all_claims:
        places.add(claim.claim.alleged_place_id)
        organisations.update(claim.claim.alleged_holders)
        organisations.update(claim.words.get(f"{part}_organisation") for part in ("speaker", "publisher"))
    return {"places": places, "organisations": organisations}


def places_of_holds(told: SubjectTold) -> set[str | None]:
    """Codes of the places where a convoy was held, and of the points before which."""
    episodes = told.history.episodes if told.history else []
    return {code for episode in episodes for code in (episode.stands_at, episode.held_before)}


def rests_on_backfilled(told: SubjectTold) -> bool:
    """Whether any event or claim that is told was loaded afterwards."""
    claims = [claim for row in told.events for claim in row.claims] + told.claims
    return any(row.event.backfilled for row in told.events) or any(row.claim.backfilled for row in claims)

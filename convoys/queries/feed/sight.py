"""What an entry changed in what a reader sees, for a reader that holds a copy.

The rule, for a partner; to staff nothing is ever shown or withdrawn:
- *visible*, of a convoy: by this entry the partner came to be among those who may know of it, or is now
  more or less to it than before (a party reads more than one with whom it is shared), and it may know of
  it now. So is a convoy that names such a convoy, since who may not know of the one is not told of it by
  the other.
- *withdrawn*, of a convoy: by this entry the partner, who knew of it till then, ceased to be among them.
- *withdrawn*, of a chain: this entry corrects an event or a claim to a narrower audience; the partner
  could read the chain before it and is not among those for whom the entry is.

What somebody was to a convoy at an entry comes from `VisibilityChange`, folded from the record alone; so
the answer hangs on the entry and not on the day, and nobody is told to forget what they never could see.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db.models import Exists, OuterRef, Q, QuerySet

from convoys.models import Claim, Event, VisibilityChange
from convoys.models.event import Entry
from convoys.queries.feed.eyes import Eyes
from convoys.queries.feed.scope import changes_for
from convoys.queries.feed.subjects import About, Subjects
from convoys.queries.rows import is_one_of
from convoys.queries.visibility import (
    READS,
    Relation,
    Viewer,
    visible_claims,
    visible_events,
)
from convoys.vocabulary import SubjectType

Found = TypeVar("Found", Event, Claim)
NOW = 1 << 62  # behind every entry


@dataclass
class Changed:
    """At one entry about a convoy: references of convoys to fetch, and to forget."""

    about: About
    visible: set[str] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)


def corrections_of_audience() -> list[QuerySet[Any]]:
    """Entries that correct one that was for another audience."""
    found: list[QuerySet[Any]] = []
    for model in (Event, Claim):
        other = model._default_manager.filter(sequence=OuterRef("supersedes")).exclude(
            audience=OuterRef("audience")
        )
        found.append(model._default_manager.filter(Q(supersedes__isnull=False), Exists(other)))
    return found


def convoys_changed(eyes: Eyes, sequences: Collection[int]) -> dict[int, Changed]:
    """By sequence, which convoys this partner is to fetch or to forget. One query where none is."""
    viewer = eyes.viewer
    rows = list(changes_for(viewer).filter(is_one_of("sequence", sequences)).select_related("convoy"))
    decisive: dict[tuple[int, int], VisibilityChange] = {}
    for row in rows:
        if row.organisation_id is not None or (row.sequence, row.convoy_id) not in decisive:
            decisive[row.sequence, row.convoy_id] = row
    moved = [row for row in decisive.values() if row.before != row.after]
    if not moved:
        return {}
    neighbours = _neighbours(viewer, {row.convoy_id for row in moved if _is_of_knowing(row)})
    naming = {key: reference for rows in neighbours.values() for key, reference in rows.items()}
    known = eyes.knows({row.convoy_id for row in moved} | naming.keys())
    found: dict[int, Changed] = {}
    for row in moved:
        reference, is_exercise = row.convoy.reference, row.convoy.is_exercise
        about = About(SubjectType.CONVOY, reference, is_exercise, row.convoy_id)
        changed = found.setdefault(row.sequence, Changed(about))
        if row.after == Relation.STRANGER.value:
            changed.withdrawn.add(reference)
        elif row.convoy_id in known:
            changed.visible.add(reference)
        if _is_of_knowing(row):
            shown_anew = neighbours.get(row.convoy_id, {})
            changed.visible |= {reference for key, reference in shown_anew.items() if key in known}
    return found


def _is_of_knowing(row: VisibilityChange) -> bool:
    return Relation.STRANGER.value in (row.before, row.after)


def _neighbours(viewer: Viewer, convoys: Collection[int]) -> dict[int, dict[int, str]]:
    """By convoy, those of whose record something names it that this partner reads, or would if it knew: their
    references by key. Mostly nothing does: two queries."""
    found: dict[int, dict[int, str]] = defaultdict(dict)
    events = _keys(Event, "other_convoy", convoys)
    if events:
        naming = visible_events(viewer).filter(is_one_of("sequence", events))
        for other, key, reference in naming.values_list("other_convoy", "convoy", "convoy__reference"):
            found[other][key] = reference
    claims = _keys(Claim, "alleged_convoy", convoys)
    if claims:
        links = visible_claims(viewer, knows_others=True).filter(is_one_of("sequence", claims))
        columns = ("alleged_convoy", "target_convoy", "target_convoy__reference")
        for other, key, reference in links.values_list(*columns):
            found[other][key] = reference
    return found


def _keys(model: type[Event | Claim], column: str, convoys: Collection[int]) -> list[int]:
    entries = model._default_manager.filter(is_one_of(column, convoys)).order_by()
    return list(entries.values_list("sequence", flat=True)) if convoys else []


def chains_withdrawn(viewer: Viewer, unread: Collection[int]) -> dict[int, tuple[int, About]]:
    """Of entries that this partner may not read, those that took a chain from it: the chain and what it is
    about. Where none corrects an audience, two queries."""
    events, claims = [
        list(entries.filter(is_one_of("sequence", unread))) for entries in corrections_of_audience()
    ]
    if not events and not claims:
        return {}
    subjects = Subjects(events, claims)
    past = _Past(viewer, events, claims, subjects)
    lost = {
        row.sequence: (row.chain, subjects.of_event(row.sequence)) for row in events if past.lost_event(row)
    }
    return lost | {
        row.sequence: (row.chain, subjects.of_claim(row)) for row in claims if past.lost_claim(row)
    }


class _Past:
    """What a partner could read just before an entry."""

    def __init__(
        self, viewer: Viewer, events: Sequence[Event], claims: Sequence[Claim], subjects: Subjects
    ) -> None:
        self._subjects = subjects
        said = {key for claim in claims for key in (claim.chain, claim.target_claim_id) if key is not None}
        whole = list(Claim.objects.filter(is_one_of("chain", said)).order_by("sequence")) if said else []
        self._claims = _by_chain(whole)
        targets = (subjects.event_of(claim) for claim in claims)
        chains = {event.chain for event in events} | {key for key in targets if key is not None}
        self._events = _by_chain(Event.objects.filter(is_one_of("chain", chains)).order_by("sequence"))
        convoys = {subjects.of_event(event.sequence).convoy for event in events}
        convoys |= {subjects.of_claim(claim).convoy for claim in claims}
        convoys |= {claim.alleged_convoy_id for claim in whole}
        self._relations = _Relations(viewer, {key for key in convoys if key is not None})

    def lost_event(self, event: Event) -> bool:
        convoy, at = self._subjects.of_event(event.sequence).convoy, event.sequence
        return self._is_taken(event, convoy) and self._reads(self._events[event.chain], convoy, at)

    def lost_claim(self, claim: Claim) -> bool:
        convoy, at = self._subjects.of_claim(claim).convoy, claim.sequence
        event = self._subjects.event_of(claim)
        chains = [self._claims[key] for key in (claim.chain, claim.target_claim_id) if key is not None]
        return (
            self._is_taken(claim, convoy)
            and all(self._reads(chain, convoy, at) for chain in chains)
            and (event is None or self._reads(self._events[event], convoy, at))
            and any(
                one.sequence < at and self._relations.knew(one.alleged_convoy_id, at) for one in chains[0]
            )
        )

    def _is_taken(self, entry: Entry, convoy: int | None) -> bool:
        relation = self._relations.at(convoy, entry.sequence)
        return entry.audience not in READS[relation] and self._relations.knows(convoy)

    def _reads(self, chain: Iterable[Event] | Iterable[Claim], convoy: int | None, at: int) -> bool:
        earlier = {entry.audience for entry in chain if entry.sequence < at}
        return bool(earlier) and READS[self._relations.at(convoy, at)] >= earlier


class _Relations:
    """What a partner was to convoys, entry by entry."""

    def __init__(self, viewer: Viewer, convoys: Collection[int]) -> None:
        self._moves: dict[int, list[tuple[int, Relation]]] = defaultdict(list)
        changes = changes_for(viewer).filter(is_one_of("convoy", convoys)).order_by("sequence")
        own = {(row.sequence, row.convoy_id) for row in changes if row.organisation_id is not None}
        for row in changes:
            if row.organisation_id is not None or (row.sequence, row.convoy_id) not in own:
                self._moves[row.convoy_id].append((row.sequence, Relation(row.after)))

    def at(self, convoy: int | None, sequence: int) -> Relation:
        """Just before that entry; what is about no convoy every partner reads as one."""
        if convoy is None:
            return Relation.PARTNER
        moves = self._moves[convoy]
        place = bisect_left(moves, sequence, key=lambda move: move[0])
        return moves[place - 1][1] if place else Relation.STRANGER

    def knew(self, convoy: int | None, sequence: int) -> bool:
        return self.at(convoy, sequence) != Relation.STRANGER

    def knows(self, convoy: int | None) -> bool:
        """Now."""
        return convoy is None or (
            bool(self._moves[convoy]) and self._moves[convoy][-1][1] != Relation.STRANGER
        )


def _by_chain(entries: Iterable[Found]) -> dict[int, list[Found]]:
    found: dict[int, list[Found]] = defaultdict(list)
    for entry in entries:
        found[entry.chain].append(entry)
    return found

"""What accounts of one thing contradict each other on: who, why, when, where, how much, the access,
the order, the link, or whether.

Contested is computed: two claims in force from different speakers where one disputes or denies,
or where alleged holders, causes, times, places, figures, access, order or links do not agree.
Holders, causes, access and orders are sets and disagree when they share nothing; figures disagree
when their ranges do not meet, low alone having no upper end; times when their periods do not
overlap. Several figures of one speaker make a range. Who says that it is not known alleges nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import combinations
from typing import Any

from convoys.clocks import end_of_period, instance_zone
from convoys.models import Claim, Event
from convoys.vocabulary import Access, Cause, ConvoyLink, Item, Stance

WHO, WHY, WHEN, WHERE, HOW_MUCH, WHETHER = "who", "why", "when", "where", "how much", "whether"
ACCESS, ORDER, LINK = "access", "order", "link"
POINTS = (WHO, WHY, WHEN, WHERE, HOW_MUCH, ACCESS, ORDER, LINK, WHETHER)
OPPOSING = frozenset({Stance.DISPUTES, Stance.DENIES})
# What a denied account of an item contests; of any other item, whether it is so.
POINT_OF_ITEM = {Item.TONNES: HOW_MUCH, Item.TRUCKS: HOW_MUCH, Item.LINKS: LINK}
# A convoy is split from one, continues one and doubles one; it may have its trucks from several.
TO_ONE_ONLY = frozenset({ConvoyLink.SPLIT_FROM, ConvoyLink.CONTINUES, ConvoyLink.DUPLICATE_OF})

Range = tuple[Decimal, Decimal | None]
Words = Mapping[int, Mapping[str, Any]]


@dataclass
class _Alleged:
    """What one speaker alleges about one thing, over all its claims in force."""

    holders: set[str] = field(default_factory=set)
    causes: set[str] = field(default_factory=set)
    times: list[tuple[datetime, datetime]] = field(default_factory=list)
    places: set[str] = field(default_factory=set)
    access: set[str] = field(default_factory=set)
    orders: set[str] = field(default_factory=set)
    links: set[tuple[str, int]] = field(default_factory=set)
    tonnes: Range | None = None
    trucks: Range | None = None
    opposes: bool = False


def speaker_of(words: Mapping[str, Any]) -> str:
    """Who speaks, as one name for comparing: an organisation's code or a free name."""
    return str(words.get("speaker_organisation") or words.get("speaker") or "")


def contested_points(claims: Sequence[Claim], words: Words, event: Event | None = None) -> tuple[str, ...]:
    """What these claims about one chain (answers to them included) contradict each other on.

    Without an event they are about a control point or an agreement itself: what is said of different
    times is then no contradiction. A dispute or denial that differs on nothing contests *whether* it
    was so.
    """
    by_speaker = _by_speaker(claims, words)
    points: set[str] = set()
    for a, b in combinations(by_speaker.values(), 2):
        if event is not None or not _no_overlap(a.times, b.times):
            points.update(_disagree(a, b, event))
    if not points and _is_opposed(by_speaker):
        points = {WHETHER}
    return in_order(points)


def convoy_points(claims: Iterable[Claim], words: Words) -> tuple[str, ...]:
    """What claims about one convoy contradict each other on beyond its single events.

    `claims` are all of it: figures are compared over every claim that alleges them; its other items
    and its links to other convoys by the claims on the item and their answers.
    """
    claims = list(claims)
    points = {HOW_MUCH} if figures_contested(claims, words) else set()
    item_of = {claim.chain: claim.target_item for claim in claims if claim.target_item}
    by_item: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        if item := claim.target_item or item_of.get(claim.target_claim_id or 0, ""):
            by_item[item].append(claim)
    for item, said in by_item.items():
        by_speaker = _by_speaker(said, words)
        if _is_opposed(by_speaker):
            points.add(POINT_OF_ITEM.get(Item(item), WHETHER))
        if any(_links_apart(a.links, b.links) for a, b in combinations(by_speaker.values(), 2)):
            points.add(LINK)
    return in_order(points)


def figures_contested(claims: Iterable[Claim], words: Words) -> bool:
    """Whether the figures that claims allege for one convoy do not meet."""
    said = _by_speaker(claims, words).values()
    return any(_apart(a.tonnes, b.tonnes) or _apart(a.trucks, b.trucks) for a, b in combinations(said, 2))


def figures_told(claims: Iterable[Claim]) -> tuple[Range | None, Range | None]:
    """The range of tonnes and of trucks over all that these claims allege; None where none does."""
    tonnes: Range | None = None
    trucks: Range | None = None
    for claim in claims:
        count = Decimal(claim.alleged_trucks) if claim.alleged_trucks is not None else None
        tonnes = _widened(tonnes, claim.alleged_tonnes_low, claim.alleged_tonnes_high)
        trucks = _widened(trucks, count, count)
    return tonnes, trucks


def in_order(points: Iterable[str]) -> tuple[str, ...]:
    """Points of a contest, each once, in the order in which they are always said."""
    found = set(points)
    return tuple(point for point in POINTS if point in found)


def _is_opposed(by_speaker: Mapping[str, _Alleged]) -> bool:
    return len(by_speaker) > 1 and any(said.opposes for said in by_speaker.values())


def _by_speaker(claims: Iterable[Claim], words: Words) -> dict[str, _Alleged]:
    spoken: dict[str, _Alleged] = defaultdict(_Alleged)
    for claim in claims:
        said = spoken[speaker_of(words.get(claim.sequence, {})) or f"erased {claim.chain}"]
        said.holders.update(claim.alleged_holders)
        said.causes.update(set(claim.alleged_causes) - {Cause.UNKNOWN})
        if claim.alleged_at is not None:
            end = end_of_period(claim.alleged_at, claim.alleged_precision, instance_zone())
            said.times.append((claim.alleged_at, end))
        if claim.alleged_place_id:
            said.places.add(claim.alleged_place_id)
        said.access.update({claim.alleged_access} - {"", Access.UNKNOWN})
        said.orders.update({claim.alleged_order} - {""})
        if claim.alleged_convoy_id is not None:
            said.links.add((claim.alleged_link, claim.alleged_convoy_id))
        said.tonnes = _widened(said.tonnes, claim.alleged_tonnes_low, claim.alleged_tonnes_high)
        trucks = Decimal(claim.alleged_trucks) if claim.alleged_trucks is not None else None
        said.trucks = _widened(said.trucks, trucks, trucks)
        said.opposes = said.opposes or claim.stance in OPPOSING
    return spoken


def _widened(known: Range | None, low: Decimal | None, high: Decimal | None) -> Range | None:
    if low is None:
        return known
    if known is None:
        return (low, high)
    top = None if known[1] is None or high is None else max(known[1], high)
    return (min(known[0], low), top)


def _apart(a: Range | None, b: Range | None) -> bool:
    if a is None or b is None:
        return False
    return (a[1] is not None and b[0] > a[1]) or (b[1] is not None and a[0] > b[1])


def _no_overlap(a: list[tuple[datetime, datetime]], b: list[tuple[datetime, datetime]]) -> bool:
    return bool(a and b) and not any(x[0] < y[1] and y[0] < x[1] for x in a for y in b)


def _disjoint(a: set[str], b: set[str]) -> bool:
    return bool(a and b) and not a & b


def _links_apart(a: set[tuple[str, int]], b: set[tuple[str, int]]) -> bool:
    """Of the same other convoy nothing that both say; or one link that can be to one only, to two."""
    shared = {other for _, other in a} & {other for _, other in b}
    unlike = any(
        _disjoint({link for link, to in a if to == other}, {link for link, to in b if to == other})
        for other in shared
    )
    return unlike or any(
        _disjoint({str(to) for link, to in a if link == only}, {str(to) for link, to in b if link == only})
        for only in TO_ONE_ONLY
    )


def _places_disagree(a: set[str], b: set[str], event: Event | None) -> bool:
    """An event's own place and the point it is held before agree with each other."""
    same = {event.place_id, event.held_before_id} - {None} if event else set()
    return _disjoint(
        {"here" if place in same else place for place in a}, {"here" if p in same else p for p in b}
    )


def _disagree(a: _Alleged, b: _Alleged, event: Event | None) -> Iterable[str]:
    checks: tuple[tuple[str, Callable[[], bool]], ...] = (
        (WHO, lambda: _disjoint(a.holders, b.holders)),
        (WHY, lambda: _disjoint(a.causes, b.causes)),
        (WHEN, lambda: _no_overlap(a.times, b.times)),
        (WHERE, lambda: _places_disagree(a.places, b.places, event)),
        (HOW_MUCH, lambda: _apart(a.tonnes, b.tonnes) or _apart(a.trucks, b.trucks)),
        (ACCESS, lambda: _disjoint(a.access, b.access)),
        (ORDER, lambda: _disjoint(a.orders, b.orders)),
    )
    return [point for point, differs in checks if differs()]

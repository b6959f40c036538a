"""What accounts of one thing contradict each other on: who, why, when, where, how much, or whether.

Contested is computed: two claims in force from different speakers where one disputes or denies,
or where alleged holders, causes, times, places or figures do not agree. Holders and causes are
sets and disagree when they share nothing; figures disagree when their ranges do not meet, low
alone having no upper end; times when their periods do not overlap. Several figures of one
speaker make a range.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import combinations
from typing import Any

from convoys.clocks import end_of_period, instance_zone
from convoys.models import Claim, Event
from convoys.vocabulary import Stance

WHO, WHY, WHEN, WHERE, HOW_MUCH, WHETHER = "who", "why", "when", "where", "how much", "whether"
POINTS = (WHO, WHY, WHEN, WHERE, HOW_MUCH, WHETHER)
OPPOSING = frozenset({Stance.DISPUTES, Stance.DENIES})

Range = tuple[Decimal, Decimal | None]


@dataclass
class _Alleged:
    """What one speaker alleges about one thing, over all its claims in force."""

    holders: set[str]
    causes: set[str]
    times: list[tuple[datetime, datetime]]
    places: set[str]
    tonnes: Range | None = None
    trucks: Range | None = None
    opposes: bool = False


def speaker_of(words: Mapping[str, Any]) -> str:
    """Who speaks, as one name for comparing: an organisation's code or a free name."""
    return str(words.get("speaker_organisation") or words.get("speaker") or "")


def contested_points(
    claims: Sequence[Claim], words: Mapping[int, Mapping[str, Any]], event: Event | None = None
) -> tuple[str, ...]:
    """What these claims about one chain (answers to them included) contradict each other on.

    A dispute or denial that differs on none of the five contests *whether* it was so.
    """
    by_speaker = _by_speaker(claims, words)
    points = {point for a, b in combinations(by_speaker.values(), 2) for point in _disagree(a, b, event)}
    if not points and len(by_speaker) > 1 and any(said.opposes for said in by_speaker.values()):
        points = {WHETHER}
    return tuple(point for point in POINTS if point in points)


def figures_contested(claims: Iterable[Claim], words: Mapping[int, Mapping[str, Any]]) -> bool:
    """Whether the figures that claims allege for one convoy do not meet."""
    said = _by_speaker(claims, words).values()
    return any(_apart(a.tonnes, b.tonnes) or _apart(a.trucks, b.trucks) for a, b in combinations(said, 2))


def _by_speaker(claims: Iterable[Claim], words: Mapping[int, Mapping[str, Any]]) -> dict[str, _Alleged]:
    spoken: dict[str, _Alleged] = defaultdict(lambda: _Alleged(set(), set(), [], set()))
    for claim in claims:
        said = spoken[speaker_of(words.get(claim.sequence, {})) or f"erased {claim.chain}"]
        said.holders.update(claim.alleged_holders)
        said.causes.update(claim.alleged_causes)
        if claim.alleged_at is not None:
            end = end_of_period(claim.alleged_at, claim.alleged_precision, instance_zone())
            said.times.append((claim.alleged_at, end))
        if claim.alleged_place_id:
            said.places.add(claim.alleged_place_id)
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
    )
    return [point for point, differs in checks if differs()]

"""Holds as the API lists them: each with the event that opened it, the one that ended it, and who says so.

A page costs a fixed number of queries, however many holds and claims it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from convoys.models import Claim, Event, StateInterval
from convoys.queries.api_record import ClaimTold, Words, tell_claims
from convoys.queries.as_of import Moment, known_then, last_known
from convoys.queries.contested import contested_points
from convoys.queries.history import claims_in_force, words_of
from convoys.queries.hold_groups import ABOUT_HOLDS
from convoys.queries.visibility import Viewer, visible_claims, visible_events


@dataclass(frozen=True)
class EpisodeTold:
    """One hold as it was at the moment; `closing` is None where it had not ended then.

    `claims` are those about the event that opened it, and answers to them.
    """

    convoy: str
    is_exercise: bool
    opening: Event
    closing: Event | None
    ended: str
    is_end_inferred: bool
    stands_at: str | None
    held_before: str | None
    claims: list[ClaimTold]
    contested: tuple[str, ...]


def tell_episodes(viewer: Viewer, holds: Sequence[StateInterval], moment: Moment) -> list[EpisodeTold]:
    """These holds, whose convoys are loaded, with the claims that the viewer may read. Three queries."""
    entries = _entries(holds, moment)
    claims = _claims(viewer, [hold.opening_chain for hold in holds], moment)
    words = words_of(claim.sequence for said in claims.values() for claim in said)
    told = (_told(viewer, hold, moment, entries, claims, words) for hold in holds)
    return [episode for episode in told if episode is not None]


def readable_chains(viewer: Viewer, episodes: Iterable[EpisodeTold]) -> set[int]:
    """Of the events that opened and ended these holds those that the viewer may read."""
    chains = {event.chain for episode in episodes for event in (episode.opening, episode.closing) if event}
    if viewer.is_staff:
        return chains
    return set(visible_events(viewer).filter(chain__in=chains).values_list("chain", flat=True))


def named_in(episodes: Iterable[EpisodeTold]) -> dict[str, set[str | None]]:
    """Codes of the places where these holds were, and of the points before which."""
    return {"places": {code for episode in episodes for code in (episode.stands_at, episode.held_before)}}


def _has_ended(hold: StateInterval, moment: Moment) -> bool:
    return hold.ends_at is not None and (moment.as_of is None or hold.ends_at <= moment.as_of)


def _entries(holds: Sequence[StateInterval], moment: Moment) -> dict[int, Event]:
    """The last known entry of each chain that opened or ended one of these holds."""
    ends = ((hold.opening_chain, hold.closing_chain) for hold in holds)
    chains = {chain for pair in ends for chain in pair if chain is not None}
    found = last_known(Event.objects.filter(chain__in=chains), moment)
    return {event.chain: event for event in found}


def _claims(viewer: Viewer, chains: Sequence[int], moment: Moment) -> dict[int, list[Claim]]:
    known = known_then(visible_claims(viewer), moment).select_related("target_claim", "alleged_convoy")
    # Two arms of one statement: of both together no index finds the few that are meant.
    on_event, answers = (known.filter(**{f"{target}__in": chains}).order_by() for target in ABOUT_HOLDS)
    found: dict[int, list[Claim]] = {}
    for claim in on_event.union(answers, all=True).order_by("sequence"):
        answered = claim.target_claim
        if answered and moment.known_at and answered.known_from > moment.known_at:
            continue
        chain = answered.target_event_id if answered else claim.target_event_id
        found.setdefault(chain or 0, []).append(claim)
    return found


def _told(
    viewer: Viewer,
    hold: StateInterval,
    moment: Moment,
    entries: dict[int, Event],
    claims: dict[int, list[Claim]],
    words: Mapping[int, Words],
) -> EpisodeTold | None:
    opening = entries.get(hold.opening_chain)
    if opening is None:  # taken back between two statements
        return None
    has_ended = _has_ended(hold, moment)
    said = claims.get(hold.opening_chain, [])
    return EpisodeTold(
        convoy=hold.convoy.reference,
        is_exercise=hold.convoy.is_exercise,
        opening=opening,
        closing=entries.get(hold.closing_chain or 0) if has_ended else None,
        ended=hold.ended if has_ended else "",
        is_end_inferred=has_ended and hold.is_end_inferred,
        stands_at=hold.stands_at_id,
        held_before=hold.held_before_id,
        claims=tell_claims(viewer, said, words, opening.time_zone),
        contested=contested_points(claims_in_force(said), words, opening) if said else (),
    )

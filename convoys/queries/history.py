"""A subject's record as it can be read: entries, words, and the history replayed from them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from convoys.models import Agreement, Claim, ControlPoint, Convoy, Event, Words
from convoys.queries.routes import route_positions
from convoys.queries.visibility import Viewer, visible_claims, visible_events
from convoys.replay import History, in_force, replay

Subject = Convoy | ControlPoint | Agreement


def events_of(subject: Subject, viewer: Viewer) -> QuerySet[Event]:
    """Every entry of a subject's events that the viewer may read, in order of recording."""
    column = {Convoy: "convoy", ControlPoint: "control_point", Agreement: "agreement"}[type(subject)]
    related = (
        "convoy", "place", "held_before__place", "heading", "decided_by_organisation", "next_carrier",
        "author",
    )  # fmt: skip
    return visible_events(viewer).filter(**{column: subject}).select_related(*related).order_by("sequence")


def history_of(
    convoy: Convoy,
    viewer: Viewer | None = None,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    size: int | None = None,
) -> History:
    """A convoy's history as it was at a moment, as known at a moment; both default to now. With a `size`
    from the first so many entries of the ledger alone.

    Without a viewer it is folded from the whole record, as the state on the convoy's row is: a
    state must not differ from reader to reader. Show entries only through `events_of`.
    """
    entries = convoy.events.select_related("convoy") if viewer is None else events_of(convoy, viewer)
    events = in_force(entries if size is None else entries.filter(sequence__lte=size), known_at)
    if as_of is not None:
        events = [event for event in events if event.effective_at <= as_of]
    return replay(events, route_positions())


def claims_of(subject: Subject, viewer: Viewer) -> QuerySet[Claim]:
    """Every account about a subject, its events, its figures, and answers to them, by date said."""
    claims = visible_claims(viewer).select_related("alleged_place", "author")
    if isinstance(subject, Convoy):
        about = _about("target_convoy", "convoy", subject)
    elif isinstance(subject, ControlPoint):
        about = _about("target_control_point", "control_point", subject)
    else:
        about = _about("target_agreement", "agreement", subject)
    return claims.filter(about).order_by("said_on", "sequence")


def _about(target: str, column: str, subject: Subject) -> Q:
    direct = Q(**{target: subject}) | Q(**{f"target_event__{column}": subject})
    return (
        direct
        | Q(**{f"target_claim__{target}": subject})
        | Q(**{f"target_claim__target_event__{column}": subject})
    )


def claims_in_force(claims: Iterable[Claim], known_at: datetime | None = None) -> list[Claim]:
    """The last known entry of each chain of claims, without retracted chains, order kept."""
    claims = list(claims)
    newest: dict[int, Claim] = {}
    for claim in sorted(claims, key=lambda claim: claim.sequence):
        if known_at is None or claim.known_from <= known_at:
            newest[claim.chain] = claim
    standing = {claim.sequence for claim in newest.values() if claim.act != "retract"}
    return [claim for claim in claims if claim.sequence in standing]


def words_of(sequences: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Words by sequence; an entry whose words were erased is missing."""
    return dict(Words.objects.filter(sequence__in=list(sequences)).values_list("sequence", "fields"))

"""All that one convoy's page tells: its entries with their accounts, what is inferred, its holds.

A fixed number of queries, however long the history. The state comes from the whole record; the
entries and accounts are those that this viewer may read.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Prefetch, prefetch_related_objects

from convoys.models import Convoy, Place
from convoys.queries.access import points_of, set_access_back
from convoys.queries.accounts import Account
from convoys.queries.as_of import Moment
from convoys.queries.board import STOPS, load_at, with_places
from convoys.queries.history import history_of
from convoys.queries.told import Told, told_of
from convoys.queries.visibility import Viewer, visible_convoys
from convoys.replay import History


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
    """The convoy of this reference as it is now, if the viewer may know of it, else None."""
    return (
        with_places(visible_convoys(viewer).filter(reference=reference).exclude(status=""))
        .select_related("carrier", "consignee")
        .prefetch_related("cargo_lines", "other_references")
        .first()
    )


def complete(convoy: Convoy, moment: Moment) -> None:
    """Set the convoy to the moment (its status is empty where it was not on record) and load its road."""
    load_at([convoy], moment)
    prefetch_related_objects([convoy], "carrier", "consignee", Prefetch("route__stops", queryset=STOPS))
    if convoy.route is not None:
        set_access_back(points_of([convoy.route]), moment)


def story_of(viewer: Viewer, convoy: Convoy, moment: Moment) -> ConvoyTold:
    """The whole story of a convoy for this viewer, as of the moment."""
    story, item_accounts = told_of(viewer, convoy, moment)
    chains = {told.event.chain: told for told in story}
    history = history_of(convoy, None, moment.as_of, moment.known_at, moment.size)
    for step in history.steps:
        if step.is_inferred and step.event.chain in chains:
            chains[step.event.chain].inferred.append(step)
    named = {code for hold in history.episodes for code in (hold.stands_at, hold.held_before) if code}
    places = {place.code: place for place in Place.objects.filter(code__in=named).prefetch_related("names")}
    return ConvoyTold(convoy, story, item_accounts, history, places)

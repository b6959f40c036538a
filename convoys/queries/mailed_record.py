"""The record of many convoys at once: what mails are written from, whoever reads them.

Read in a number of statements that the convoys do not move, column by column and past the model's
constructor. Who of its readers sees what of it is answered by its `sight`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from convoys.models import (
    CargoLine,
    Claim,
    ControlPoint,
    Convoy,
    ConvoyOrganisation,
    Event,
    Part,
    Place,
    Route,
)
from convoys.queries.routes import route_positions
from convoys.queries.rows import bare, is_one_of
from convoys.queries.sight import DECIDING, Sight
from convoys.replay import History, Routes, in_force, replay

# What a mail says of each; whatever else is asked for costs a query.
CONVOY = (
    "id", "reference", "status", "is_exercise", "route_id", "origin_id", "destination_id", "stands_at_id",
    "held_before_id", "heading_id", "trucks", "tonnes_low", "tonnes_high", "hold_chain", "held_since",
    "held_precision",
)  # fmt: skip
ENTRY = (
    "sequence", "chain", "act", "kind", "convoy_id", "control_point_id", "audience", "recorded_at",
    "effective_at", "occurred_at", "precision", "bound", "time_zone", "place_id", "held_before_id",
    "heading_id", "access", "backfilled",
)  # fmt: skip
CLAIM = (
    *DECIDING, "act", "recorded_at", "stance", "is_verbatim", "speaker_kind", "said_on", "reported_on",
    "alleged_holders",
)  # fmt: skip
CARGO = ("id", "convoy_id", "description", "category")
EVENT_PLACES = [(name, f"{name}_id") for name in ("place", "held_before", "heading")]
CONVOY_PLACES = [
    (name, f"{name}_id") for name in ("origin", "destination", "stands_at", "held_before", "heading")
]


class MailedRecord:
    """Convoys with all their entries. What was read stays as it was read: it lives for one batch."""

    def __init__(self) -> None:
        self.sight = Sight()
        self.convoys: dict[int, Convoy] = {}
        self.entries: dict[int, list[Event]] = {}
        self.histories: dict[int, History] = {}
        self.sponsors: dict[int, list[str]] = {}
        self.cargo: dict[int, list[CargoLine]] = {}
        self.points: dict[str, ControlPoint] = {}
        self.places: dict[str, Place] = {}
        self._routes: dict[str, Route] = {}
        self._earlier: dict[tuple[int, datetime], History] = {}
        self._positions: Routes = route_positions()

    def load(self, keys: Collection[int]) -> None:
        """Read these convoys, as far as they are not at hand."""
        new = set(keys) - set(self.convoys)
        if not new:
            return
        rows = Convoy.objects.filter(is_one_of("pk", new)).order_by()
        convoys = [bare(Convoy, CONVOY, values) for values in rows.values_list(*CONVOY)]
        entries = _entries(Event.objects.filter(is_one_of("convoy", new)))
        self._load_routes(convoys)
        self._load_places(convoys, entries)
        self._load_cargo(new)
        self.sight.load_convoys(new)
        self.sight.take_events((one.chain, one.convoy_id, one.audience) for one in entries)
        for convoy in convoys:
            self.convoys[convoy.pk] = convoy
            self.entries[convoy.pk] = []
        for entry in entries:
            self.entries[entry.convoy_id or 0].append(entry)
        for convoy in convoys:
            self.histories[convoy.pk] = replay(in_force(self.entries[convoy.pk]), self._positions)

    def history_at(self, convoy: int, at: datetime) -> History:
        """Of a convoy that was loaded, by what was on record at that instant of ours."""
        key = (convoy, at)
        if key not in self._earlier:
            entries = [entry for entry in self.entries.get(convoy, ()) if entry.recorded_at < at]
            self._earlier[key] = replay(in_force(entries), self._positions)
        return self._earlier[key]

    def load_access(self, points: Collection[str]) -> list[Event]:
        """What was reported of the access of these control points, whole chains in order of recording."""
        if not points:
            return []
        changes = Event.objects.filter(control_point__in=points, kind="access_changed")
        entries = _entries(changes)
        self._load_places([], entries)
        self.sight.take_events((one.chain, None, one.audience) for one in entries)
        return entries

    def load_claims(self, events: Collection[int]) -> list[Claim]:
        """Every claim on these chains of events, with the answers, whole chains in order of recording."""
        about = Claim.objects.filter(is_one_of("target_event", events)).order_by("sequence")
        claims = [bare(Claim, CLAIM, values) for values in about.values_list(*CLAIM)]
        answering = Claim.objects.filter(is_one_of("target_claim", {claim.chain for claim in claims}))
        answers = answering.order_by("sequence").values_list(*CLAIM)
        claims += [bare(Claim, CLAIM, values) for values in answers]
        self.sight.take_claims(claims)
        return claims

    def _load_routes(self, convoys: Collection[Convoy]) -> None:
        codes = {convoy.route_id for convoy in convoys if convoy.route_id is not None}
        if new := codes - set(self._routes):
            self._routes |= Route.objects.in_bulk(new)
        for convoy in convoys:
            if convoy.route_id is not None:
                convoy._state.fields_cache["route"] = self._routes[convoy.route_id]

    def _load_cargo(self, convoys: Collection[int]) -> None:
        """What they carry, and for whom."""
        links = ConvoyOrganisation.objects.filter(is_one_of("convoy", convoys), part=Part.SPONSOR)
        names = links.order_by("position").values_list("convoy_id", "organisation__name")
        for pk, name in names:
            self.sponsors.setdefault(pk, []).append(name)
        lines = CargoLine.objects.filter(is_one_of("convoy", convoys)).order_by("line")
        for values in lines.values_list(*CARGO):
            line = bare(CargoLine, CARGO, values)
            self.cargo.setdefault(line.convoy_id, []).append(line)

    def _load_places(self, convoys: Collection[Convoy], entries: Collection[Event]) -> None:
        """Every place once, however many entries name it."""
        codes = {one.__dict__[column] for one in entries for _, column in EVENT_PLACES}
        codes |= {one.__dict__[column] for one in convoys for _, column in CONVOY_PLACES}
        if new := codes - {None} - set(self.places):
            self.places |= Place.objects.prefetch_related("names").in_bulk(new)
            for point in ControlPoint.objects.filter(pk__in=new):
                point.place = self.places[point.pk]
                self.points[point.pk] = point
        for one in convoys:
            self._put_places(one, CONVOY_PLACES)
        for entry in entries:
            self._put_places(entry, EVENT_PLACES)

    def _put_places(self, one: Convoy | Event, names: Sequence[tuple[str, str]]) -> None:
        columns, at_hand = one.__dict__, one._state.fields_cache
        for name, column in names:
            if (code := columns[column]) is not None:
                at_hand[name] = self.points[code] if name == "held_before" else self.places[code]


def _entries(events: QuerySet[Event]) -> list[Event]:
    """In order of recording. Most declare nothing, which needs no parser."""
    entries = []
    asked = events.order_by("sequence").values_list(*ENTRY, Cast("declares", TextField()))
    for *values, declares in asked:
        entry = bare(Event, ENTRY, values)
        entry.__dict__["declares"] = {} if declares == "{}" else json.loads(declares)
        entries.append(entry)
    return entries

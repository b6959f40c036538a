"""Convoys as the API reads them: a page of rows with their sponsors, and the zones of their times."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db.models import F, Prefetch, Q, QuerySet

from convoys.models import Convoy, ConvoyOrganisation, Event, Part
from convoys.queries.as_of import Moment, convoys_at, set_back
from convoys.queries.visibility import Viewer, visible_convoys
from convoys.replay import History

# Which column the code in a field of a row comes from; a planned time is in the zone of its place.
PLACES = {
    "origin": "origin_id", "destination": "destination_id", "stands_at": "stands_at_id",
    "control_point": "held_before_id", "heading": "heading_id", "planned_departure_at": "origin_id",
    "due_at": "destination_id",
}  # fmt: skip
ORGANISATIONS = {"carrier": "carrier_id", "consignee": "consignee_id"}
ROUTES = {"route": "route_id"}
Zones = dict[tuple[int, datetime], str]


def convoys_on_record(viewer: Viewer) -> QuerySet[Convoy]:
    """The convoys this viewer may know of whose registration stands."""
    return visible_convoys(viewer).exclude(status="")


def convoys_on_record_at(viewer: Viewer, moment: Moment) -> QuerySet[Convoy]:
    """The convoys this viewer may know of (now) whose registration stood at the moment."""
    return convoys_on_record(viewer) if moment.is_now else convoys_at(visible_convoys(viewer), moment)


def set_rows_back(convoys: Sequence[Convoy], moment: Moment) -> dict[int, History]:
    """Set these rows and their `sponsor_links` to the moment; returns their histories by key."""
    histories = set_back(convoys, moment)
    for convoy in convoys:
        links = (row for row in convoy.organisations.all() if row.part == Part.SPONSOR)
        convoy.sponsor_links = sorted(links, key=lambda row: row.position)  # type: ignore[attr-defined]
    return histories


def with_sponsors(convoys: QuerySet[Convoy]) -> QuerySet[Convoy]:
    """The convoys with `sponsor_links`, in the order in which they were stated."""
    links = ConvoyOrganisation.objects.filter(part=Part.SPONSOR).order_by("position")
    return convoys.prefetch_related(Prefetch("organisations", queryset=links, to_attr="sponsor_links"))


def sponsor_codes(convoy: Convoy) -> list[str]:
    return [link.organisation_id for link in convoy.sponsor_links]  # type: ignore[attr-defined]


def named_in(convoys: Sequence[Convoy], fields: Collection[str] | None = None) -> dict[str, set[str | None]]:
    """Codes that these rows name, for `Names`; where `fields` are given, in these alone."""

    def named(columns: Mapping[str, str]) -> set[str | None]:
        wanted = {column for field, column in columns.items() if fields is None or field in fields}
        return {getattr(convoy, column) for convoy in convoys for column in wanted}

    organisations = named(ORGANISATIONS)
    if fields is None or "sponsors" in fields:
        organisations.update(code for convoy in convoys for code in sponsor_codes(convoy))
    return {"places": named(PLACES), "organisations": organisations, "routes": named(ROUTES)}


def zones_of(convoys: Sequence[Convoy]) -> Zones:
    """In which zone each instant of these rows was reported, by convoy and instant.

    The row is a projection and keeps instants alone; the event that it comes from has the zone.
    """
    columns = ("status_since", "held_since", "last_reported_at", "tracking_ended_at")
    same = Q()
    for column in columns:
        same |= Q(occurred_at=F(f"convoy__{column}"))
    events = Event.objects.filter(same, convoy__in=[convoy.pk for convoy in convoys]).order_by("sequence")
    return {
        (convoy, at): zone for convoy, at, zone in events.values_list("convoy_id", "occurred_at", "time_zone")
    }


def zones_in(histories: Mapping[int, History]) -> Zones:
    """The same out of histories at hand."""
    return {
        (convoy, step.event.occurred_at): step.event.time_zone
        for convoy, history in histories.items()
        for step in history.steps
    }

"""Convoys as the API reads them: a page of rows with their sponsors, and the zones of their times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, Prefetch, Q, QuerySet

from convoys.models import Convoy, ConvoyOrganisation, Event, Part
from convoys.queries.visibility import Viewer, visible_convoys

PLACE_COLUMNS = ("origin_id", "destination_id", "stands_at_id", "held_before_id", "heading_id")
Zones = dict[tuple[int, datetime], str]


def convoys_on_record(viewer: Viewer) -> QuerySet[Convoy]:
    """The convoys this viewer may know of whose registration stands."""
    return visible_convoys(viewer).exclude(status="")


def with_sponsors(convoys: QuerySet[Convoy]) -> QuerySet[Convoy]:
    """The convoys with `sponsor_links`, in the order in which they were stated."""
    links = ConvoyOrganisation.objects.filter(part=Part.SPONSOR).order_by("position")
    return convoys.prefetch_related(Prefetch("organisations", queryset=links, to_attr="sponsor_links"))


def sponsor_codes(convoy: Convoy) -> list[str]:
    return [link.organisation_id for link in convoy.sponsor_links]  # type: ignore[attr-defined]


def named_in(convoys: Sequence[Convoy]) -> dict[str, set[str | None]]:
    """Codes that these rows name, for `Names`."""
    organisations = {code for convoy in convoys for code in (convoy.carrier_id, convoy.consignee_id)}
    organisations |= {code for convoy in convoys for code in sponsor_codes(convoy)}
    return {
        "places": {getattr(convoy, column) for convoy in convoys for column in PLACE_COLUMNS},
        "organisations": organisations,
        "routes": {convoy.route_id for convoy in convoys},
    }


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

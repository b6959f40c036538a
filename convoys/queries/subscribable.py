"""What somebody may subscribe to: what they see, and nothing else. Exercises come last."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.models import Organisation
from convoys.clocks import instance_zone
from convoys.models import ControlPoint, Convoy, Part, Place, Route
from convoys.queries.visibility import Viewer, visible_convoys
from convoys.vocabulary import OPEN_STATES, UNREGISTERED


def subscribable_convoys(viewer: Viewer) -> QuerySet[Convoy]:
    """Every convoy that this viewer may know of, also one that has arrived: a correction may reopen it."""
    return visible_convoys(viewer).exclude(status=UNREGISTERED).order_by("is_exercise", "reference")


def convoys_to_suggest(viewer: Viewer) -> QuerySet[Convoy]:
    """Those that can still be held."""
    return subscribable_convoys(viewer).filter(status__in=OPEN_STATES)


def subscribable_routes(viewer: Viewer) -> QuerySet[Route]:
    """Whoever sees anything sees every route."""
    routes = Route.objects.order_by("is_exercise", "name")
    return routes.none() if viewer.sees_nothing else routes


def subscribable_points(viewer: Viewer) -> QuerySet[ControlPoint]:
    """Whoever sees anything sees every control point."""
    points = ControlPoint.objects.select_related("place").prefetch_related("place__names")
    return points.none() if viewer.sees_nothing else points.order_by("place__is_exercise", "pk")


def subscribable_sponsors(viewer: Viewer) -> QuerySet[Organisation]:
    """The sponsors of the convoys that this viewer sees."""
    sponsored = subscribable_convoys(viewer).order_by()
    return (
        Organisation.objects.filter(convoys__part=Part.SPONSOR, convoys__convoy__in=sponsored)
        .distinct()
        .order_by("name")
    )


def zones_to_suggest() -> list[str]:
    """The instance's zone, UTC, and those of the places on record."""
    places = Place.objects.exclude(time_zone="").order_by().values_list("time_zone", flat=True)
    return sorted({instance_zone().key, "UTC", *places.distinct()})

"""Control points, routes and agreements as their pages show them: what stands where, and when.

Places, routes and agreements are read as of now; what happened to them, and which convoys stood
there, as of the moment. Every function runs a fixed number of queries.
"""

from __future__ import annotations

from django.db.models import Case, IntegerField, Prefetch, Q, QuerySet, Value, When

from convoys.models import Agreement, ControlPoint, Convoy, Event, Route, RouteStop
from convoys.queries.access import points_of, set_access_back
from convoys.queries.as_of import Moment, intervals_at
from convoys.queries.board import MOVING, ROWS, STOPS, load_at, with_places
from convoys.queries.visibility import Viewer, visible_convoys
from convoys.replay import History
from convoys.vocabulary import State

MAY_CHANGE_ROUTE = ("amended", "rerouted")


def _open_first(column: str) -> Case:
    return Case(
        When(**{f"{column}__in": MOVING}, then=Value(0)), default=Value(1), output_field=IntegerField()
    )


def point_of(code: str, moment: Moment) -> ControlPoint | None:
    """The control point with its names, its sides and its access at the moment."""
    point = (
        ControlPoint.objects.select_related("place", "side_a", "side_b")
        .prefetch_related("place__names", "side_a__names", "side_b__names")
        .filter(pk=code)
        .first()
    )
    if point is not None:
        set_access_back([point], moment)
    return point


def routes_through(point: ControlPoint) -> list[Route]:
    """The routes that pass a control point."""
    passing = RouteStop.objects.filter(place=point.place_id).values("route")
    return list(Route.objects.filter(pk__in=passing).order_by("name"))


def routes_on_record(moment: Moment) -> list[Route]:
    """Every route with its places in order, exercises last."""
    routes = list(
        Route.objects.order_by("is_exercise", "name").prefetch_related(Prefetch("stops", queryset=STOPS))
    )
    set_access_back(points_of(route for route in routes if not route.is_exercise), moment)
    return routes


def route_of(code: str, moment: Moment) -> Route | None:
    """The route with its places in order and their access at the moment."""
    route = Route.objects.filter(pk=code).prefetch_related(Prefetch("stops", queryset=STOPS)).first()
    if route is not None:
        set_access_back(points_of([route]), moment)
    return route


def agreement_of(code: str) -> Agreement | None:
    """The agreement with the routes that it is about."""
    return Agreement.objects.prefetch_related("routes").filter(pk=code).first()


def convoys_on(viewer: Viewer, route: Route, moment: Moment) -> tuple[list[Convoy], dict[int, History]]:
    """Convoys whose route this was at the moment, open ones first, at most ROWS; with their histories."""
    mine = visible_convoys(viewer).filter(is_exercise=route.is_exercise)
    if moment.is_now:
        rows = mine.filter(route=route).exclude(status="")
        rows = with_places(rows).order_by(_open_first("status"), "-status_since", "reference")
        return list(rows[:ROWS]), {}
    changed = Event.objects.filter(kind__in=MAY_CHANGE_ROUTE, declares__route=route.pk).values("convoy")
    convoys, histories = _at(mine.filter(Q(route=route) | Q(pk__in=changed)), moment)
    return [convoy for convoy in convoys if convoy.route_id == route.pk], histories


def held_before(
    viewer: Viewer, point: ControlPoint, moment: Moment
) -> tuple[list[Convoy], dict[int, History]]:
    """Convoys that were held before this control point at the moment, longest first, at most ROWS."""
    mine = visible_convoys(viewer).filter(is_exercise=point.place.is_exercise)
    if moment.is_now:
        rows = with_places(mine.filter(status=State.HELD, held_before=point))
        return list(rows.order_by("status_since", "reference")[:ROWS]), {}
    return _at(mine, moment, state=State.HELD, held_before=point)


def _at(
    convoys: QuerySet[Convoy], moment: Moment, **where: object
) -> tuple[list[Convoy], dict[int, History]]:
    keys = list(
        intervals_at(moment)
        .filter(convoy__in=convoys, **where)
        .order_by(_open_first("state"), "opened_at", "convoy__reference")
        .values_list("convoy", flat=True)[:ROWS]
    )
    found = Convoy.objects.in_bulk(keys)
    rows = [found[key] for key in keys]
    return rows, load_at(rows, moment)

"""What the pages of control points, routes and agreements show, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import NamingParty
from convoys.board.accounts import AccountShown, account_of
from convoys.board.day import Day, of_a_day, the_present
from convoys.board.rows import rows_of
from convoys.board.situation import ended_hold, strips_of
from convoys.board.story import contested_in_words, entry_of
from convoys.board.strips import note_of
from convoys.clocks import instance_zone
from convoys.models import Convoy, Place
from convoys.queries import board, roads
from convoys.queries.accounts import Account, contested_of_itself
from convoys.queries.contested import ORDER
from convoys.queries.told import Told, told_of
from convoys.queries.visibility import viewer_of, visible_convoys
from convoys.replay import History
from convoys.vocabulary import Access, Order

ENDED_ROWS = 50


@dataclass(frozen=True)
class NameShown:
    """A name of a place, and in whose print it stands so."""

    name: str
    used: str


@dataclass(frozen=True)
class OrderShown:
    """The order of opening that one account alleges."""

    account: AccountShown
    order: str


def _told(told: list[Told], own: list[Account], day: Day, histories: dict[int, History]) -> dict[str, Any]:
    """Entries and accounts on the subject itself, and whether any of it was loaded afterwards."""
    this_year = day.at.astimezone(instance_zone()).year
    return {
        "entries": [entry_of(entry, this_year) for entry in told],
        "own_accounts": [account_of(account, instance_zone()) for account in own],
        "own_contested": contested_in_words(contested_of_itself(own)),
        "is_backfilled": any(entry.event.backfilled for entry in told)
        or any(account.claim.backfilled for account in own)
        or board.is_backfilled(histories),
    }


def _day_for(day: Day, is_exercise: bool) -> Day:
    """What is an exercise is of now, where no day was asked for."""
    return the_present() if is_exercise and day.is_opening else day


def _page(request: HttpRequest, template: str, day: Day, context: dict[str, Any]) -> HttpResponse:
    said = day.said(context["is_backfilled"])
    return render(request, template, {"section": "routes", "day": said, **context})


@of_a_day
def control_point_page(request: HttpRequest, day: Day, code: str) -> HttpResponse:
    """A control point: its names, its access over time with who says so, and what is held before it."""
    viewer = viewer_of(request.user)
    point = roads.point_of(code, day.moment)
    if point is None or viewer.sees_nothing:
        raise Http404
    if day is not (day := _day_for(day, point.place.is_exercise)):
        point = roads.point_of(code, day.moment) or point
    convoys, histories = roads.held_before(viewer, point, day.moment)
    mine = visible_convoys(viewer).filter(is_exercise=point.place.is_exercise)
    ended = board.ended_holds(mine, day.moment, ENDED_ROWS, held_before=point.pk)
    context = {
        "point": point,
        "note": note_of(point),
        "names": _names(point.place),
        "access_label": str(Access(point.access).label) if point.access else "",
        "routes": roads.routes_through(point),
        "held": rows_of(convoys, day),
        "ended": [ended_hold(hold, day.at) for hold in ended],
        **_told(*told_of(viewer, point, day.moment), day, histories),
    }
    return _page(request, "board/control_point.html", day, context)


def _names(place: Place) -> list[NameShown]:
    """Every name that is shown of a place, in alphabetical order, with whose it is."""
    names = [name for name in place.names.all() if not name.is_alias]
    parties = [name for name in names if name.party != NamingParty.OTHER] or names
    return sorted(
        (NameShown(name.name, name.get_party_display()) for name in parties),
        key=lambda shown: shown.name.casefold(),
    )


@of_a_day
def route_list(request: HttpRequest, day: Day) -> HttpResponse:
    """Every route as a strip, with what is on it; exercises last, as they are now."""
    viewer = viewer_of(request.user)
    routes = [] if viewer.sees_nothing else roads.routes_on_record(day.moment)
    real = board.open_convoys(viewer, day.moment)
    exercises = [convoy for convoy in board.exercises_of(viewer) if convoy.status in board.MOVING]
    context = {
        "strips": strips_of([route for route in routes if not route.is_exercise], real.all, day),
        "exercise_strips": strips_of(
            [route for route in routes if route.is_exercise], exercises, the_present()
        ),
        "agreements": board.agreements_on(
            viewer, [route for route in routes if not route.is_exercise], day.moment
        ),
        "is_backfilled": real.is_backfilled,
    }
    return _page(request, "board/routes.html", day, context)


@of_a_day
def route_page(request: HttpRequest, day: Day, code: str) -> HttpResponse:
    """A route: its places, its access, the convoys on it and the agreements about it."""
    viewer = viewer_of(request.user)
    route = roads.route_of(code, day.moment)
    if route is None or viewer.sees_nothing:
        raise Http404
    if day is not (day := _day_for(day, route.is_exercise)):
        route = roads.route_of(code, day.moment) or route
    convoys, histories = roads.convoys_on(viewer, route, day.moment)
    moving = [convoy for convoy in convoys if convoy.status in board.MOVING]
    context = {
        "route": route,
        "strip": strips_of([route], moving, day)[0],
        "rows": rows_of(_open_first(convoys), day, in_order=True),
        "rows_limit": board.ROWS,
        "agreements": board.agreements_on(viewer, [route], day.moment),
        "is_backfilled": board.is_backfilled(histories),
    }
    return _page(request, "board/route.html", day, context)


def _open_first(convoys: Iterable[Convoy]) -> list[Convoy]:
    return sorted(convoys, key=lambda convoy: convoy.status not in board.MOVING)


@of_a_day
def agreement_page(request: HttpRequest, day: Day, code: str) -> HttpResponse:
    """An agreement as it is told: its dated steps, each with accounts, and the order they allege."""
    viewer = viewer_of(request.user)
    agreement = roads.agreement_of(code)
    if agreement is None or viewer.sees_nothing:
        raise Http404
    day = _day_for(day, agreement.is_exercise)
    told, own = told_of(viewer, agreement, day.moment)
    context = {
        "agreement": agreement,
        "routes": agreement.routes.all(),
        "orders": _orders([*own, *(account for entry in told for account in entry.accounts)]),
        "order_contested": any(
            ORDER in points for points in (contested_of_itself(own), *(entry.contested for entry in told))
        ),
        **_told(told, own, day, {}),
    }
    return _page(request, "board/agreement.html", day, context)


def _orders(accounts: Iterable[Account]) -> list[OrderShown]:
    """Which order each account alleges, oldest first; answers included, retracted ones left out."""
    every = [one for account in accounts for one in (account, *account.answers)]
    alleging = [one for one in every if one.claim.alleged_order and not one.is_retracted]
    return [
        OrderShown(account_of(one, instance_zone()), str(Order(one.claim.alleged_order).label))
        for one in sorted(alleging, key=lambda one: one.order)
    ]

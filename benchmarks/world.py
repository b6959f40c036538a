"""The country of the benchmark: three roads with their places, organisations and people, all made up."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import Group

from accounts.models import NamingParty, Organisation, OrganisationType, User
from accounts.roles import Role
from convoys.models import ControlPoint, Place, PlaceName, Route, RouteStop
from convoys.queries.statements import Batch
from convoys.services.changes import ChangeSet, Record, convoy
from convoys.services.resolving import Resolver
from convoys.vocabulary import ControlPointType, PlaceKind

ROUTES = ("north", "middle", "south")
STOPS = ("origin", "junction", "gate", "town", "bridge", "end")
CONTROL_POINTS = {"gate": ControlPointType.CHECKPOINT, "bridge": ControlPointType.BRIDGE}
SPONSORS = tuple(f"sponsor_{number}" for number in range(20))
OTHERS = ("carrier", "consignee", "monitor", "authority", "defence", "gazette")


@dataclass(frozen=True)
class World:
    """Who records, who looks, and what the codes of a record stand for."""

    officers: list[User]
    viewer: User
    partner: User
    resolver: Resolver


def place_code(route: str, stop: str) -> str:
    return f"{route}-{stop}"


def make_world() -> World:
    """Everything that convoys name, written once; people and codes as they are where it is there."""
    if not Route.objects.filter(pk=ROUTES[0]).exists():
        _make_places()
        organisations = {code: code.replace("_", " ").title() for code in (*SPONSORS, *OTHERS)}
        Organisation.objects.bulk_create(
            Organisation(code=code, name=name, type=OrganisationType.INTERNATIONAL_NGO)
            for code, name in organisations.items()
        )
        for number in range(5):
            _person(f"officer_{number}", Role.DESK_OFFICER)
        _person("viewer", Role.VIEWER)
        _person("partner", Role.NONE, organisation_id=SPONSORS[0])
    people = {person.username: person for person in User.objects.all()}
    officers = [people[f"officer_{number}"] for number in range(5)]
    return World(officers, people["viewer"], people["partner"], _resolver())


def _make_places() -> None:
    for route in ROUTES:
        made = Route.objects.create(code=route, name=f"{route.title()} road")
        for position, stop in enumerate(STOPS, start=1):
            kind = PlaceKind.CONTROL_POINT if stop in CONTROL_POINTS else PlaceKind.TOWN
            place = Place.objects.create(code=place_code(route, stop), kind=kind, time_zone="Asia/Yerevan")
            PlaceName.objects.create(
                place=place, name=f"{route} {stop}".title(), party=NamingParty.OTHER, language="en"
            )
            RouteStop.objects.create(route=made, position=position, place=place)
            if stop in CONTROL_POINTS:
                ControlPoint.objects.create(place=place, type=CONTROL_POINTS[stop])


def _person(name: str, role: Role, organisation_id: str | None = None) -> None:
    person = User.objects.create(
        username=name, email=f"{name}@example.org", is_staff=role > Role.NONE, organisation_id=organisation_id
    )
    if role > Role.NONE:
        person.groups.add(Group.objects.get_or_create(name=role.group_name)[0])


def _resolver() -> Resolver:
    """One that knows every code, so that drafting asks the database nothing."""
    people = [*SPONSORS, *OTHERS]
    steps = [
        Record(convoy("-"), "", place=place_code(route, stop), declares={"route": route, "sponsors": people})
        for route in ROUTES
        for stop in STOPS
    ]
    steps += [
        Record(convoy("-"), "", held_before=place_code(route, stop))
        for route in ROUTES
        for stop in CONTROL_POINTS
    ]
    batch = Batch()
    resolver = Resolver(ChangeSet(steps), batch)
    batch.run()
    return resolver

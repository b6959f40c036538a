"""The cast and the country of the tests: people, organisations, places and convoys, made by need.

Functions return what they made; calling one twice with the same code gives the first. Convoys are
made through the write path, as everything is. Append functions here; do not change what is there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import Group

from accounts.models import NamingParty, Organisation, OrganisationType, User
from accounts.roles import Role
from convoys.models import Agreement, ControlPoint, Place, PlaceName, Route, RouteStop
from convoys.services import timeline
from convoys.services.changes import Account, ChangeSet, Record, SubjectRef, When, Written, convoy
from convoys.vocabulary import ControlPointType, PlaceKind, SpeakerKind

PASSWORD = "a passphrase for tests"
UTC_ZONE = ZoneInfo("UTC")

# --- who


def organisation(code: str = "aid_society", **more: Any) -> Organisation:
    """An organisation, by default one that can sponsor and carry."""
    values = {"name": code.replace("_", " ").title(), "type": OrganisationType.RED_CROSS} | more
    return Organisation.objects.get_or_create(code=code, defaults=values)[0]


def user(
    username: str, role: Role = Role.NONE, organisation: Organisation | None = None, **more: Any
) -> User:
    """A person who signs in with PASSWORD: staff where a role is given."""
    found = User.objects.filter(username=username).first()
    if found is not None:
        return found
    values: dict[str, Any] = {
        "email": f"{username}@example.org",
        "is_staff": role > Role.NONE,
        "organisation": organisation,
    } | more
    person = User.objects.create_user(username=username, password=PASSWORD, **values)
    if role > Role.NONE:
        person.groups.add(Group.objects.get_or_create(name=role.group_name)[0])
    return person


def viewer() -> User:
    return user("viewer", Role.VIEWER)


def officer(username: str = "officer") -> User:
    return user(username, Role.DESK_OFFICER)


def coordinator() -> User:
    return user("coordinator", Role.COORDINATOR)


def administrator() -> User:
    return user("administrator", Role.ADMINISTRATOR, is_superuser=True)


def partner(code: str = "aid_society") -> User:
    """A person of the organisation with this code: by default of the one that sponsors `make_convoy`'s."""
    return user(f"partner_{code}", organisation=organisation(code))


def stranger() -> User:
    """Signed in, with neither a role nor an organisation."""
    return user("stranger")


# --- where


def place(code: str, kind: str = PlaceKind.TOWN, **more: Any) -> Place:
    made, is_new = Place.objects.get_or_create(code=code, defaults={"kind": kind} | more)
    if is_new:
        PlaceName.objects.create(place=made, name=code.replace("_", " ").title(), party=NamingParty.OTHER)
    return made


def control_point(code: str = "bridge", type: str = ControlPointType.BRIDGE, **more: Any) -> ControlPoint:
    where = place(code, PlaceKind.CONTROL_POINT)
    return ControlPoint.objects.get_or_create(place=where, defaults={"type": type} | more)[0]


def route(code: str, *stops: str) -> Route:
    """A route over places that exist, in this order."""
    made, is_new = Route.objects.get_or_create(code=code, defaults={"name": f"{code} road"})
    if is_new:
        RouteStop.objects.bulk_create(
            RouteStop(route=made, position=position, place_id=stop) for position, stop in enumerate(stops, 1)
        )
    return made


def road() -> Route:
    """The tests' road: harbour, junction, bridge (control point), hamlet, gate (control point), valley."""
    for town in ("harbour", "junction", "hamlet", "valley", "elsewhere"):
        place(town)
    control_point("bridge")
    control_point("gate", ControlPointType.CHECKPOINT)
    return route("main", "harbour", "junction", "bridge", "hamlet", "gate", "valley")


def agreement(code: str = "passage", **more: Any) -> Agreement:
    return Agreement.objects.get_or_create(code=code, defaults={"title": code.title()} | more)[0]


# --- what happened


def at(text: str) -> When:
    """A time in UTC: "2026-03-01" is a day, "2026-03-01T10:00" a minute."""
    return When.parse(text, UTC_ZONE)


def account(**more: Any) -> Account:
    """A claim by somebody on the spot."""
    values: dict[str, Any] = {
        "speaker": "An observer",
        "speaker_kind": SpeakerKind.MONITOR,
        "statement": "Seen by us.",
    }
    return Account(**(values | more))


def record(subject: SubjectRef | str, kind: str, when: str | When | None = None, **more: Any) -> Record:
    """A record of a convoy (by its reference) or of another subject, with one claim."""
    ref = convoy(subject) if isinstance(subject, str) else subject
    time = at(when) if isinstance(when, str) else when
    return Record(ref, kind, time, **({"claims": [account()]} | more))


def apply(*steps: Any, author: User | None = None, **more: Any) -> Written:
    """Write one change set of these steps; by default the system's, without a look at what it saw."""
    return timeline.apply(ChangeSet(steps=steps, author=author, door="test", **more))


def tell(subject: SubjectRef | str, kind: str, when: str | When | None = None, **more: Any) -> int:
    """Write one event with one claim; returns its sequence."""
    return apply(record(subject, kind, when, **more)).sequences[0][0]


DECLARATION: dict[str, Any] = {
    "sponsors": ["aid_society"],
    "origin": "harbour",
    "destination": "valley",
    "route": "main",
    "trucks": 4,
    "tonnes": {"low": "40.000", "high": "40.000"},
}


def make_convoy(reference: str = "C-1", when: str = "2026-03-01T06:00", **more: Any) -> SubjectRef:
    """Register a convoy of the aid society over the tests' road. `declares` replaces single items."""
    road()
    organisation()
    declares = DECLARATION | more.pop("declares", {})
    apply(Record(convoy(reference), "registered", at(when), declares=declares, **more))
    return convoy(reference)


def make_held_convoy(reference: str = "C-1", since: str = "2026-03-02T08:00", **more: Any) -> SubjectRef:
    """A convoy that left the harbour on 1 March 2026 and is held at the junction, before the bridge."""
    ref = make_convoy(reference, **more)
    tell(ref, "departed", "2026-03-01T08:00", place="harbour")
    tell(ref, "held", since, place="junction", held_before="bridge")
    return ref


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)

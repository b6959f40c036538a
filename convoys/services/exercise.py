"""The exercise: invented convoys on an invented road, for a newcomer to try the desk on.

Dated relative to its start and made once. Everything in it is called by the word exercise.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import NamingParty, Organisation, OrganisationType
from convoys.errors import AlreadySent
from convoys.models import ControlPoint, Convoy, Place, PlaceName, Route, RouteStop
from convoys.models.alerting import Policy, PolicyStep, Scope, Severity, Watch
from convoys.services import timeline
from convoys.services.changes import Account, ChangeSet, Record, SubjectRef, When, control_point, convoy
from convoys.vocabulary import ControlPointType, PlaceKind, SpeakerKind, Stance

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://example.org/convoytracker/exercise")
ROUTE = "exercise_road"
SPONSOR, OTHER_SPONSOR = "exercise_relief", "exercise_aid"
CARRIER, CONSIGNEE = "exercise_haulage", "exercise_council"
AUTHORITY, OBSERVERS, GAZETTE = "exercise_bridge_guard", "exercise_observers", "exercise_gazette"

ORGANISATIONS = (
    (SPONSOR, "Exercise Relief Fund", OrganisationType.INTERNATIONAL_NGO),
    (OTHER_SPONSOR, "Exercise Aid Society", OrganisationType.RED_CROSS),
    (CARRIER, "Exercise Haulage Company", OrganisationType.PRIVATE_SECTOR),
    (CONSIGNEE, "Exercise Town Council", OrganisationType.GOVERNMENT),
    (AUTHORITY, "Exercise Bridge Guard", OrganisationType.GOVERNMENT),
    (OBSERVERS, "Exercise Observers", OrganisationType.INTERNATIONAL_ORGANIZATION),
    (GAZETTE, "Exercise Gazette", OrganisationType.MEDIA),
)
# In travelling order.
PLACES = (
    ("exercise_port", "Exercise Port", PlaceKind.TOWN),
    ("exercise_crossroads", "Exercise Crossroads", PlaceKind.TOWN),
    ("exercise_bridge", "Exercise Bridge", PlaceKind.CONTROL_POINT),
    ("exercise_village", "Exercise Village", PlaceKind.TOWN),
    ("exercise_gate", "Exercise Gate", PlaceKind.CONTROL_POINT),
    ("exercise_town", "Exercise Town", PlaceKind.TOWN),
)
CONTROL_POINTS = (
    ("exercise_bridge", ControlPointType.BRIDGE, "exercise_crossroads", "exercise_village"),
    ("exercise_gate", ControlPointType.CHECKPOINT, "exercise_village", "exercise_town"),
)
# Steps of the exercise's own policies, in hours: short, so that there is something to see.
STEPS = {
    Watch.HELD: ((4, Severity.WARNING), (12, Severity.CRITICAL)),
    Watch.STOPPED: ((6, Severity.NOTICE),),
}
HELD_STEP = timedelta(hours=STEPS[Watch.HELD][0][0])
# How long after the exercise is made its held convoy reaches the first step: from this to a minute more,
# since a hold is dated to the minute and its clock runs from that minute's end.
SOON = timedelta(seconds=25)


def make_exercise() -> int:
    """Make what is missing of the exercise; returns how many convoys were made.

    Each convoy is one change set with a UUID of its own, so that a start that was interrupted, or
    two at once, never make one twice.
    """
    keep_road()
    now = timezone.now()
    known = set(Convoy.objects.filter(is_exercise=True).values_list("reference", flat=True))
    histories = {
        "EX-1": on_the_road(now),
        "EX-2": stopped(now),
        "EX-3": held(now),
        "EX-4": of_another_sponsor(now),
    }
    return sum(_write(name, steps) for name, steps in histories.items() if name not in known)


def _write(name: str, steps: list[Record]) -> bool:
    change_set = ChangeSet(steps=steps, door="exercise", uuid=uuid.uuid5(NAMESPACE, name))
    try:
        return not timeline.apply(change_set).is_repeat
    except AlreadySent:  # another start made it a moment ago, with other times
        return False


@transaction.atomic
def keep_road() -> None:
    """Add the exercise's organisations, places, route and policies where they are missing."""
    for code, name, kind in ORGANISATIONS:
        Organisation.objects.get_or_create(
            code=code, defaults={"name": name, "type": kind, "is_exercise": True}
        )
    for code, name, place_kind in PLACES:
        place, is_new = Place.objects.get_or_create(
            code=code, defaults={"kind": place_kind, "is_exercise": True}
        )
        if is_new:
            PlaceName.objects.create(place=place, name=name, party=NamingParty.OTHER)
    for code, point_type, side_a, side_b in CONTROL_POINTS:
        ControlPoint.objects.get_or_create(
            place_id=code, defaults={"type": point_type, "side_a_id": side_a, "side_b_id": side_b}
        )
    route, is_new = Route.objects.get_or_create(
        code=ROUTE,
        defaults={"name": "Exercise road", "desk_email": "exercise-desk@example.org", "is_exercise": True},
    )
    if is_new:
        RouteStop.objects.bulk_create(
            RouteStop(route=route, position=position, place_id=code)
            for position, (code, _, _) in enumerate(PLACES, 1)
        )
        for watch, steps in STEPS.items():
            policy = Policy.objects.create(scope=Scope.ROUTE, route=route, watch=watch)
            PolicyStep.objects.bulk_create(
                PolicyStep(policy=policy, after_seconds=hours * 3600, severity=severity)
                for hours, severity in steps
            )


# The convoys' histories.


def on_the_road(now: datetime) -> list[Record]:
    """EX-1 passed the bridge two hours ago and goes on."""
    ref, tell = _teller("EX-1", now)
    return [
        _registered(ref, now, SPONSOR, trucks=6, tonnes="90", cargo=[("food", "rice and beans", "90")]),
        tell("departed", hours=7, place="exercise_port", claims=[_carrier("Six trucks have left the port.")]),
        tell(
            "passed",
            hours=2,
            place="exercise_bridge",
            heading="exercise_town",
            claims=[_observer("All six trucks went over the bridge.")],
        ),
    ]


def stopped(now: datetime) -> list[Record]:
    """EX-2 stands with a broken axle, and nobody forbids it to go on."""
    ref, tell = _teller("EX-2", now)
    breakdown = _carrier(
        "One truck has a broken axle; a spare part is on its way.", alleged_causes=["breakdown"]
    )
    return [
        _registered(
            ref, now, SPONSOR, trucks=3, tonnes="36.5", cargo=[("shelter_nfi", "tents and blankets", "36.5")]
        ),
        tell(
            "departed", hours=6, place="exercise_port", claims=[_carrier("Three trucks have left the port.")]
        ),
        tell("stopped", hours=3, place="exercise_crossroads", claims=[breakdown]),
    ]


def held(now: datetime) -> list[Record]:
    """EX-3 is kept from passing the bridge, for a reason that is told in two ways; its first step is near."""
    ref, tell = _teller("EX-3", now)
    since = (now + SOON).replace(second=0, microsecond=0) - HELD_STEP
    observer = _observer(
        "Four trucks wait before the bridge; the guard does not let them on.",
        alleged_holders=[AUTHORITY],
        alleged_causes=["paperwork"],
    )
    guard = Account(
        speaker=AUTHORITY,
        speaker_kind=SpeakerKind.PARTY,
        stance=Stance.DISPUTES,
        statement="Nobody is kept here: the load has to be inspected like any other.",
        publisher=GAZETTE,
        alleged_causes=["inspection"],
    )
    closed = Record(
        control_point("exercise_bridge"),
        "access_changed",
        When(since),
        place="exercise_bridge",
        access="restricted",
        claims=[_observer("Loads are let over the bridge one by one.", alleged_access="restricted")],
    )
    return [
        _registered(ref, now, SPONSOR, trucks=4, tonnes="60", most="64", cargo=[("food", "flour", "60")]),
        tell(
            "departed", hours=9, place="exercise_port", claims=[_carrier("Four trucks have left the port.")]
        ),
        closed,
        Record(
            ref,
            "held",
            When(since),
            place="exercise_crossroads",
            held_before="exercise_bridge",
            claims=[observer, guard],
        ),
        tell(
            "seen",
            hours=1,
            place="exercise_crossroads",
            claims=[_carrier("Our drivers are still before the bridge.")],
        ),
    ]


def of_another_sponsor(now: datetime) -> list[Record]:
    """EX-4 belongs to another sponsor: the demonstration's partner must not know of it."""
    ref, tell = _teller("EX-4", now)
    return [
        _registered(ref, now, OTHER_SPONSOR, trucks=2, tonnes="18", cargo=[("health", "medicine", "18")]),
        tell("departed", hours=4, place="exercise_port", claims=[_carrier("Two trucks have left the port.")]),
    ]


def _teller(reference: str, now: datetime) -> tuple[SubjectRef, Any]:
    """The convoy, and a function that reports on it so many hours before now."""
    ref = convoy(reference)

    def tell(kind: str, hours: int, **more: Any) -> Record:
        return Record(ref, kind, _ago(now, hours), **more)

    return ref, tell


def _ago(now: datetime, hours: int) -> When:
    return When(now.replace(second=0, microsecond=0) - timedelta(hours=hours))


def _registered(
    ref: SubjectRef,
    now: datetime,
    sponsor: str,
    trucks: int,
    tonnes: str,
    cargo: list[tuple[str, str, str]],
    most: str | None = None,
) -> Record:
    return Record(
        ref,
        "registered",
        _ago(now, hours=30),
        is_exercise=True,
        declares={
            "sponsors": [sponsor],
            "carrier": CARRIER,
            "consignee": CONSIGNEE,
            "origin": "exercise_port",
            "destination": "exercise_town",
            "route": ROUTE,
            "trucks": trucks,
            "tonnes": {"low": tonnes, "high": most or tonnes},
            "cargo": [
                {"category": category, "description": what, "tonnes_low": weight, "tonnes_high": weight}
                for category, what, weight in cargo
            ],
        },
    )


def _carrier(statement: str, **more: Any) -> Account:
    return Account(speaker=CARRIER, speaker_kind=SpeakerKind.CARRIER_STAFF, statement=statement, **more)


def _observer(statement: str, **more: Any) -> Account:
    return Account(
        speaker=OBSERVERS, speaker_kind=SpeakerKind.MONITOR, statement=statement, publisher=GAZETTE, **more
    )

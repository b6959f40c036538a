"""What a convoy's row and its whole story show."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import NamingParty, OrganisationName
from convoys.models import PlaceName
from convoys.services.changes import Retract, When, control_point
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


def test_a_held_convoy_in_the_list() -> None:
    make.make_held_convoy("C-1", since="2026-03-02T08:00")
    (row,) = Program(make.partner()).get("convoys")["results"]
    harbour = {
        "code": "harbour",
        "name": "Harbour",
        "names": [{"party": "other", "name": "Harbour", "language": "en"}],
    }
    assert row | {"destination": None, "stands_at": None, "control_point": None} == {
        "reference": "C-1",
        "exercise": False,
        "status": "held",
        "status_since": "2026-03-02T08:00:00+00:00",
        "status_precision": "minute",
        "held_since": "2026-03-02T08:00:00+00:00",
        "held_precision": "minute",
        "last_reported_at": "2026-03-02T08:00:00+00:00",
        "last_reported_precision": "minute",
        "silent_from": "2026-03-09T08:01:00+00:00",
        "tracking_ended_at": None,
        "origin": harbour,
        "destination": None,
        "route": {"code": "main", "name": "main road"},
        "stands_at": None,
        "control_point": None,
        "heading": None,
        "heading_back": False,
        "sponsors": [{"code": "aid_society", "name": "Aid Society"}],
        "carrier": None,
        "consignee": None,
        "trucks": 4,
        "tonnes_low": "40.000",
        "tonnes_high": "40.000",
        "planned_departure_at": None,
        "due_at": None,
    }
    assert row["stands_at"]["code"] == "junction"
    assert row["control_point"]["code"] == "bridge"


def test_unknown_is_null_and_never_zero() -> None:
    unknown = {"trucks": None, "tonnes": None, "sponsors": None, "origin": None, "route": None}
    make.make_convoy("C-1", declares=unknown)
    row = Program(make.viewer()).get("convoys")["results"][0]
    assert [row[key] for key in ("trucks", "tonnes_low", "tonnes_high", "origin", "route")] == [None] * 5
    assert row["sponsors"] == []


def test_at_least_is_low_without_high() -> None:
    make.make_convoy("C-1", declares={"tonnes": {"low": "20"}})
    row = Program(make.partner()).get("convoys")["results"][0]
    assert (row["tonnes_low"], row["tonnes_high"]) == ("20.000", None)


def test_instants_carry_the_offset_of_their_place() -> None:
    make.road()
    make.place("far_post", time_zone="Asia/Baku")
    make.make_convoy("C-1")
    when = When.parse("2026-03-02", make.ZoneInfo("Asia/Baku"), bound="about", as_printed="early in March")
    make.tell("C-1", "held", when, place="far_post", held_before="bridge")
    detail = Program(make.partner()).get("convoys/C-1")
    assert detail["held_since"] == "2026-03-02T00:00:00+04:00"
    assert detail["last_reported_at"] == "2026-03-02T00:00:00+04:00"
    assert detail["silent_from"] == "2026-03-10T00:00:00+04:00"
    assert detail["episodes"][0]["held_since"] == "2026-03-02T00:00:00+04:00"
    event = detail["events"][-1]
    time = ("occurred_at", "precision", "bound", "time_as_printed", "time_zone")
    assert tuple(event[key] for key in time) == (
        "2026-03-02T00:00:00+04:00", "day", "about", "early in March", "Asia/Baku"
    )  # fmt: skip


def test_what_is_served_does_not_depend_on_the_clock(time_machine) -> None:
    make.make_held_convoy("C-1")
    program = Program(make.partner())
    program.get("convoys")
    time_machine.move_to(timezone.now().replace(microsecond=0), tick=False)
    today = program.ask("convoys/C-1").body, program.ask("convoys").body
    time_machine.shift(90 * 24 * 3600)
    assert (program.ask("convoys/C-1").body, program.ask("convoys").body) == today


def test_holds_are_listed_with_how_they_ended() -> None:
    make.make_held_convoy("C-1", since="2026-03-02T08:00")
    released = make.tell("C-1", "released", "2026-03-04T10:00", place="junction")
    make.tell("C-1", "held", "2026-03-05", place="hamlet", held_before="gate")
    make.tell("C-1", "passed", "2026-03-07", place="gate")
    episodes = Program(make.partner()).get("convoys/C-1")["episodes"]
    assert [(e["held_since"], e["ended_at"], e["ended"], e["end_inferred"]) for e in episodes] == [
        ("2026-03-02T08:00:00+00:00", "2026-03-04T10:00:00+00:00", "released", False),
        ("2026-03-05T00:00:00+00:00", "2026-03-07T00:00:00+00:00", "released", True),
    ]
    assert episodes[0]["ended_by"] == released
    assert [e["control_point"]["code"] for e in episodes] == ["bridge", "gate"]


def test_silence_is_no_longer_awaited_of_a_convoy_that_arrived() -> None:
    make.make_held_convoy("C-1")
    make.tell("C-1", "delivered", "2026-03-09", place="valley")
    row = Program(make.partner()).get("convoys/C-1")
    assert (row["status"], row["held_since"], row["silent_from"]) == ("delivered", None, None)


def test_cargo_and_other_references() -> None:
    cargo = [
        {"category": "food", "description": "flour", "quantity": "800", "unit": "bag", "tonnes_low": "40"}
    ]
    make.make_convoy("C-1", declares={"cargo": cargo, "references": [{"issuer": "port", "number": "W/7"}]})
    detail = Program(make.partner()).get("convoys/C-1")
    assert detail["cargo"] == [
        {
            "line": 1, "category": "food", "sector": "FSC", "description": "flour", "quantity": "800.000",
            "unit": "bag", "tonnes_low": "40.000", "tonnes_high": None,
        }
    ]  # fmt: skip
    assert detail["other_references"] == [{"issuer": "port", "number": "W/7"}]


def test_figures_that_do_not_meet_make_a_convoy_contested() -> None:
    make.make_convoy("C-1")
    claims = [
        make.account(speaker="One", alleged_tonnes_low=360, alleged_tonnes_high=360),
        make.account(speaker="Two", alleged_tonnes_low=400, alleged_tonnes_high=400),
    ]
    make.tell("C-1", "departed", "2026-03-02", claims=claims)
    assert Program(make.partner()).get("convoys/C-1")["contested"] == ["how much"]


def test_all_parties_names_of_a_place_are_shown_and_no_alias() -> None:
    make.road()
    bridge = make.place("valley")
    bridge.names.all().delete()
    for name, party, alias in (
        ("Lachin", NamingParty.AZERBAIJANI, False),
        ("Berdzor", NamingParty.ARMENIAN, False),
        ("Laçın", NamingParty.AZERBAIJANI, True),
    ):
        PlaceName.objects.create(place=bridge, name=name, party=party, is_alias=alias)
    make.make_convoy("C-1")
    assert Program(make.partner()).get("convoys/C-1")["destination"] == {
        "code": "valley",
        "name": "Berdzor / Lachin",
        "names": [
            {"party": "hy", "name": "Berdzor", "language": "en"},
            {"party": "az", "name": "Lachin", "language": "en"},
        ],
    }


def test_a_name_that_is_a_verdict_is_not_among_an_organisations_names() -> None:
    organisation = make.organisation()
    OrganisationName.objects.create(organisation=organisation, name="A verdict", party="az", is_verdict=True)
    OrganisationName.objects.create(organisation=organisation, name="A usage", party="hy")
    shown = Program(make.partner()).get("organisations/aid_society")
    assert shown["names"] == [{"party": "hy", "name": "A usage"}]


def test_a_convoy_whose_registration_was_taken_back_is_not_found() -> None:
    make.road()
    made = make.apply(
        make.record("C-1", "registered", "2026-03-01", declares=make.DECLARATION | {"sponsors": None})
    )
    program = Program(make.viewer())
    assert program.ask("convoys/C-1").status == 200
    make.apply(Retract(made.sequences[0][0], "Entered twice."))
    assert program.ask("convoys/C-1").status == 404
    assert program.ask("convoys").references == []


def test_a_routes_access_is_the_worst_of_its_control_points_with_a_history() -> None:
    make.road()
    program = Program(make.partner())
    assert program.get("routes/main")["access"] is None
    make.tell(control_point("bridge"), "access_changed", "2026-03-01", access="open")
    assert program.get("routes/main")["access"] == "open"
    make.tell(control_point("gate"), "access_changed", "2026-03-02", access="closed")
    route = program.get("routes/main")
    assert route["access"] == "closed"
    assert [(stop["place"]["code"], stop["access"]) for stop in route["places"]] == [
        ("harbour", None), ("junction", None), ("bridge", "open"), ("hamlet", None), ("gate", "closed"),
        ("valley", None),
    ]  # fmt: skip


def test_a_control_point_shows_its_access_and_its_history() -> None:
    make.road()
    bridge = make.control_point("bridge")
    bridge.side_a, bridge.side_b = make.place("junction"), make.place("hamlet")
    bridge.save(update_fields=["side_a", "side_b"])
    make.tell(control_point("bridge"), "access_changed", "2026-03-01", access="closed")
    make.tell(control_point("bridge"), "access_changed", "2026-03-03", access="restricted")
    shown = Program(make.partner()).get("control-points/bridge")
    assert (shown["access"], shown["access_since"], shown["access_precision"]) == (
        "restricted", "2026-03-03T00:00:00+00:00", "day"
    )  # fmt: skip
    assert [side["code"] for side in shown["sides"]] == ["junction", "hamlet"]
    assert [event["access"] for event in shown["events"]] == ["closed", "restricted"]
    listed = Program(make.partner()).get("control-points")["results"]
    assert [point["code"] for point in listed] == ["bridge", "gate"]


def test_an_agreement_shows_its_steps_as_told() -> None:
    make.agreement("passage")
    subject = make.SubjectRef("agreement", "passage")
    make.tell(subject, "agreed", "2026-03-01", decided_by="other")
    make.tell(subject, "denied", "2026-03-02", decided_by="own_side")
    shown = Program(make.partner()).get("agreements/passage")
    assert [(event["kind"], event["decided_by"]) for event in shown["events"]] == [
        ("agreed", "other"),
        ("denied", "own_side"),
    ]

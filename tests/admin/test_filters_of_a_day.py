"""Every filter of the desk's list on another day answers what was so then, as it was known then."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from convoys.models import Event
from convoys.queries.as_of import Moment
from convoys.queries.day_filters import FiltersOfADay
from convoys.queries.desk import desk_convoys_at
from convoys.services.changes import Correct, Record, Retract, convoy
from tests import factories
from tests.admin import desk
from tests.admin.test_another_day import LIST, references, shown

THEN = "2026-03-03"


@pytest.fixture
def changed(held: str) -> str:
    """C-1: of the aid society on the main road until the 4th, then of the city fund on the other road."""
    factories.organisation("city_fund", name="City Fund")
    factories.route("other", "harbour", "valley")
    later = {"sponsors": ["city_fund"], "route": "other"}
    factories.apply(Record(convoy(held), "amended", factories.at("2026-03-04"), declares=later))
    return held


def listed(client: Client, **query: str) -> list[str]:
    return references(shown(client, reverse(LIST), **query))


def test_every_filter_of_the_list_of_now_is_offered_on_another_day(held: str, viewer: Client) -> None:
    def offered(text: str) -> list[str]:
        return [name for name in ("state", "flag", "route", "control point", "sponsor", "exercise")
                if f"By {name}" in text]  # fmt: skip

    now, then = shown(viewer, reverse(LIST)), shown(viewer, reverse(LIST), as_of=THEN)
    assert offered(then) == offered(now) == [
        "state", "flag", "route", "control point", "sponsor", "exercise",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "of_then", "of_now"),
    [
        ({"route": "main"}, True, False),
        ({"route": "other"}, False, True),
        ({"sponsor": "aid_society"}, True, False),
        ({"sponsor": "city_fund"}, False, True),
        ({"route": "main", "sponsor": "aid_society", "status": "held"}, True, False),
        ({"route": "main", "sponsor": "city_fund"}, False, False),
    ],
)
def test_route_and_sponsor_are_those_of_the_day(
    query: dict[str, str], of_then: bool, of_now: bool, changed: str, viewer: Client
) -> None:
    assert (listed(viewer, as_of=THEN, **query) == [changed]) == of_then
    assert (listed(viewer, **query) == [changed]) == of_now


def test_a_change_that_was_not_known_yet_changes_nothing(held: str, viewer: Client) -> None:
    factories.route("other", "harbour", "valley")
    with time_machine.travel("2026-03-05T13:00:00Z", tick=False):
        later = {"route": "other"}
        factories.apply(Record(convoy(held), "amended", factories.at("2026-03-02"), declares=later))
    with time_machine.travel("2026-03-05T14:00:00Z", tick=False):
        for known_at, route in (("2026-03-05T12:30Z", "main"), ("2026-03-05T13:30Z", "other")):
            asked = {"as_of": THEN, "known_at": known_at}
            for code in ("main", "other"):
                response = viewer.get(reverse(LIST), asked | {"route": code})
                found = references(desk.text_of(response))
                assert (found == [held]) == (code == route), (known_at, code)


def test_a_corrected_registration_is_read_as_it_stood(held: str, viewer: Client) -> None:
    registered = Event.objects.get(kind="registered")
    with time_machine.travel("2026-03-05T13:00:00Z", tick=False):
        without = {name: value for name, value in factories.DECLARATION.items() if name != "route"}
        contents = Record(convoy(held), "registered", factories.at("2026-03-01T06:00"), declares=without)
        factories.apply(
            Correct(registered.sequence, contents, "not on that road"), author=factories.coordinator()
        )
    with time_machine.travel("2026-03-05T14:00:00Z", tick=False):
        for known_at, found in (("2026-03-05T12:30Z", [held]), ("2026-03-05T13:30Z", [])):
            asked = {"as_of": THEN, "known_at": known_at, "route": "main"}
            assert references(desk.text_of(viewer.get(reverse(LIST), asked))) == found


def test_silent_is_what_was_silent_then(held: str, viewer: Client, settings: Any) -> None:
    settings.SILENT_AFTER_HOURS = 24
    factories.tell(held, "seen", "2026-03-04T12:00", place="junction")
    for as_of, silent in (
        ("2026-03-03T07:00Z", False), ("2026-03-03T09:00Z", True), ("2026-03-04T13:00Z", False),
    ):  # fmt: skip
        assert (listed(viewer, as_of=as_of, flag="silent") == [held]) == silent, as_of


def test_a_report_that_was_taken_back_ends_no_silence(held: str, viewer: Client, settings: Any) -> None:
    settings.SILENT_AFTER_HOURS = 24
    slip = factories.tell(held, "seen", "2026-03-04T12:00", place="junction")
    factories.apply(Retract(slip, "another convoy"), author=factories.coordinator())
    assert listed(viewer, as_of="2026-03-04T13:00Z", flag="silent") == [held]


def test_overdue_is_what_was_due_and_still_open_then(held: str, viewer: Client) -> None:
    factories.make_held_convoy("C-2", declares={"due_arrival": factories.utc(2026, 3, 2, 12)})
    factories.tell("C-2", "delivered", "2026-03-04T08:00", place="valley")
    assert listed(viewer, as_of="2026-03-02T11:00Z", flag="overdue") == []
    assert listed(viewer, as_of=THEN, flag="overdue") == ["C-2"]
    assert listed(viewer, as_of="2026-03-04T09:00Z", flag="overdue") == []
    factories.apply(
        Record(convoy(held), "amended", factories.at("2026-03-04"),
               declares={"due_arrival": factories.utc(2026, 3, 1)})
    )  # fmt: skip
    assert listed(viewer, as_of=THEN, flag="overdue") == ["C-2"], "due only since the 4th"
    assert listed(viewer, as_of="2026-03-05T10:00Z", flag="overdue") == [held]


def test_tracking_ended_is_what_had_ended_then(held: str, viewer: Client) -> None:
    factories.tell(held, "tracking_ended", "2026-03-04T08:00", claims=[])
    assert listed(viewer, as_of=THEN, flag="ended") == []
    assert listed(viewer, as_of="2026-03-04T09:00Z", flag="ended") == [held]


def test_filters_of_another_day_cost_the_same_however_many_convoys(
    changed: str, viewer: Client, django_assert_max_num_queries: Any
) -> None:
    query = {"as_of": THEN, "flag": "silent", "route": "main", "sponsor": "aid_society"}
    shown(viewer, reverse(LIST), **query)
    with django_assert_max_num_queries(60) as few:
        shown(viewer, reverse(LIST), **query)
    for number in range(2, 6):
        factories.make_held_convoy(f"C-{number}")
    with django_assert_max_num_queries(len(few)):
        shown(viewer, reverse(LIST), **query)


def test_a_filter_names_no_convoy_that_was_amended_and_does_not_fit(changed: str) -> None:
    """A statement has room for so many parameters, and amended convoys grow without end."""

    def parameters() -> list[int]:
        of_a_day = FiltersOfADay(Moment.parse(as_of=THEN))
        conditions = (of_a_day.on_route("other"), of_a_day.sponsored_by("city_fund"), of_a_day.overdue())
        lists = (desk_convoys_at(of_a_day.moment).filter(condition) for condition in conditions)
        return [len(rows.query.sql_with_params()[1]) for rows in lists]

    few = parameters()
    for number in range(2, 8):
        amended = factories.make_convoy(f"C-{number}")
        factories.apply(Record(amended, "amended", factories.at("2026-03-04"), declares={"route": "other"}))
    assert parameters() == few

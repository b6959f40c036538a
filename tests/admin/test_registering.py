"""A convoy is registered with what it is said to be; amendments state what was changed and no more."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from convoys.models import Convoy, Event
from tests import factories
from tests.admin import desk


def register() -> str:
    return reverse("admin:convoys_convoy_register")


def full() -> dict[str, Any]:
    factories.road()
    factories.organisation("aid_society")
    factories.organisation("city_fund", name="City Fund")
    return {
        "reference": "C-7",
        "sponsors": "Aid Society; City Fund",
        "carrier": "Aid Society",
        "consignee": "city_fund",
        "origin": "harbour",
        "destination": "valley",
        "route": "main",
        "planned_day": "2026-03-09",
        "planned_time": "06:30",
        "trucks": "4",
        "tonnes_low": "36.5",
        "tonnes_high": "40",
        "cargo_0_category": "food",
        "cargo_0_description": "Flour",
        "cargo_0_tonnes_low": "30",
        "cargo_0_at_least": "on",
        "cargo_2_category": "health",
        "cargo_2_quantity": "120",
        "cargo_2_unit": "kits",
        "reference_1_issuer": "Customs",
        "reference_1_number": "W-88",
        "shared": "named",
        "shared_with": "City Fund",
    }


def test_a_declaration_is_on_record_as_typed(officer: Client) -> None:
    response = desk.send(officer, register(), **full())
    assert response.status_code == 302, desk.problems_of(response)
    convoy = Convoy.objects.get(reference="C-7")
    assert (convoy.status, convoy.origin_id, convoy.destination_id, convoy.route_id) == (
        "planned",
        "harbour",
        "valley",
        "main",
    )
    assert (convoy.trucks, convoy.tonnes_low, convoy.tonnes_high) == (4, Decimal("36.5"), Decimal(40))
    assert convoy.planned_departure_at == factories.utc(2026, 3, 9, 6, 30)
    parts = set(convoy.organisations.values_list("part", "organisation"))
    assert {("sponsor", "aid_society"), ("sponsor", "city_fund"), ("shared", "city_fund")} <= parts
    lines = list(
        convoy.cargo_lines.values_list("category", "description", "tonnes_low", "tonnes_high", "unit")
    )
    assert lines == [("food", "Flour", Decimal(30), None, ""), ("health", "", None, None, "kits")]
    assert convoy.other_references.get().number == "W-88"
    assert not convoy.is_exercise


def test_the_least_is_a_reference_and_unknown_is_never_nought(officer: Client) -> None:
    assert desk.send(officer, register(), reference="C-8").status_code == 302
    convoy = Convoy.objects.get(reference="C-8")
    assert (convoy.trucks, convoy.tonnes_low, convoy.tonnes_high) == (None, None, None)
    assert "tonnage unknown" in desk.text_of(officer.get(desk.page("C-8")))


@pytest.mark.parametrize(
    ("typed", "low", "high"),
    [
        ({"tonnes_low": "40"}, 40, 40),
        ({"tonnes_low": "40", "tonnes_high": "44"}, 40, 44),
        ({"tonnes_low": "40", "at_least": "on"}, 40, None),
        ({}, None, None),
    ],
)
def test_tonnage_exact_range_floor_or_unknown(
    typed: dict[str, str], low: int | None, high: int | None, officer: Client
) -> None:
    assert desk.send(officer, register(), reference="C-8", **typed).status_code == 302
    convoy = Convoy.objects.get()
    assert (convoy.tonnes_low, convoy.tonnes_high) == (low, high)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"reference": ""}, "required"),
        ({"reference": "with space"}, "no spaces"),
        ({"reference": "x" * 65}, "at most 64 characters"),
        ({"reference": "a\x00"}, "Null characters"),
        ({"sponsors": "Unheard Of"}, "is no organisation on record"),
        ({"route": "none"}, "not one of the available choices"),
        ({"tonnes_low": "-3"}, "greater than or equal to 0"),
        ({"tonnes_low": "5000000"}, "0 to 1,000,000"),
        ({"tonnes_high": "3"}, "lowest figure"),
        ({"at_least": "on"}, "At least how much?"),
        ({"planned_time": "10:00"}, "A time needs its day"),
        ({"planned_day": "2060-01-01"}, "out of range"),
        ({"cargo_0_unit": "kits"}, "Say what kind of goods"),
        ({"reference_0_number": "7"}, "needs its issuer"),
        ({"shared": "named"}, "Name at least one"),
    ],
)
def test_bad_input_is_said_on_the_form_and_no_convoy_is_made(
    typed: dict[str, str], says: str, officer: Client
) -> None:
    response = desk.send(officer, register(), **({"reference": "C-8", "note": "Kept"} | typed))
    assert response.status_code == 200
    assert says in desk.text_of(response), desk.problems_of(response)
    assert not Convoy.objects.exists()


def test_a_reference_already_on_record_is_refused(held: str, officer: Client) -> None:
    response = desk.send(officer, register(), reference=held)
    assert "is on record already" in desk.text_of(response)
    assert Convoy.objects.count() == 1


def test_more_rows_come_without_script_and_without_losing_anything(officer: Client) -> None:
    typed = full()
    response = desk.send(officer, register(), **typed, more_cargo="1")
    shown = desk.form_in(response.content.decode())
    assert "cargo_7_unit" in shown
    assert "cargo_8_unit" not in shown
    assert (shown["cargo_0_description"], shown["reference"]) == ("Flour", "C-7")
    assert not Convoy.objects.exists()
    assert officer.post(register(), shown | {"cargo_7_category": "fuel"}).status_code == 302
    assert Convoy.objects.get().cargo_lines.count() == 3


def test_an_exercise_is_registered_among_invented_places(officer: Client) -> None:
    factories.road()
    factories.place("exercise_port", is_exercise=True)
    url = f"{register()}?exercise=1"
    source = officer.get(url).content.decode()
    assert 'value="exercise_port"' in source
    assert 'value="harbour"' not in source
    assert desk.send(officer, url, reference="EX-9", origin="exercise_port").status_code == 302
    assert Convoy.objects.get(reference="EX-9").is_exercise


def test_an_amendment_states_only_what_was_changed(held: str, officer: Client) -> None:
    response = desk.send(
        officer, desk.act(held, "record", "amended"), trucks="6", tonnes_high="48", **desk.SOURCE
    )
    assert response.status_code == 302, desk.problems_of(response)
    event = Event.objects.filter(kind="amended").get()
    assert event.declares == {"trucks": 6, "tonnes": {"low": "40.000", "high": "48.000"}}
    convoy = Convoy.objects.get(reference=held)
    assert (convoy.trucks, convoy.destination_id) == (6, "valley")


def test_an_emptied_item_becomes_unknown(held: str, officer: Client) -> None:
    assert desk.send(officer, desk.act(held, "record", "amended"), trucks="").status_code == 302
    assert Event.objects.filter(kind="amended").get().declares == {"trucks": None}
    assert Convoy.objects.get(reference=held).trucks is None


def test_an_amendment_of_nothing_is_refused(held: str, officer: Client) -> None:
    response = desk.send(officer, desk.act(held, "record", "amended"))
    assert "Nothing was changed" in desk.text_of(response)
    assert not Event.objects.filter(kind="amended").exists()


def test_an_untouched_full_declaration_counts_as_unchanged(officer: Client) -> None:
    assert desk.send(officer, register(), **full()).status_code == 302
    response = desk.send(officer, desk.act("C-7", "record", "amended"), due_day="2026-03-12")
    assert response.status_code == 302, desk.problems_of(response)
    assert set(Event.objects.filter(kind="amended").get().declares) == {"due_arrival"}


def test_who_sees_a_convoy_is_changed_by_a_coordinator(
    held: str, coordinator: Client, officer: Client
) -> None:
    url = desk.act(held, "record", "visibility_changed")
    assert officer.get(url).status_code == 403
    factories.organisation("city_fund", name="City Fund")
    response = desk.send(coordinator, url, shared="named", shared_with="City Fund")
    assert response.status_code == 302, desk.problems_of(response)
    convoy = Convoy.objects.get(reference=held)
    assert convoy.organisations.filter(part="shared").get().organisation_id == "city_fund"
    assert desk.opened(coordinator, url)["shared_with"] == "City Fund"
    assert desk.send(coordinator, url, shared="all_partners", shared_with="").status_code == 302
    convoy = Convoy.objects.get(reference=held)
    assert convoy.shared_with_all_partners
    assert not convoy.organisations.filter(part="shared").exists()
    assert desk.send(coordinator, url, shared="").status_code == 302
    assert not Convoy.objects.get(reference=held).shared_with_all_partners


@pytest.mark.parametrize("posted", ["True", "on", "1"])
def test_an_exercise_cannot_be_posted_onto_a_real_road(posted: str, officer: Client) -> None:
    response = desk.send(officer, register(), **full(), is_exercise=posted)
    assert response.status_code == 200
    assert not Convoy.objects.exists()


def test_a_form_that_was_used_for_another_convoy_is_a_conflict_and_keeps_what_was_typed(
    officer: Client,
) -> None:
    form = desk.opened(officer, register()) | full()
    assert officer.post(register(), form).status_code == 302
    response = officer.post(register(), form | {"reference": "C-8", "reference_1_number": "W-89"})
    assert response.status_code == 409
    assert "Nothing was written" in desk.text_of(response)
    again = desk.form_in(response.content.decode())
    assert again["reference"] == "C-8"
    assert again["uuid"] != form["uuid"]
    assert officer.post(register(), again).status_code == 302
    assert Convoy.objects.filter(reference="C-8").exists()


def test_a_role_that_was_lost_meanwhile_is_refused_as_such(
    officer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from convoys.admin import writing
    from convoys.errors import NotPermitted

    def refuse(*given: Any) -> None:
        raise NotPermitted("This needs the role of a desk officer. Nothing was written.")

    form = desk.opened(officer, register()) | full()
    monkeypatch.setattr(writing, "write", refuse)
    response = officer.post(register(), form)
    assert response.status_code == 403
    assert desk.form_in(response.content.decode())["reference"] == "C-7"

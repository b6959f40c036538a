"""Coordinators say what an entry should have said; the old stays readable and nothing else moves."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from convoys.models import Claim, Convoy, Event, Words
from tests import factories
from tests.admin import desk


def hold() -> Event:
    return Event.objects.filter(kind="held").latest("sequence")


def test_an_event_is_corrected_in_its_own_form(held: str, coordinator: Client) -> None:
    first = hold()
    url = desk.act(held, "correct", first.sequence)
    shown = desk.opened(coordinator, url)
    assert (shown["day"], shown["time"], shown["precision"]) == ("2026-03-02", "08:00", "minute")
    assert (shown["place"], shown["held_before"]) == ("junction", "bridge")
    response = desk.send(coordinator, url, day="2026-03-03", time="", precision="day", reason="A day later.")
    assert response.status_code == 302, desk.problems_of(response)
    corrected = hold()
    assert (corrected.act, corrected.chain, corrected.supersedes) == ("correct", first.chain, first.sequence)
    assert (corrected.occurred_at, corrected.precision) == (factories.utc(2026, 3, 3), "day")
    assert (corrected.place_id, corrected.held_before_id, corrected.audience) == (
        first.place_id,
        first.held_before_id,
        first.audience,
    )
    assert Words.objects.get(sequence=corrected.sequence).fields["reason"] == "A day later."
    assert Convoy.objects.get(reference=held).held_since == factories.utc(2026, 3, 3)
    assert coordinator.get(url).status_code == 404, "only the newest of a chain can be corrected"
    text = desk.text_of(coordinator.get(desk.page(held)))
    assert "Corrected: A day later." in text
    assert "Before that: one earlier entry" in text
    assert "Seen by us." in text, "its accounts stay with it"


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"reason": ""}, "required"),
        ({"reason": "x", "day": "2030-01-01"}, "lies in the future"),
        ({"reason": "x", "day": "2026-02-01"}, "cannot stand"),
    ],
)
def test_a_correction_that_cannot_be_is_refused(
    typed: dict[str, str], says: str, held: str, coordinator: Client
) -> None:
    response = desk.send(coordinator, desk.act(held, "correct", hold().sequence), **typed)
    assert says in desk.text_of(response), desk.problems_of(response)
    assert hold().act == "record"


def test_officers_and_viewers_do_not_correct(held: str, officer: Client, viewer: Client) -> None:
    url = desk.act(held, "correct", hold().sequence)
    for client in (officer, viewer):
        assert client.get(url).status_code == 403
        assert client.post(url, {"reason": "x"}).status_code == 403
    assert "/correct/" not in officer.get(desk.page(held)).content.decode()


def test_a_declaration_is_corrected_item_by_item(held: str, coordinator: Client) -> None:
    registered = Event.objects.get(kind="registered")
    url = desk.act(held, "correct", registered.sequence)
    response = desk.send(coordinator, url, trucks="5", planned_day="2026-03-01", reason="Miscounted.")
    assert response.status_code == 302, desk.problems_of(response)
    declares: dict[str, Any] = Event.objects.filter(kind="registered").latest("sequence").declares
    assert declares["trucks"] == 5
    assert {name: declares[name] for name in ("origin", "route", "tonnes", "sponsors")} == {
        name: registered.declares[name] for name in ("origin", "route", "tonnes", "sponsors")
    }
    again = desk.act(held, "correct", Event.objects.filter(kind="registered").latest("sequence").sequence)
    assert desk.send(coordinator, again, reason="Looked again.").status_code == 302
    latest = Event.objects.filter(kind="registered").latest("sequence").declares
    assert latest == declares, "what was not touched stays to the letter"


def test_an_account_is_corrected_whole(held: str, coordinator: Client) -> None:
    factories.organisation("gate_guards")
    factories.organisation("city_fund", name="City Fund")
    told = factories.account(
        speaker="gate_guards",
        speaker_kind="party",
        stance="disputes",
        alleged_holders=["city_fund"],
        alleged_causes=["paperwork", "inspection", "weather"],
        alleged_when=factories.at("2026-03"),
        alleged_tonnes_low=12,
        link="https://news.example/1",
    )
    event = factories.tell(held, "seen", "2026-03-04T10:00", place="junction", claims=[told])
    claim = Claim.objects.get(target_event=event)
    url = desk.act(held, "correct", claim.sequence)
    response = desk.send(coordinator, url, statement="Said better.", reason="Mistranslated.")
    assert response.status_code == 302, desk.problems_of(response)
    corrected = Claim.objects.latest("sequence")
    assert (corrected.act, corrected.chain) == ("correct", claim.chain)
    same = (
        "stance",
        "speaker_kind",
        "alleged_holders",
        "alleged_causes",
        "alleged_at",
        "alleged_precision",
        "alleged_tonnes_low",
        "alleged_tonnes_high",
        "target_event_id",
        "audience",
    )
    assert {name: getattr(corrected, name) for name in same} == {name: getattr(claim, name) for name in same}
    words = Words.objects.get(sequence=corrected.sequence).fields
    assert (words["statement"], words["reason"]) == ("Said better.", "Mistranslated.")
    assert (words["speaker_organisation"], words["link"]) == ("gate_guards", "https://news.example/1")

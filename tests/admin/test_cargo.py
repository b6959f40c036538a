"""The desk says what became of the cargo, and is told when a closing does not add up."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from convoys.models import Claim, Convoy, Event
from tests import factories
from tests.admin import desk

SOURCE = desk.SOURCE


def recorded(kind: str) -> Event:
    return Event.objects.filter(kind=kind).latest("sequence")


def words_of(client: Client, reference: str) -> str:
    """What the convoy's page says, without its markup."""
    source = desk.text_of(client.get(desk.page(reference)))
    return " ".join(re.sub(r"<[^>]+>", " ", source).split())


def test_a_closing_that_falls_short_comes_back_with_the_sum_and_is_taken_with_a_reason(
    held: str, officer: Client
) -> None:
    url = desk.act(held, "record", "delivered")
    typed = SOURCE | {"place": "valley", "tonnes_low": "30", "damaged_tonnes_low": "4", "confirmed": "1"}
    response = desk.send(officer, url, **typed)
    text = desk.text_of(response)
    assert "C-1: 30 t delivered, 4 t damaged make 34 t, of 40 t declared: 6 t short." in text
    assert Convoy.objects.get(reference=held).status == "held"
    shown = desk.form_in(response.content.decode())
    assert (shown["tonnes_low"], shown["damaged_tonnes_low"]) == ("30", "4")
    response = desk.send(officer, url, **typed, shortfall_reason="spilled")
    assert response.status_code == 302, desk.problems_of(response)
    event = recorded("delivered")
    assert (event.shortfall_reason, event.damaged_tonnes_high) == ("spilled", 4)
    page = words_of(officer, held)
    for said in ("missing 6 t (spilled or spoiled on the way)", "delivered 30 t", "damaged 4 t"):
        assert said in page


def test_a_part_is_split_off_and_corrected_in_the_form_that_made_it(held: str, coordinator: Client) -> None:
    factories.make_convoy("C-2")
    factories.make_convoy("C-3")
    url = desk.act(held, "record", "split_off")
    refused = desk.send(coordinator, url, **SOURCE, other_convoy="C-9")
    assert "Nothing on record is called “C-9”" in desk.text_of(refused)
    response = desk.send(
        coordinator, url, **SOURCE, other_convoy="C-2", tonnes_low="5", tonnes_high="7", trucks="1"
    )
    assert response.status_code == 302, desk.problems_of(response)
    first = recorded("split_off")
    again = desk.act(held, "correct", first.sequence)
    shown = desk.opened(coordinator, again)
    assert (shown["other_convoy"], shown["tonnes_low"], shown["tonnes_high"]) == ("C-2", "5", "7")
    assert desk.send(coordinator, again, other_convoy="C-3", reason="Misread.").status_code == 302
    event = recorded("split_off")
    assert event.other_convoy is not None
    assert (event.other_convoy.reference, event.tonnes_high, event.chain) == ("C-3", 7, first.chain)


def test_a_handover_keeps_its_carrier_through_a_correction(held: str, coordinator: Client) -> None:
    factories.organisation("peacekeepers")
    url = desk.act(held, "record", "handed_over")
    response = desk.send(coordinator, url, **SOURCE, next_carrier="Peacekeepers")
    assert response.status_code == 302, desk.problems_of(response)
    again = desk.act(held, "correct", recorded("handed_over").sequence)
    assert desk.opened(coordinator, again)["next_carrier"] == "Peacekeepers"
    assert desk.send(coordinator, again, reason="Another day.", day="2026-03-04").status_code == 302
    assert recorded("handed_over").next_carrier_id == "peacekeepers"
    assert "next carrier Peacekeepers" in words_of(coordinator, held)


def test_what_is_taken_back_is_refused_where_the_closing_would_not_add_up(
    held: str, coordinator: Client
) -> None:
    some: dict[str, Any] = {"tonnes_low": 10, "tonnes_high": 10}
    part = factories.tell(held, "part_lost", "2026-03-03T08:00", loss_mode="theft", **some)
    rest: dict[str, Any] = {"tonnes_low": 30, "tonnes_high": 30}
    factories.tell(held, "delivered", "2026-03-04T08:00", place="valley", **rest)
    response = desk.send(coordinator, desk.act(held, "retract", part), reason="A slip.")
    assert "30 t delivered, of 40 t declared: 10 t short" in desk.text_of(response)
    assert recorded("part_lost").act == "record"


def test_a_link_to_another_convoy_is_an_account_and_is_corrected_like_one(
    held: str, coordinator: Client
) -> None:
    factories.make_convoy("C-2")
    url = desk.act(held, "account", "item", "links")
    assert url in coordinator.get(desk.page(held)).content.decode()
    assert "required" in desk.text_of(desk.send(coordinator, url, **SOURCE))
    response = desk.send(coordinator, url, **SOURCE, alleged_link="continues", alleged_convoy="C-2")
    assert response.status_code == 302, desk.problems_of(response)
    claim = Claim.objects.exclude(alleged_link="").get()
    assert claim.alleged_convoy is not None
    assert (claim.alleged_link, claim.alleged_convoy.reference) == ("continues", "C-2")
    assert "continues C-2" in words_of(coordinator, held)
    again = desk.act(held, "correct", claim.sequence)
    shown = desk.opened(coordinator, again)
    assert (shown["alleged_link"], shown["alleged_convoy"]) == ("continues", "C-2")
    sent = desk.send(coordinator, again, alleged_link="duplicate_of", reason="Misheard.")
    assert sent.status_code == 302, desk.problems_of(sent)
    assert Claim.objects.latest("sequence").alleged_link == "duplicate_of"


def test_other_accounts_do_not_ask_for_a_link(held: str, officer: Client) -> None:
    source = officer.get(desk.act(held, "account", "item", "tonnes")).content.decode()
    assert "alleged_convoy" not in desk.names_in(source)

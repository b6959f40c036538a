"""Partners' accounts at the desk: they are seen to wait, and a coordinator releases or declines them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from convoys.models import AccountOffered, Claim, Event
from convoys.services import replying
from convoys.services.replying import Reply
from tests import factories
from tests.admin import desk
from tests.admin.test_look import check
from tests.admin.test_permissions import CAST, NOBODY, person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def offer(held: str) -> AccountOffered:
    chain = Event.objects.get(kind="held").chain
    factories.organisation("guard")
    said = Reply(
        "denies", "We were <b>not</b> held.", "carrier_staff", event=chain, holders=("guard",),
        tonnes_low="30", causes=("inspection",),
    )  # fmt: skip
    return replying.offer(factories.partner(), said)[0]


def address(offer: AccountOffered, act: str = "change") -> str:
    return reverse(f"admin:convoys_accountoffered_{act}", args=[offer.pk])


def send(client: Client, offer: AccountOffered, act: str, **typed: Any) -> Any:
    fresh = {"seen": str(offer.convoy.newest_entry)}
    return client.post(address(offer, act), fresh | typed)


def test_what_waits_stands_on_the_front_page_and_on_the_convoys(
    offer: AccountOffered, held: str, viewer: Client
) -> None:
    for url in (reverse("admin:index"), desk.page(held)):
        assert address(offer) in viewer.get(url).content.decode()
    replying.decline(factories.coordinator(), offer.uuid, "No.")
    for url in (reverse("admin:index"), desk.page(held)):
        assert address(offer) not in viewer.get(url).content.decode()


def test_its_page_says_what_it_says_and_stands_under_the_content_policy(
    offer: AccountOffered, coordinator: Client
) -> None:
    source = check(coordinator, address(offer))
    text = desk.text_of(coordinator.get(address(offer)))
    for words in ("Aid Society", "denies", "Held, 2 Mar 2026", "Guard", "at least 30", "Waits for the desk"):
        assert words in text, words
    assert "&lt;b&gt;not&lt;/b&gt;" in source


def test_a_coordinator_releases_it(offer: AccountOffered, held: str, coordinator: Client) -> None:
    response = send(coordinator, offer, "release")
    assert (response.status_code, response["Location"]) == (302, desk.page(held))
    claim = Claim.objects.get(stance="denies")
    assert f"entry {claim.sequence}" in desk.text_of(coordinator.get(desk.page(held)))
    assert LogEntry.objects.filter(change_message__contains=f"entry {claim.sequence}").exists()
    again = send(coordinator, offer, "release")
    assert (again.status_code, again["Location"]) == (302, address(offer))
    assert "Released as entry" in desk.text_of(coordinator.get(address(offer)))
    assert Claim.objects.filter(stance="denies").count() == 1


def test_what_was_recorded_meanwhile_is_to_be_seen_first(offer: AccountOffered, coordinator: Client) -> None:
    factories.tell("C-1", "seen", "2026-03-04")
    response = send(coordinator, offer, "release")
    assert "newer entry" in desk.text_of(coordinator.get(response["Location"]))
    assert not Claim.objects.filter(stance="denies").exists()


def test_a_coordinator_declines_it_for_a_reason(offer: AccountOffered, coordinator: Client) -> None:
    for reason in ("", " ", "bell \x07"):
        assert send(coordinator, offer, "decline", reason=reason).status_code == 422
    assert send(coordinator, offer, "decline", reason="It names a driver.").status_code == 302
    text = desk.text_of(coordinator.get(address(offer)))
    assert "It names a driver." in text
    assert "Release it" not in text


@pytest.mark.parametrize("name", CAST)
def test_who_may_read_and_who_may_decide(name: str, offer: AccountOffered) -> None:
    client, role = person(name), CAST[name]
    assert client.get(address(offer)).status_code in ({200} if role > NOBODY else {302, 403})
    may_decide = name in ("coordinator", "administrator")
    assert ("Release it" in client.get(address(offer)).content.decode()) == may_decide
    assert client.post(address(offer), {}).status_code in (302, 403)
    for act, typed in (("decline", {"reason": ""}), ("release", {})):
        assert client.get(address(offer, act)).status_code in (302, 403, 404)
        answer = send(client, offer, act, **typed)
        assert may_decide or answer.status_code == 403 or "login" in answer["Location"]
    offer.refresh_from_db()
    assert offer.state == ("released" if may_decide else "waiting")


@pytest.mark.parametrize("key", ["0", "999", "x", "9" * 30, "1%00"])
def test_what_is_not_there_is_not_found(key: str, offer: AccountOffered, coordinator: Client) -> None:
    url = reverse("admin:convoys_accountoffered_changelist")
    assert coordinator.get(f"{url}{key}/change/").status_code == 404


@pytest.mark.parametrize("query", ["state__exact=waiting", "o=1", "q=aid", "q=%00", "p=99", "state__exact=x"])
def test_the_list_can_be_narrowed(query: str, offer: AccountOffered, viewer: Client) -> None:
    url = reverse("admin:convoys_accountoffered_changelist")
    assert viewer.get(f"{url}?{query}").status_code in (200, 302)

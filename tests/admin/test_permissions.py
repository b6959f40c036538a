"""Who may open and send what: a table of roles and views, asked by everybody."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.roles import Role
from convoys.models import Event
from tests import factories
from tests.admin import desk

NOBODY, VIEWER, OFFICER, COORDINATOR, ADMINISTRATOR = (
    Role.NONE,
    Role.VIEWER,
    Role.DESK_OFFICER,
    Role.COORDINATOR,
    Role.ADMINISTRATOR,
)
CAST = {
    "stranger": NOBODY,
    "partner": NOBODY,
    "staff without a role": NOBODY,
    "viewer": VIEWER,
    "officer": OFFICER,
    "coordinator": COORDINATOR,
    "administrator": ADMINISTRATOR,
}
# Each address and the lowest role that may open it.
VIEWS: dict[str, Role] = {
    "index": VIEWER,
    "convoys_convoy_changelist": VIEWER,
    "convoys_convoy_change": VIEWER,
    "convoys_convoy_history": VIEWER,
    "convoys_controlpoint_changelist": VIEWER,
    "convoys_controlpoint_change": VIEWER,
    "convoys_agreement_change": VIEWER,
    "convoys_place_changelist": VIEWER,
    "convoys_place_change": VIEWER,
    "convoys_route_changelist": VIEWER,
    "convoys_event_changelist": VIEWER,
    "convoys_event_change": VIEWER,
    "convoys_claim_changelist": VIEWER,
    "convoys_ledgerentry_changelist": VIEWER,
    "convoys_policy_changelist": VIEWER,
    "convoys_message_changelist": VIEWER,
    "convoys_accountoffered_changelist": VIEWER,
    "accounts_organisation_changelist": VIEWER,
    "convoys_convoy_register": OFFICER,
    "convoys_convoy_still_there": OFFICER,
    "record seen": OFFICER,
    "record amended": OFFICER,
    "record delivered": OFFICER,
    "account event": OFFICER,
    "retract another's": COORDINATOR,
    "record visibility_changed": COORDINATOR,
    "convoys_place_add": COORDINATOR,
    "convoys_route_add": COORDINATOR,
    "convoys_agreement_add": COORDINATOR,
    "convoys_controlpoint_add": COORDINATOR,
    "convoys_policy_add": COORDINATOR,
    "convoys_subscription_add": COORDINATOR,
    "convoys_webhook_changelist": COORDINATOR,
    "convoys_webhookattempt_changelist": COORDINATOR,
    "accounts_organisation_add": COORDINATOR,
    "accounts_user_changelist": ADMINISTRATOR,
    "accounts_user_add": ADMINISTRATOR,
    "accounts_apitoken_changelist": ADMINISTRATOR,
    "accounts_apitoken_add": ADMINISTRATOR,
}


def address_of(view: str) -> str:
    factories.agreement()
    event = Event.objects.filter(kind="held").latest("sequence")
    kind, _, rest = view.partition(" ")
    if kind == "record":
        return desk.act("C-1", "record", rest)
    if kind == "account":
        return desk.act("C-1", "account", "event", str(event.chain))
    if kind == "retract":
        return desk.act("C-1", "retract", event.sequence)
    keys: dict[str, Any] = {
        "controlpoint": "bridge",
        "agreement": "passage",
        "place": "junction",
        "event": event.pk,
    }
    model, _, page = view.removeprefix("convoys_").rpartition("_")
    if view.startswith("convoys_convoy") and page in ("change", "history"):
        return desk.page("C-1") if page == "change" else desk.act("C-1", "history")
    return reverse(f"admin:{view}", args=[keys[model]] if page == "change" else [])


def person(name: str) -> Client:
    made = {
        "stranger": factories.stranger,
        "partner": factories.partner,
        "staff without a role": lambda: factories.user("roleless", is_staff=True),
        "viewer": factories.viewer,
        "officer": factories.officer,
        "coordinator": factories.coordinator,
        "administrator": lambda: factories.user("registrar", Role.ADMINISTRATOR),
    }[name]()
    return desk.signed_in(made)


@pytest.mark.parametrize("name", CAST)
def test_who_may_open_what(name: str, held: str) -> None:
    client, role = person(name), CAST[name]
    wrong = {}
    for view, needed in VIEWS.items():
        status = client.get(address_of(view)).status_code
        # Those who are no staff are led to the sign-in page, or refused there.
        allowed = {200} if role >= needed else {302, 403}
        if status not in allowed:
            wrong[view] = status
    assert wrong == {}


def test_nobody_signed_in_is_led_to_the_sign_in_page(held: str) -> None:
    client = Client()
    for view in VIEWS:
        response = client.get(address_of(view))
        assert response.status_code == 302, view
        assert "login" in response["Location"]


@pytest.mark.parametrize("name", ["stranger", "partner", "staff without a role", "viewer"])
def test_who_may_not_record_writes_nothing_by_any_form(name: str, held: str, officer: Client) -> None:
    typed = desk.opened(officer, desk.act(held, "record", "released")) | desk.SOURCE
    bulk = desk.opened(officer, reverse("admin:convoys_convoy_still_there")) | desk.SOURCE
    registered = desk.opened(officer, reverse("admin:convoys_convoy_register")) | {"reference": "C-2"}
    event = Event.objects.filter(kind="held").latest("sequence")
    client, before = person(name), Event.objects.count()
    sent = [
        client.post(desk.act(held, "record", "released"), typed),
        client.post(reverse("admin:convoys_convoy_still_there"), bulk),
        client.post(reverse("admin:convoys_convoy_register"), registered),
        client.post(desk.act(held, "account", "event", str(event.chain)), typed),
        client.post(desk.act(held, "retract", event.sequence), typed | {"reason": "No."}),
    ]
    assert all(response.status_code in (302, 403) for response in sent)
    assert all("login" in response["Location"] for response in sent if response.status_code == 302)
    assert Event.objects.count() == before


def test_a_desk_officer_is_not_offered_what_a_coordinator_does(
    held: str, officer: Client, viewer: Client
) -> None:
    assert "visibility_changed" not in officer.get(desk.page(held)).content.decode()
    assert "/record/" not in viewer.get(desk.page(held)).content.decode()

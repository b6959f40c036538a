"""The desk acknowledges, snoozes and takes charge, each role as far as it may."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from convoys.models import Alert, AlertResponse, Convoy, Deadline
from tests import factories
from tests.alerting.conftest import clock, subscribe, sweep  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db
ROLES = ("viewer", "officer", "coordinator", "administrator")


@pytest.fixture
def deadline(sweep) -> Deadline:  # noqa: F811
    subscribe(factories.partner())
    factories.make_held_convoy()
    sweep(hours=24)
    return Deadline.objects.get(watch="held")


def signed_in(who: str) -> Client:
    client = Client()
    client.force_login(getattr(factories, who)())
    return client


def press(client: Client, deadline: Deadline, act: str, **more: object):
    address = reverse("admin:convoys_convoy_respond", args=[deadline.convoy_id])
    return client.post(address, {"deadline": deadline.pk, "act": act} | more)


def in_force() -> list[str]:
    return sorted(AlertResponse.objects.filter(ended_at=None).values_list("kind", flat=True))


@pytest.mark.parametrize("who", ROLES)
@pytest.mark.parametrize("act", ["acknowledge", "snooze:72", "take_charge"])
def test_every_role_may_be_quiet_and_the_desk_alone_takes_charge(deadline, who, act):
    answer = press(signed_in(who), deadline, act)
    assert answer.status_code == 302
    may = act != "take_charge" or who != "viewer"
    assert AlertResponse.objects.exists() is may


@pytest.mark.parametrize("who", ["partner", "stranger"])
def test_nobody_else_comes_near(deadline, who):
    for act in ("acknowledge", "snooze:24", "take_charge"):
        assert press(signed_in(who), deadline, act).status_code in (302, 403)
    assert not AlertResponse.objects.exists()


def test_looking_changes_nothing(deadline):
    address = reverse("admin:convoys_convoy_respond", args=[deadline.convoy_id])
    assert signed_in("officer").get(address).status_code == 405


def test_the_page_offers_what_may_be_done_and_shows_who_is_in_charge(deadline):
    page = reverse("admin:convoys_convoy_change", args=[deadline.convoy_id])
    client = signed_in("officer")
    assert "Nobody is in charge" in client.get(page).content.decode()
    assert 'value="take_charge"' not in signed_in("viewer").get(page).content.decode()
    press(client, deadline, "take_charge")
    assert "You are in charge" in client.get(page).content.decode()
    other = signed_in("coordinator").get(page).content.decode()
    assert "officer is in charge" in other
    assert "Take over from officer" in other


def test_charge_is_handed_over_by_who_saw_it(deadline):
    press(signed_in("officer"), deadline, "take_charge")
    press(signed_in("coordinator"), deadline, "take_charge")
    assert AlertResponse.objects.get(ended_at=None).user == factories.officer()
    press(signed_in("coordinator"), deadline, "take_charge", instead_of=factories.officer().pk)
    assert AlertResponse.objects.get(ended_at=None).user == factories.coordinator()


def test_all_of_it_can_be_taken_back_and_stays_on_record(deadline):
    client = signed_in("officer")
    for act in ("take_charge", "acknowledge", "snooze:24"):
        press(client, deadline, act)
    assert in_force() == ["acknowledged", "in_charge", "snoozed"]
    for kind in ("in_charge", "acknowledged", "snoozed"):
        press(client, deadline, f"take_back:{kind}")
    assert in_force() == []
    page = client.get(reverse("admin:convoys_convoy_change", args=[deadline.convoy_id])).content.decode()
    assert "took charge" in page


def test_another_convoys_clock_cannot_be_named(deadline):
    factories.make_convoy("C-2")
    address = reverse("admin:convoys_convoy_respond", args=[Convoy.objects.get(reference="C-2").pk])
    client = signed_in("officer")
    assert client.post(address, {"deadline": deadline.pk, "act": "take_charge"}).status_code == 404
    assert press(client, deadline, "delete").status_code == 404


@pytest.mark.parametrize(
    ("action", "kind"),
    [("acknowledge", "acknowledged"), ("snooze_for_3_days", "snoozed"), ("take_charge", "in_charge")],
)
def test_several_alerts_of_the_list_at_once(deadline, action, kind):
    client, address = signed_in("officer"), reverse("admin:convoys_alert_changelist")
    ticked = {
        "action": action,
        "_selected_action": [str(pk) for pk in Alert.objects.values_list("pk", flat=True)],
    }
    assert client.post(address, ticked).status_code == 302
    assert in_force() == [kind]
    page = client.get(address).content.decode()
    assert ("officer" in page.split("result_list")[1]) is (kind == "in_charge")


def test_the_list_offers_viewers_no_charge_and_nobody_deletion(deadline):
    address = reverse("admin:convoys_alert_changelist")
    viewer = signed_in("viewer").get(address).content.decode()
    assert "Snooze for 3 days" in viewer
    assert 'value="take_charge"' not in viewer
    assert "delete_selected" not in signed_in("administrator").get(address).content.decode()

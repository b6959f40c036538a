"""Everybody who sees something manages their own subscriptions, and can name only what they see."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client

from convoys.errors import InvalidInput, NotPermitted
from convoys.models import Subscription
from convoys.services.alerting.subscriptions import Wish, subscribe
from tests import factories

pytestmark = pytest.mark.django_db
TYPED = {"from_seconds": "86400", "how": "mail", "when": "", "language": "", "time_zone": ""}


@pytest.fixture
def convoys(db) -> None:
    factories.make_convoy("C-1")
    factories.organisation("others")
    factories.make_convoy("C-9", declares={"sponsors": ["others"]})


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    "wish",
    [
        Wish(),
        Wish(convoy="C-1"),
        Wish(route="main", from_seconds=86400, language="fr"),
        Wish(control_point="bridge"),
        Wish(sponsor="aid_society"),
        Wish(route="main", control_point="bridge", sponsor="aid_society"),
    ],
)
def test_a_partner_subscribes_once_per_scope_and_a_repeat_changes_it(convoys, wish):
    partner = factories.partner()
    first = subscribe(partner, wish)
    again = subscribe(partner, replace(wish, from_seconds=3 * 86400))
    assert first.pk == again.pk
    assert Subscription.objects.get().from_seconds == 3 * 86400


@pytest.mark.parametrize(
    "wish",
    [
        Wish(convoy="C-9"),
        Wish(convoy="nothing"),
        Wish(sponsor="others"),
        Wish(route="nothing"),
        Wish(route="main", convoy="C-9"),
        Wish(control_point="nothing"),
        Wish(from_seconds=-1),
        Wish(from_seconds=10**12),
        Wish(language="xx"),
        Wish(time_zone="Mars/Olympus"),
        Wish(channel="pigeon"),
        Wish(channel="webhook"),
        Wish(rhythm="daily"),
        Wish(rhythm="daily", digest_hour=24),
        Wish(rhythm="hourly"),
    ],
)
def test_what_a_partner_may_not_see_or_does_not_exist_is_refused_alike(convoys, wish):
    with pytest.raises(InvalidInput):
        subscribe(factories.partner(), wish)
    assert not Subscription.objects.exists()


def test_a_stranger_cannot_subscribe(convoys):
    with pytest.raises(NotPermitted):
        subscribe(factories.stranger(), Wish())
    assert signed_in(factories.stranger()).get("/subscriptions").status_code == 403


def test_nobody_without_an_address_can(convoys):
    with pytest.raises(InvalidInput):
        subscribe(factories.user("mute", organisation=factories.organisation(), email=""), Wish())


def test_the_page_asks_for_a_sign_in():
    assert Client().get("/subscriptions").status_code == 302


def test_the_page_offers_what_its_reader_sees_and_nothing_else(convoys):
    page = signed_in(factories.partner()).get("/subscriptions").content.decode()
    assert "C-1" in page
    assert "C-9" not in page
    assert 'value="others"' not in page


def test_add_and_end_on_the_page(convoys):
    client = signed_in(factories.partner())
    answer = client.post("/subscriptions", TYPED | {"route": "main"})
    assert answer.status_code == 302
    assert "main road" in client.get("/subscriptions").content.decode()
    key = Subscription.objects.get().pk
    assert client.get(f"/subscriptions/{key}/end").status_code == 405
    assert client.post(f"/subscriptions/{key}/end").status_code == 302
    assert not Subscription.objects.filter(ended_at=None).exists()


def test_a_crafted_choice_is_refused_on_the_page(convoys):
    client = signed_in(factories.partner())
    answer = client.post("/subscriptions", TYPED | {"convoy": "C-9"})
    assert answer.status_code == 422
    assert not Subscription.objects.exists()


def test_another_persons_subscription_does_not_exist_for_me(convoys):
    theirs = subscribe(factories.officer(), Wish())
    assert signed_in(factories.partner()).post(f"/subscriptions/{theirs.pk}/end").status_code == 404
    assert Subscription.objects.filter(ended_at=None).exists()


def test_posts_need_a_token_of_the_page(convoys):
    client = Client(enforce_csrf_checks=True)
    client.force_login(factories.partner())
    assert client.post("/subscriptions", TYPED).status_code == 403

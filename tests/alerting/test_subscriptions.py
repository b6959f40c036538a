"""Everybody who sees something manages their own subscriptions, and can name only what they see."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from convoys.errors import InvalidInput, NotPermitted
from convoys.models import MailLink, Subscription, Webhook
from convoys.services.alerting.detect import raise_due_alerts
from convoys.services.alerting.subscriptions import Wish, subscribe
from convoys.services.messaging.deliver import deliver
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


def test_the_page_says_in_words_what_each_will_do(convoys):
    partner = factories.partner()
    page = signed_in(partner)
    wish = TYPED | {
        "route": "main", "sponsor": "aid_society", "from_seconds": str(3 * 86400), "when": "7",
        "language": "fr", "time_zone": "asia/yerevan",
    }  # fmt: skip
    page.post("/subscriptions", wish)
    assert (
        "You are told by mail, in French, once a day at 07:00 Asia/Yerevan time, of holds of 3 days and "
        "more: convoys on main road, sponsored by Aid Society."
    ) in page.get("/subscriptions").content.decode()


def test_staff_hear_of_stops_and_silences_too(convoys):
    page = signed_in(factories.officer())
    page.post("/subscriptions", TYPED | {"from_seconds": "0"})
    assert (
        "You are told by mail, in English, at once, of all holds, stops and silences that reach a step: "
        "all convoys that you may see."
    ) in page.get("/subscriptions").content.decode()


def test_what_was_typed_is_kept_where_something_is_wrong(convoys):
    typed = TYPED | {"convoy": "C-typo", "when": "7", "time_zone": "Mars/Olympus"}
    answer = signed_in(factories.partner()).post("/subscriptions", typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="C-typo"' in page
    assert 'value="Mars/Olympus"' in page
    assert 'value="7" selected' in page
    assert "Nothing that can be named here is called so." in page


def test_one_is_changed_on_a_page_of_its_own(convoys):
    partner = factories.partner()
    one = subscribe(partner, Wish(route="main", from_seconds=86400))
    client = signed_in(partner)
    assert 'value="main" selected' in client.get(f"/subscriptions/{one.pk}").content.decode()
    changed = TYPED | {"route": "main", "control_point": "bridge", "when": "6"}
    assert client.post(f"/subscriptions/{one.pk}", changed).status_code == 302
    one.refresh_from_db()
    assert (one.route_id, one.control_point_id, one.digest_hour) == ("main", "bridge", 6)


def test_two_for_the_same_are_not_made_by_a_change(convoys):
    partner = factories.partner()
    subscribe(partner, Wish(route="main"))
    other = subscribe(partner, Wish())
    answer = signed_in(partner).post(f"/subscriptions/{other.pk}", TYPED | {"route": "main"})
    assert answer.status_code == 422
    assert "There is one for the same already" in answer.content.decode()


def test_a_convoy_to_which_access_was_lost_has_no_name_any_more(convoys):
    """Given a partner subscribed to a convoy, when another becomes its sponsor, then no page names it."""
    partner = factories.partner()
    one = subscribe(partner, Wish(convoy="C-1", route="main"))
    factories.tell("C-1", "amended", declares={"sponsors": ["others"]})
    client = signed_in(partner)
    page = client.get("/subscriptions").content.decode()
    assert "C-1" not in page
    assert "Nothing comes of this one now." in page
    assert client.get(f"/subscriptions/{one.pk}").status_code == 404
    assert client.post(f"/subscriptions/{one.pk}/end").status_code == 302


def test_a_link_from_a_mail_names_no_convoy_that_its_reader_may_no_longer_see(convoys):
    partner = factories.partner()
    one = subscribe(partner, Wish(convoy="C-1"))
    link = MailLink.objects.create(token="a" * 24, user=partner, created_at=timezone.now())
    link.subscriptions.add(one)
    assert "convoy C-1" in Client().get(f"/u/{link.token}").content.decode()
    factories.tell("C-1", "amended", declares={"sponsors": ["others"]})
    page = Client().get(f"/u/{link.token}").content.decode()
    assert "C-1" not in page
    assert "a convoy that you may no longer see" in page


def test_the_page_shows_what_was_last_sent_for_it(convoys, mailoutbox):
    partner = factories.partner()
    factories.make_held_convoy("C-2")
    subscribe(partner, Wish(route="main"))
    raise_due_alerts()
    deliver()
    page = signed_in(partner).get("/subscriptions").content.decode()
    assert f"Last sent: {escape(mailoutbox[0].subject)}" in page
    factories.tell("C-2", "amended", declares={"sponsors": ["others"]})
    assert "Last sent: a message about a convoy that you may no longer see" in (
        signed_in(partner).get("/subscriptions").content.decode()
    )


def test_a_webhook_of_ones_own_is_told_at_once_or_not_at_all(convoys):
    partner, officer = factories.partner(), factories.officer()
    own, foreign = (
        Webhook.objects.create(user=user, url="https://example.org/in", secret="x", created_at=timezone.now())
        for user in (partner, officer)
    )
    client = signed_in(partner)
    assert client.post("/subscriptions", TYPED | {"how": f"webhook:{foreign.pk}"}).status_code == 422
    refused = client.post("/subscriptions", TYPED | {"how": f"webhook:{own.pk}", "when": "7"})
    assert "A webhook is told at once" in refused.content.decode()
    assert client.post("/subscriptions", TYPED | {"how": f"webhook:{own.pk}"}).status_code == 302
    assert client.post("/subscriptions", TYPED).status_code == 302
    assert Subscription.objects.filter(user=partner).count() == 2, "mail and webhook are independent"


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("viewer", True), ("officer", True), ("coordinator", True), ("administrator", True),
        ("partner", True), ("stranger", False),
    ],
)  # fmt: skip
def test_whoever_sees_something_keeps_their_own_and_nobody_anothers(convoys, who, may):
    owner = factories.partner("others")
    theirs = subscribe(owner, Wish())
    person = getattr(factories, who)()
    client = signed_in(person)
    assert client.get("/subscriptions").status_code == (200 if may else 403)
    assert client.post("/subscriptions", TYPED).status_code == (302 if may else 403)
    assert client.get(f"/subscriptions/{theirs.pk}").status_code == (404 if may else 403)
    assert client.post(f"/subscriptions/{theirs.pk}", TYPED).status_code == (404 if may else 403)
    assert client.post(f"/subscriptions/{theirs.pk}/end").status_code == (404 if may else 403)
    assert Subscription.objects.filter(user=owner, ended_at=None).count() == 1


def test_a_step_or_a_webhook_that_is_offered_no_more_is_not_changed_unseen(convoys):
    """Given one from 2 h on over a webhook that was switched off, its page still shows both."""
    partner = factories.partner()
    webhook = Webhook.objects.create(
        user=partner, url="https://example.org/in", secret="x", created_at=timezone.now()
    )
    one = subscribe(partner, Wish(from_seconds=7200, channel="webhook", webhook=webhook.pk))
    Webhook.objects.update(disabled_at=timezone.now())
    client = signed_in(partner)
    page = client.get(f"/subscriptions/{one.pk}").content.decode()
    assert '<option value="7200" selected>' in page
    assert f'<option value="webhook:{webhook.pk}" selected>a webhook that is no longer called' in page
    typed = TYPED | {"from_seconds": "7200", "how": f"webhook:{webhook.pk}"}
    assert client.post(f"/subscriptions/{one.pk}", typed).status_code == 422
    assert client.post(f"/subscriptions/{one.pk}", typed | {"how": "mail"}).status_code == 302


def test_the_page_asks_no_more_of_the_database_for_many_than_for_one(convoys, django_assert_max_num_queries):
    partner = factories.partner()
    subscribe(partner, Wish(convoy="C-1", control_point="bridge"))
    client = signed_in(partner)
    client.get("/subscriptions")
    with CaptureQueriesContext(connection) as for_one:
        client.get("/subscriptions")
    for seconds, point in enumerate(["bridge", "gate"], 1):
        subscribe(partner, Wish(control_point=point, from_seconds=seconds * 86400))
        subscribe(partner, Wish(control_point=point, route="main"))
        subscribe(partner, Wish(control_point=point, sponsor="aid_society", convoy="C-1"))
    with django_assert_max_num_queries(len(for_one)):
        client.get("/subscriptions")

"""The link in a mail: GET changes nothing, POST ends it, without a sign-in, a cookie or an expiry."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from convoys.models import MailLink, Subscription
from convoys.services.alerting.subscriptions import Wish
from convoys.services.alerting.subscriptions import subscribe as subscribe_anew
from convoys.services.messaging.deliver import deliver
from tests import factories
from tests.alerting.conftest import subscribe
from tests.alerting.test_mail_links import press

pytestmark = pytest.mark.django_db


@pytest.fixture
def link(sweep, told_partner, post_office) -> str:
    factories.make_held_convoy()
    sweep(hours=24)
    deliver()
    return f"/u/{MailLink.objects.get().token}"


def in_force() -> int:
    return Subscription.objects.filter(ended_at=None).count()


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_changes_nothing(link, method):
    answer = getattr(Client(enforce_csrf_checks=True), method)(link)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert in_force() == 1
    assert MailLink.objects.get().used_at is None


def test_the_page_names_what_would_end_and_its_button_ends_it(link):
    client = Client(enforce_csrf_checks=True)
    page = client.get(link).content.decode()
    assert "all convoys that you may see" in page
    assert press(client, link).status_code == 200
    assert in_force() == 0


def test_what_the_link_ended_can_be_put_in_force_again_and_nothing_else(link, told_partner):
    mine = subscribe(told_partner, ended_at=timezone.now())
    client = Client(enforce_csrf_checks=True)
    press(client, link)
    assert press(client, link, undo="1").status_code == 200
    assert in_force() == 1
    mine.refresh_from_db()
    assert mine.ended_at is not None
    press(client, link, undo="1")
    assert in_force() == 1


def test_a_post_that_is_neither_one_click_nor_the_pages_form_ends_nothing(link):
    assert Client(enforce_csrf_checks=True).post(link).status_code == 403
    assert in_force() == 1


def test_one_click_from_a_mail_program_ends_it_without_page_cookie_or_token(link):
    answer = Client(enforce_csrf_checks=True).post(link, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert in_force() == 0
    assert Client().post(link).status_code == 200  # again, and after it is done


def test_it_never_expires(link, clock):
    clock.shift(timedelta(days=4000))
    assert Client().post(link).status_code == 200
    assert in_force() == 0


def test_it_ends_all_that_the_mail_came_from_and_nothing_else(sweep, told_partner, post_office):
    factories.make_held_convoy()
    subscribe(told_partner, route_id="main")
    kept = subscribe(told_partner, control_point_id="gate")
    theirs = subscribe(factories.officer("other"), control_point_id="gate")
    sweep(hours=24)
    deliver()
    token = MailLink.objects.get()
    Client().post(f"/u/{token.token}")
    assert set(Subscription.objects.filter(ended_at=None)) == {kept, theirs}


def test_an_unknown_link_is_not_found(db):
    assert Client().get("/u/nothing").status_code == 404
    assert Client().post("/u/nothing").status_code == 404


def test_other_methods_are_refused(link):
    assert Client().delete(link).status_code == 405
    assert Client().put(link).status_code == 405


def test_what_was_subscribed_anew_meanwhile_is_not_put_in_force_twice(link, told_partner):
    Client().post(link, {"List-Unsubscribe": "One-Click"})
    subscribe_anew(told_partner, Wish())
    Client().post(link, {"undo": "1"})
    assert in_force() == 1


def test_a_second_mails_link_that_ended_nothing_has_nothing_to_put_back(link, told_partner):
    first = MailLink.objects.get()
    second = MailLink.objects.create(token="second", user=told_partner, created_at=timezone.now())
    second.subscriptions.set(first.subscriptions.all())
    for address in (link, "/u/second"):
        Client().post(address, {"List-Unsubscribe": "One-Click"})
    page = Client().post("/u/second", {"undo": "1"}).content.decode()
    assert "in force again" not in page
    assert in_force() == 0

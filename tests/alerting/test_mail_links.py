"""The links in a mail: looking changes nothing, pressing acts without a sign-in, and can be undone."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from convoys.models import AlertResponse, Deadline, MailLink, Subscription
from convoys.services.alerting import responses
from convoys.services.changes import Record
from convoys.services.messaging.deliver import deliver
from tests import factories
from tests.alerting.conftest import since_start, subscribe

pytestmark = pytest.mark.django_db
ACTS = ("acknowledge", "snooze")
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@pytest.fixture
def link(sweep, told_partner, post_office) -> str:
    factories.make_held_convoy()
    sweep(hours=24)
    deliver()
    return f"/u/{MailLink.objects.get().token}"


def press(client: Client, address: str, **values):
    """Fill in the page's form and send it, as a browser does."""
    page = client.get(address).content.decode()
    token = TOKEN.search(page)
    assert token is not None, page
    told = re.findall(r'name="told" value="(\d+)"(?: checked)?>', page)
    return client.post(address, {"csrfmiddlewaretoken": token[1], "told": told} | values)


def careful() -> Client:
    return Client(enforce_csrf_checks=True)


def in_force() -> list[str]:
    return list(AlertResponse.objects.filter(ended_at=None).order_by("kind").values_list("kind", flat=True))


@pytest.mark.parametrize("act", ["", "/acknowledge", "/snooze", "/snooze?hours=72"])
@pytest.mark.parametrize("method", ["get", "head"])
def test_a_scanner_that_follows_every_link_changes_nothing(link, act, method):
    answer = getattr(careful(), method)(link + act)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert not AlertResponse.objects.exists()
    assert Subscription.objects.filter(ended_at=None).count() == 1


@pytest.mark.parametrize("act", ACTS)
def test_the_page_says_what_will_happen_and_that_nothing_has(link, act):
    page = Client().get(f"{link}/{act}").content.decode()
    assert "Nothing has changed yet." in page
    assert "C-1, held at Junction" in page


def test_acknowledging_by_the_link_needs_no_sign_in_and_can_be_undone(link, told_partner):
    client = careful()
    page = press(client, f"{link}/acknowledge").content.decode()
    assert "<h1>Acknowledged</h1>" in page
    assert "Undo" in page
    assert (AlertResponse.objects.get().user, AlertResponse.objects.get().door) == (told_partner, "mail")
    assert "<h1>Taken back</h1>" in press(client, f"{link}/acknowledge", undo="1").content.decode()
    assert in_force() == []


def test_a_snooze_lasts_as_long_as_was_chosen(link, clock):
    press(careful(), f"{link}/snooze", hours="72")
    assert AlertResponse.objects.get().until == timezone.now() + timedelta(hours=72)


def test_a_snooze_until_a_day_ends_as_it_begins_in_the_readers_zone(link, told_partner):
    type(told_partner).objects.update(time_zone="Asia/Tbilisi")
    page = press(careful(), f"{link}/snooze", hours="24", until="2026-03-09").content.decode()
    assert "Snoozed until 9 March 2026, 00:00 (UTC+4)." in page
    assert AlertResponse.objects.get().until == factories.utc(2026, 3, 8, 20)


@pytest.mark.parametrize("until", ["", "soon", "2026-02-30", "2026-03-01", "2099-01-01"])
def test_a_snooze_without_a_day_to_come_is_refused_in_words(link, until):
    answer = press(careful(), f"{link}/snooze", hours="", until=until)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not AlertResponse.objects.exists()


@pytest.mark.parametrize("act", ACTS)
def test_a_post_from_elsewhere_without_the_pages_form_does_nothing(link, act):
    assert careful().post(f"{link}/{act}", {"told": "1", "hours": "24"}).status_code == 403
    assert careful().post(f"{link}/{act}", {"List-Unsubscribe": "One-Click"}).status_code == 403
    assert not AlertResponse.objects.exists()


@pytest.mark.parametrize("act", ["", "/acknowledge", "/snooze"])
def test_a_wrong_token_gets_a_page_that_helps(db, act):
    answer = Client().get("/u/cut-short" + act)
    assert answer.status_code == 404
    assert "This link leads nowhere" in answer.content.decode()
    assert Client().post("/u/cut-short" + act, {"List-Unsubscribe": "One-Click"}).status_code == 404


@pytest.mark.parametrize("act", ACTS)
def test_the_links_never_expire(link, clock, act):
    clock.shift(timedelta(days=4000))
    assert careful().get(f"{link}/{act}").status_code == 200


def test_what_its_reader_may_no_longer_see_is_not_shown_to_whoever_has_the_link(link):
    factories.organisation("others")
    factories.apply(Record(factories.convoy("C-1"), "amended", declares={"sponsors": ["others"]}))
    page = Client().get(f"{link}/acknowledge").content.decode()
    assert "C-1" not in page
    assert "There is nothing here any more" in page


def test_what_has_ended_says_so(link, clock):
    clock.move_to(since_start(hours=30))
    factories.tell("C-1", "released", "2026-03-03T13:00", place="junction")
    answer = press(careful(), f"{link}/acknowledge")
    assert answer.status_code == 409
    assert "It has ended already" in answer.content.decode()


def test_of_several_convoys_only_those_ticked(sweep, told_partner, post_office):
    for number in (1, 2, 3):
        factories.make_held_convoy(f"C-{number}")
    sweep(hours=24)
    deliver()
    address = f"/u/{MailLink.objects.get().token}/acknowledge"
    first = str(Deadline.objects.filter(watch="held").values_list("pk", flat=True)[0])
    press(careful(), address, told=first)
    assert AlertResponse.objects.count() == 1
    assert press(careful(), address, told=[]).status_code == 422
    press(careful(), address)
    assert AlertResponse.objects.count() == 3


def test_taking_charge_asks_staff_to_sign_in_whoever_got_the_mail(link):
    client = Client()
    answer = client.get(f"{link}/charge")
    assert answer.status_code == 302
    assert "/login/" in answer["Location"]
    client.force_login(factories.officer())
    page = press(client, f"{link}/charge").content.decode()
    assert "<h1>You are in charge</h1>" in page
    assert AlertResponse.objects.get().user == factories.officer()


@pytest.mark.parametrize(
    ("who", "status"),
    [("partner", 403), ("stranger", 403), ("viewer", 403), ("officer", 200), ("coordinator", 200)],
)
def test_charge_is_for_the_desk(link, who, status):
    client = Client()
    client.force_login(getattr(factories, who)())
    assert client.get(f"{link}/charge").status_code == status


def test_charge_is_handed_over_knowingly(link):
    first, second = Client(), Client()
    first.force_login(factories.officer())
    second.force_login(factories.coordinator())
    stale = second.get(f"{link}/charge").content.decode()
    press(first, f"{link}/charge")
    told = re.findall(r'name="told" value="(\d+)"', stale)
    answer = second.post(f"{link}/charge", {"told": told})
    assert answer.status_code == 409
    assert "officer has taken charge since this page was opened" in answer.content.decode()
    holder = str(factories.officer().pk)
    assert "hands over to you" in second.get(f"{link}/charge").content.decode()
    second.post(f"{link}/charge", {"told": told, f"instead_of_{told[0]}": holder})
    assert AlertResponse.objects.get(ended_at=None).user == factories.coordinator()


def test_a_french_readers_pages_are_french(sweep, post_office):
    subscribe(factories.officer())
    type(factories.officer()).objects.update(language="fr")
    factories.make_held_convoy()
    sweep(hours=24)
    deliver()
    page = Client().get(f"/u/{MailLink.objects.get().token}/snooze").content.decode()
    assert "Rien n’a encore changé." in page
    assert "C-1, retenu à Junction" in page


@pytest.fixture
def two_convoys(sweep, told_partner, post_office) -> str:
    """One mail about two holds."""
    factories.make_held_convoy()
    factories.make_held_convoy("C-2")
    sweep(hours=24)
    deliver()
    return f"/u/{MailLink.objects.get().token}"


def held() -> list[Deadline]:
    return list(Deadline.objects.filter(watch="held").order_by("clock_from", "pk"))


def test_nobody_is_told_that_holds_are_acknowledged_which_are_over(two_convoys):
    Deadline.objects.update(state="ended")
    page = Client().post(f"{two_convoys}/acknowledge", {"told": [row.pk for row in held()]})
    assert page.status_code == 409
    assert not AlertResponse.objects.exists()


def test_where_one_is_a_colleagues_nothing_is_taken_as_the_page_says(two_convoys):
    me, colleague = factories.officer("me"), factories.officer("colleague")
    responses.take_charge(colleague, held()[1], "desk")
    client = Client()
    client.force_login(me)
    page = client.post(f"{two_convoys}/charge", {"told": [row.pk for row in held()]})
    assert page.status_code == 409
    assert not AlertResponse.objects.filter(user=me).exists()


def test_undoing_what_a_colleague_has_taken_over_says_so(link):
    me, colleague = factories.officer("me"), factories.officer("colleague")
    (row,) = held()
    responses.take_charge(me, row, "desk")
    responses.take_charge(colleague, row, "desk", me.pk)
    client = Client()
    client.force_login(me)
    page = client.post(f"{link}/charge", {"told": [row.pk], "undo": "1"})
    assert (page.status_code, "nothing of yours" in page.content.decode()) == (409, True)
    assert AlertResponse.objects.get(ended_at=None).user == colleague


def test_tomorrow_is_the_readers(link, told_partner, clock):
    User.objects.filter(pk=told_partner.pk).update(time_zone="Pacific/Auckland")
    clock.move_to(factories.utc(2026, 3, 3, 14))  # 4 March there
    assert 'min="2026-03-05"' in Client().get(f"{link}/snooze").content.decode()


@pytest.mark.parametrize("digits", [20, 5000])
def test_a_number_that_no_form_sends_is_as_if_it_were_not_there(link, digits):
    client = Client()
    client.force_login(factories.officer("me"))
    (row,) = held()
    page = client.post(f"{link}/charge", {"told": [row.pk], f"instead_of_{row.pk}": "9" * digits})
    assert page.status_code == 200

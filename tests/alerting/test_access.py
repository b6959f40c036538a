"""Lost access and an ended subscription win over what was planned; a mail shows what its reader may see."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from convoys.models import Convoy, ConvoyOrganisation, Message, Notification, Subscription
from convoys.queries.sight import Sight
from convoys.services.changes import Correct, Record
from convoys.services.messaging.deliver import deliver
from tests import factories
from tests.alerting.conftest import subscribe
from tests.alerting.post_office import body

pytestmark = pytest.mark.django_db


@pytest.fixture
def raised(sweep, told_partner, post_office):
    ref = factories.make_held_convoy()
    sweep(hours=24)
    return ref


def take_away(ref) -> None:
    """The convoy turns out to be another sponsor's."""
    factories.organisation("others")
    factories.apply(Record(ref, "amended", declares={"sponsors": ["others"]}))


def test_a_partner_who_lost_access_before_the_message_was_frozen_gets_nothing(raised, post_office):
    take_away(raised)
    assert deliver().sent == 0
    assert Notification.objects.get().reason == "its recipient may no longer see the convoy"


def test_a_partner_who_lost_access_between_two_attempts_gets_nothing(raised, clock, post_office):
    post_office.answers = ["451 Later"]
    deliver()
    take_away(raised)
    clock.shift(timedelta(minutes=1))
    done = deliver()
    assert (done.sent, done.dropped) == (0, 1)
    assert post_office.mails == []
    assert Message.objects.get().state == "dropped"


def test_a_subscription_ended_between_two_attempts_stops_the_message(raised, clock, post_office):
    post_office.answers = ["451 Later"]
    deliver()
    Subscription.objects.update(ended_at=timezone.now())
    clock.shift(timedelta(minutes=1))
    assert deliver().sent == 0
    assert Notification.objects.get().reason == "its recipient has unsubscribed"


def test_a_person_who_left_gets_nothing(raised, told_partner, post_office):
    type(told_partner).objects.filter(pk=told_partner.pk).update(is_active=False)
    assert deliver().sent == 0


def test_of_a_message_about_two_convoys_the_one_still_visible_is_told_anew(
    sweep, clock, told_partner, post_office
):
    ref = factories.make_held_convoy("C-1")
    factories.make_held_convoy("C-2")
    sweep(hours=24)
    post_office.answers = ["451 Later"]
    deliver()
    take_away(ref)
    clock.shift(timedelta(minutes=1))
    assert deliver().sent == 1
    (mail,) = post_office.mails
    assert mail["Subject"] == "Held 24 h at Junction: C-2, 40 t"
    assert "C-1" not in body(mail)


def test_an_address_that_changed_gets_the_message_at_the_new_one(raised, clock, told_partner, post_office):
    post_office.answers = ["451 Later"]
    deliver()
    type(told_partner).objects.filter(pk=told_partner.pk).update(email="new@example.org")
    clock.shift(timedelta(minutes=1))
    assert deliver().sent == 1
    assert post_office.mails[0]["To"] == "new@example.org"


def test_claims_for_staff_are_in_the_mail_of_staff_alone(sweep, told_partner, post_office):
    subscribe(factories.officer())
    ref = factories.make_convoy()
    accounts = [
        factories.account(speaker="The driver", statement="We wait for papers."),
        factories.account(speaker="A guard", statement="Ours by word of mouth.", audience="staff"),
        factories.account(speaker="Source K", statement="Told in confidence.", is_confidential=True),
    ]
    factories.tell(ref, "held", "2026-03-02T08:00", place="junction", held_before="bridge", claims=accounts)
    sweep(hours=24)
    deliver()
    texts = {mail["To"]: body(mail) for mail in post_office.mails}
    staff, partner = texts["officer@example.org"], texts["partner_aid_society@example.org"]
    assert "Ours by word of mouth." in staff
    assert "Source K" in staff
    assert "We wait for papers." in partner
    assert "Ours by word of mouth." not in partner
    assert "Source K" not in partner
    assert "Told in confidence." not in partner
    assert "monitor on site, name withheld" in partner


def test_another_sponsors_convoy_at_the_same_point_is_not_named(sweep, told_partner, post_office):
    factories.organisation("others")
    factories.make_held_convoy("C-1")
    factories.make_held_convoy("HIDDEN-9", declares={"sponsors": ["others"]})
    subscribe(factories.officer(), convoy_id=convoy_key("C-1"))
    sweep(hours=24)
    deliver()
    texts = {mail["To"]: body(mail) for mail in post_office.mails}
    assert "HIDDEN-9" in texts["officer@example.org"]
    assert "HIDDEN-9" not in texts["partner_aid_society@example.org"]


def test_a_partner_it_is_shared_with_is_not_told_what_is_for_the_parties(sweep, clock, post_office):
    factories.organisation("others")
    subscribe(factories.partner("others"))
    ref = factories.make_held_convoy()
    factories.apply(Record(ref, "visibility_changed", visible_to=["others"]))
    assert ConvoyOrganisation.objects.filter(organisation="others").exists()
    sweep(hours=24)
    assert not Notification.objects.exists()


def test_a_claim_that_its_reader_may_no_longer_see_is_taken_out_before_the_next_attempt(
    raised, clock, post_office, monkeypatch
):
    post_office.answers = ["451 Later"]
    deliver()
    shown = Message.objects.get().shown_claims
    assert shown

    monkeypatch.setattr(Sight, "reads_claim", lambda self, viewer, claim: claim not in shown)
    clock.shift(timedelta(minutes=1))
    assert deliver().sent == 1
    assert "Seen by us." not in body(post_office.mails[0])


def convoy_key(reference: str) -> int:
    return Convoy.objects.get(reference=reference).pk


def test_a_source_made_confidential_between_two_attempts_is_not_named(raised, clock, post_office):
    post_office.answers = ["451 Later"]
    deliver()
    (shown,) = Message.objects.get().shown_claims
    assert "An observer" in Message.objects.get().text
    hidden = factories.account(is_confidential=True)
    factories.apply(Correct(shown, hidden, "asked us"), author=factories.coordinator())
    clock.shift(timedelta(minutes=1))
    assert deliver().sent == 1
    (mail,) = post_office.mails
    assert "An observer" not in body(mail)
    assert "name withheld" in body(mail)

"""What a mail is worth: what changed since the last one, what stands together, and nothing twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from convoys.models import Deadline, Message
from convoys.queries.visibility import viewer_of
from convoys.services.alerting.detect import raise_due_alerts
from convoys.services.alerting.responses import acknowledge, snooze, take_back, take_charge
from convoys.services.changes import Claim, Record, Target, control_point, convoy
from convoys.services.messaging.check import with_all
from convoys.services.messaging.deliver import deliver
from convoys.services.messaging.gather import owed, parcels_of
from convoys.services.messaging.plain import COLUMNS
from convoys.services.messaging.render import Renderer
from tests import factories
from tests.alerting.conftest import since_start, subscribe
from tests.alerting.post_office import body

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(sweep, told_partner, post_office) -> Deadline:
    """A hold, of whose first step the partner and an officer were told."""
    subscribe(factories.officer())
    factories.make_held_convoy()
    sweep(hours=24)
    assert deliver().sent == 2
    return Deadline.objects.get(watch="held")


def of(user: User, post_office) -> str:
    """The text of the last mail to somebody, in one line."""
    mine = [mail for mail in post_office.mails if mail["To"] == user.email]
    return " ".join(body(mine[-1]).split())


def next_step(sweep) -> None:
    sweep(days=3)
    deliver()


def test_the_first_message_says_nothing_of_an_earlier_one(told, told_partner, post_office):
    assert "Since the last message" not in of(told_partner, post_office)


def test_that_nothing_new_was_reported_is_said(told, told_partner, sweep, post_office):
    next_step(sweep)
    assert "Since the last message, 3 March 2026, 08:00 (UTC): - No new report." in of(
        told_partner, post_office
    )


def test_what_was_reported_corrected_and_moved_is_said(told, told_partner, clock, sweep, post_office):
    clock.move_to(since_start(hours=40))
    factories.tell("C-1", "seen", "2026-03-03T20:00", place="junction")
    factories.tell("C-1", "access_denied", "2026-03-03T21:00", place="bridge", decided_by="other")
    factories.apply(
        Record(convoy("C-1"), "amended", declares={"tonnes": {"low": "36.000", "high": "41.500"}})
    )
    said = factories.account(speaker="A neighbour", statement="They let nobody pass.")
    factories.apply(Claim(Target(chain=told.opening_chain), said))
    next_step(sweep)
    text = of(told_partner, post_office)
    assert "- Confirmed, 3 March 2026, 20:00 (UTC)." in text
    assert "- Access denied at Bridge, 3 March 2026, 21:00 (UTC)." in text
    assert "- Tonnage corrected: 36–41.5 t; before: 40 t." in text
    assert "- New or corrected statements: 1, marked below." in text
    assert "A neighbour, our summary [new] They let nobody pass." in text


def test_who_took_charge_is_named_to_staff_and_told_to_partners_as_the_desk(
    told, told_partner, clock, sweep, post_office
):
    clock.move_to(since_start(hours=30))
    officer = factories.officer()
    take_charge(officer, told, "desk")
    next_step(sweep)
    to_staff, to_partner = of(officer, post_office), of(told_partner, post_office)
    assert "- officer took charge, 3 March 2026, 14:00 (UTC)." in to_staff
    assert "In charge: officer" in to_staff
    assert "- The desk has taken charge, 3 March 2026, 14:00 (UTC)." in to_partner
    assert "In charge: the desk has taken charge" in to_partner
    assert "officer" not in to_partner


def test_each_reader_hears_what_is_new_to_them(told, clock, sweep, post_office):
    late = factories.coordinator()
    subscribe(late)
    next_step(sweep)
    assert "Since the last message" not in of(late, post_office)
    assert "Since the last message" in of(factories.officer(), post_office)


def test_the_links_stand_in_every_mail_and_that_to_take_charge_in_those_of_staff(
    told, told_partner, post_office
):
    for user, is_staff in ((told_partner, False), (factories.officer(), True)):
        link = Message.objects.get(recipient=user).link.token
        text = of(user, post_office)
        html = Message.objects.get(recipient=user).html
        for act in ("acknowledge", "snooze"):
            assert f"/u/{link}/{act}" in text
            assert f"/u/{link}/{act}" in html
        assert (f"/u/{link}/charge" in text) is is_staff
        assert (f"/u/{link}/charge" in html) is is_staff


# --- quiet


def test_who_acknowledged_is_told_no_further_step_and_again_after_taking_it_back(
    told, told_partner, sweep, post_office
):
    acknowledge(told_partner, told, "mail")
    next_step(sweep)
    mine = [mail for mail in post_office.mails if mail["To"] == told_partner.email]
    assert len(mine) == 1
    take_back(told_partner, told, "acknowledged")
    sweep(days=7)
    deliver()
    assert "7 days at Junction" in of(told_partner, post_office)


def test_after_a_snooze_the_steps_missed_come_together_once(told, told_partner, clock, sweep, post_office):
    snooze(told_partner, told, timezone.now() + timedelta(days=7), "mail")
    next_step(sweep)
    sweep(days=7)
    deliver()
    mine = [mail for mail in post_office.mails if mail["To"] == told_partner.email]
    assert len(mine) == 1
    sweep(days=8, hours=1)
    deliver()
    deliver()
    mine = [mail for mail in post_office.mails if mail["To"] == told_partner.email]
    assert len(mine) == 2
    text = of(told_partner, post_office)
    assert "Steps reached: 3 days and 7 days, told together" in text
    assert "while you had snoozed it" in text


# --- what stands together


def close_the_bridge() -> None:
    factories.road()
    said = factories.account(speaker="The ministry", statement="The bridge is shut.")
    factories.tell(control_point("bridge"), "access_changed", "2026-03-01", access="closed", claims=[said])


def test_a_closed_point_makes_one_message_of_its_convoys(clock, sweep, told_partner, post_office):
    close_the_bridge()
    for number, most in ((1, "40.000"), (2, "45.000")):
        factories.make_held_convoy(f"C-{number}", declares={"tonnes": {"low": "40.000", "high": most}})
    sweep(hours=24)
    assert deliver().sent == 1
    assert post_office.mails[0]["Subject"] == "Held at Bridge, closed: 2 convoys, 80-85 t"
    text = of(told_partner, post_office)
    assert "Held before Bridge: 2 convoys, 80–85 t Bridge: closed since 1 March 2026" in text
    assert text.index("The ministry") < text.index("C-1, 24 h at Junction") < text.index("C-2, 24 h at")
    told = Message.objects.get()
    assert len(told.shown_claims) == 3


def test_steps_of_held_stopped_and_silent_are_one_message(clock, sweep, post_office):
    subscribe(factories.officer())
    factories.make_held_convoy("C-1")
    factories.make_convoy("C-2")
    factories.tell("C-2", "departed", "2026-03-02T07:00", place="harbour")
    factories.tell("C-2", "stopped", "2026-03-02T08:00", place="junction")
    sweep(days=7, hours=2)
    assert deliver().sent == 1
    subject = post_office.mails[0]["Subject"]
    assert subject.startswith("1 held, 1 stopped")
    text = of(factories.officer(), post_office)
    assert "Held C-1, held at Junction when last reported" in text
    assert "Stopped C-2, stopped for 7 days at Junction" in text


# --- once a day


def test_a_digest_is_one_message_a_day_by_kind_of_news(clock, sweep, post_office):
    subscribe(factories.officer(), rhythm="daily", digest_hour=6)
    for number in (1, 2, 3):
        factories.make_held_convoy(f"C-{number}")
    sweep(hours=24)
    assert deliver().sent == 0
    clock.move_to(since_start(hours=46))
    assert deliver().sent == 1
    assert post_office.mails[0]["Subject"] == "Convoys held: 3 new"
    assert "References" not in post_office.mails[0]
    factories.tell("C-1", "released", "2026-03-04T05:30", place="junction")
    factories.make_held_convoy("C-4", since="2026-03-03T12:00")
    sweep(days=3)
    assert deliver().sent == 0
    clock.move_to(since_start(days=3, hours=22))
    assert deliver().sent == 1
    assert post_office.mails[1]["Subject"] == "Convoys held: 1 new, 2 held longer, 1 ended"
    clock.move_to(since_start(days=4, hours=22))
    assert deliver().sent == 0


# --- form


def test_the_text_fits_72_columns_but_for_addresses(told, told_partner, sweep, post_office):
    next_step(sweep)
    for message in Message.objects.all():
        wide = [line for line in message.text.splitlines() if len(line) > COLUMNS and "://" not in line]
        assert wide == []


def test_a_batch_of_ten_mails_asks_no_more_than_one_of_two(clock, sweep, told_partner):
    subscribe(factories.officer())

    def queries(convoys: int) -> int:
        for number in range(convoys):
            factories.make_held_convoy(f"C-{convoys}-{number}", since=f"{clock_day(clock)}T08:00")
        clock.shift(timedelta(hours=25))
        raise_due_alerts()
        notifications = with_all(owed("mail").values_list("pk", flat=True))
        with CaptureQueriesContext(connection) as asked:
            parcels = parcels_of(notifications)
            renderer = Renderer(timezone.now())
            renderer.prepare((parcel, viewer_of(parcel.recipient)) for parcel in parcels)
            viewers = {parcel.recipient.pk: viewer_of(parcel.recipient) for parcel in parcels}
            for parcel in parcels:
                assert renderer.render(parcel, viewers[parcel.recipient.pk]) is not None
        deliver()
        return len(asked)

    few, many = queries(2), queries(10)
    assert many <= few


def clock_day(clock) -> str:
    return timezone.now().strftime("%Y-%m-%d")

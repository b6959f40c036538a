"""Each recipient is told once: frozen before the first attempt, retried when it helps, shown when not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from convoys.models import Message, Notification
from convoys.services.messaging.deliver import deliver
from convoys.services.messaging.freeze import LEASE, freeze_for
from convoys.services.messaging.gather import recipients_waiting
from convoys.services.messaging.recover import retry, return_expired_leases
from convoys.services.messaging.render import Renderer
from convoys.services.messaging.settle import LONGEST_PAUSE, begin_attempts, pause_after
from tests import factories
from tests.alerting.conftest import since_start, subscribe
from tests.alerting.post_office import PostOffice, body

pytestmark = pytest.mark.django_db


def raised(sweep) -> None:
    factories.make_held_convoy()
    assert sweep(hours=24).alerts == 1


def test_a_raised_alert_is_mailed_once(sweep, told_partner, post_office):
    raised(sweep)
    assert deliver().sent == 1
    assert deliver().sent == 0
    (mail,) = post_office.mails
    assert mail["Subject"] == "Held 24 h at Junction: C-1, 40 t"
    assert mail["To"] == "partner_aid_society@example.org"
    message = Message.objects.get()
    assert (message.state, message.attempts, mail["Message-ID"]) == ("sent", 1, message.message_id)
    assert Notification.objects.get().state == "sent"


def test_one_recipient_per_message_over_one_connection(sweep, told_partner, post_office):
    for name in ("ada", "ben", "cem"):
        subscribe(factories.officer(name))
    raised(sweep)
    assert deliver().sent == 4
    assert sorted(mail["X-Envelope-To"] for mail in post_office.mails) == [
        "ada@example.org", "ben@example.org", "cem@example.org", "partner_aid_society@example.org",
    ]  # fmt: skip
    assert all(mail["Cc"] is None and mail["Bcc"] is None for mail in post_office.mails)
    assert post_office.sessions == 1


def test_what_one_person_is_owed_at_once_is_one_message(sweep, told_partner, post_office):
    for reference in ("C-1", "C-2", "C-3"):
        factories.make_held_convoy(reference)
    assert sweep(days=3, minutes=1).alerts == 6
    assert deliver().sent == 1
    (mail,) = post_office.mails
    assert mail["Subject"] == "Held at Bridge: 3 convoys, 120 t"
    assert "Steps reached: 24 h and 3 days, told together" in body(mail)


def test_exercises_stand_in_a_message_of_their_own_that_says_so(sweep, told_partner, post_office):
    factories.make_held_convoy("C-1")
    factories.make_held_convoy("X-1", is_exercise=True)
    sweep(hours=24)
    assert deliver().sent == 2
    subjects = sorted(mail["Subject"] for mail in post_office.mails)
    assert subjects == ["Held 24 h at Junction: C-1, 40 t", "[EXERCISE] Held 24 h at Junction: X-1, 40 t"]


@pytest.mark.parametrize("answer", ["451 4.3.0 Try again later", "450 4.2.0 Mailbox busy", PostOffice.DROP])
def test_a_transient_refusal_is_tried_again_after_a_pause_with_the_same_bytes(
    sweep, clock, told_partner, post_office, answer
):
    raised(sweep)
    post_office.answers = [answer]
    assert deliver().postponed == 1
    message = Message.objects.get()
    assert message.state == "pending"
    assert message.failure
    assert deliver().sent == 0
    clock.shift(timedelta(minutes=1))
    factories.tell("C-1", "action", place="junction")  # what is said later does not change what is frozen
    assert deliver().sent == 1
    assert post_office.mails[0]["Message-ID"] == message.message_id
    assert body(post_office.mails[0]).strip() == message.text.strip()


@pytest.mark.parametrize("where", ["RCPT", "DATA"])
def test_a_permanent_refusal_stops_and_is_shown_to_staff_who_can_try_again(
    sweep, clock, told_partner, post_office, where
):
    raised(sweep)
    if where == "RCPT":
        post_office.refuses = {told_partner.email: "550 5.1.1 No such mailbox"}
    else:
        post_office.answers = ["554 5.7.1 Not wanted"]
    assert deliver().failed == 1
    message = Message.objects.get()
    assert message.state == "failed"
    assert message.failure.startswith("55")
    assert Notification.objects.get().state == "failed"
    clock.shift(timedelta(days=1))
    assert deliver().sent == 0
    post_office.refuses = {}
    assert retry(message)
    assert deliver().sent == 1
    assert Notification.objects.get().state == "sent"
    assert post_office.mails[0]["Message-ID"] == message.message_id


def test_one_bad_address_does_not_keep_the_others_from_being_told(sweep, told_partner, post_office):
    subscribe(factories.officer())
    raised(sweep)
    post_office.refuses = {told_partner.email: "550 5.1.1 No such mailbox"}
    done = deliver()
    assert (done.sent, done.failed) == (1, 1)


def test_a_server_that_accepts_without_saying_so_gets_the_same_message_again_and_it_is_counted(
    sweep, clock, told_partner, post_office
):
    raised(sweep)
    post_office.answers = [PostOffice.MUTE]
    assert deliver().postponed == 1
    clock.shift(timedelta(minutes=1))
    assert deliver().sent == 1
    first, second = post_office.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert Message.objects.get().uncertain_attempts == 1


def test_a_server_that_is_away_ends_the_run_and_loses_nothing(
    sweep, clock, told_partner, post_office, settings
):
    subscribe(factories.officer())
    raised(sweep)
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    done = deliver()
    assert done.server_is_away
    assert set(Message.objects.values_list("state", flat=True)) == {"pending"}
    settings.EMAIL_PORT = port
    clock.shift(timedelta(minutes=1))
    assert deliver().sent == 2


def test_a_worker_killed_before_sending_is_recovered_with_the_same_message(
    sweep, clock, told_partner, post_office
):
    raised(sweep)
    (message,) = freeze_for(recipients_waiting(), Renderer(since_start(hours=24)))
    assert deliver().sent == 0  # the lease is somebody's
    assert return_expired_leases() == 0
    clock.shift(LEASE + timedelta(seconds=1))
    assert return_expired_leases() == 1
    assert deliver().sent == 1
    assert post_office.mails[0]["Message-ID"] == message.message_id
    assert Message.objects.get().uncertain_attempts == 0


def test_a_worker_killed_while_sending_is_recovered_and_counted(sweep, clock, told_partner, post_office):
    raised(sweep)
    (message,) = freeze_for(recipients_waiting(), Renderer(since_start(hours=24)))
    assert begin_attempts([message]) == [message]
    clock.shift(LEASE + timedelta(seconds=1))
    assert return_expired_leases() == 1
    assert not begin_attempts([message])  # the old worker, should it still live, has lost its lease
    assert deliver().sent == 1
    kept = Message.objects.get()
    assert (kept.uncertain_attempts, kept.attempts) == (1, 2)
    assert Notification.objects.get().may_have_been_told


def test_pauses_grow_to_an_hour_and_are_spread(sweep):
    pauses = [pause_after(attempts) for attempts in range(1, 12)]
    assert pauses[:3] == [timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=2)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE
    assert pause_after(5, -1) < pause_after(5) < pause_after(5, 1) <= pause_after(5) * 1.2


def test_transient_errors_are_given_up_after_five_days_and_shown(sweep, clock, told_partner, post_office):
    raised(sweep)
    post_office.answers = ["451 later", "451 later"]
    deliver()
    clock.shift(timedelta(days=6))
    factories.tell("C-1", "seen", place="junction")
    deliver()
    assert Message.objects.get().state == "failed"


def test_headers_for_threads_machines_and_one_click(sweep, clock, told_partner, post_office):
    ref = factories.make_held_convoy()
    for hours in (24, 72):
        sweep(hours=hours)
        factories.tell(ref, "seen", place="junction")
        deliver()
    first, second = post_office.mails
    assert first["Message-ID"] != second["Message-ID"]
    assert first["References"] == second["References"]
    assert second["Auto-Submitted"] == "auto-generated"
    assert second["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert second["List-Unsubscribe"].strip().startswith("<http")
    assert second["Date"] is not None


def test_answers_go_to_the_desk_of_the_route_whose_telephone_is_in_the_mail(sweep, told_partner, post_office):
    road = factories.road()
    road.desk_email, road.desk_telephone = "desk@example.org", "+374 10 000000"
    road.save(update_fields=["desk_email", "desk_telephone"])
    raised(sweep)
    deliver()
    assert post_office.mails[0]["Reply-To"] == "desk@example.org"
    assert "+374 10 000000" in body(post_office.mails[0])

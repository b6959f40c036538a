"""Whatever the mail server does, everybody is told in the end, and twice only where it kept silent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from convoys.models import Message, Notification
from convoys.services.changes import Record, convoy
from convoys.services.messaging.recover import retry
from tests import factories
from tests.chaos.audit import steps
from tests.chaos.mail_server import HANG_UP, STALL, Stage
from tests.chaos.world import World


@pytest.mark.parametrize(
    ("stage", "reply"),
    [
        (Stage.CONNECT, "421 4.3.2 Too many connections"),
        (Stage.RECIPIENT, "450 4.2.1 Mailbox busy"),
        (Stage.RECEIVED, "451 4.3.0 Greylisted"),
    ],
    ids=["at_connect", "at_rcpt", "after_data"],
)
def test_refused_for_now_is_told_later_and_once(world: World, stage: Stage, reply: str):
    world.hold("C-1", "C-2")
    expected = steps(world.people, ["C-1", "C-2"])
    world.mail_server.on(stage, reply)
    world.up()
    world.until(lambda: world.mail_server.reached[stage] >= 2, "it was refused twice", skipping=True)
    assert world.mail_server.mails == []
    world.mail_server.well()
    world.mended()
    world.until_told(expected, skipping=True)
    figures = world.keeps_the_promise(expected, f"mail server refuses {stage}", f"{reply[:3]} twice or more")
    assert (figures.duplicates, figures.uncertain) == (0, 0)


@pytest.mark.parametrize(
    ("stage", "reply"),
    [(Stage.RECIPIENT, "550 5.1.1 No such mailbox"), (Stage.RECEIVED, "554 5.7.1 Not wanted")],
    ids=["at_rcpt", "after_data"],
)
def test_refused_for_good_is_shown_to_staff_keeps_nobody_else_waiting_and_can_be_tried_again(
    world: World, stage: Stage, reply: str
):
    partner, officer = world.people
    world.hold("C-1")
    world.mail_server.on(stage, reply, to=partner.email)
    world.up()
    world.until_told(steps([officer], ["C-1"]))
    failed = Message.objects.get(state="failed")
    assert (failed.recipient, failed.failure[:3]) == (partner, reply[:3])

    world.mail_server.well()
    world.mended()
    assert retry(failed)
    expected = steps(world.people, ["C-1"])
    world.until_told(expected)
    figures = world.keeps_the_promise(
        expected, f"mail server refuses one address {stage}", f"{reply[:3]}, then *Try again*"
    )
    assert (figures.duplicates, figures.uncertain) == (0, 0)


@pytest.mark.parametrize(
    ("stage", "act", "scenario", "done"),
    [
        (Stage.RECEIVED, STALL, "mail server stalls after DATA", "no answer within the timeout"),
        (Stage.DATA, HANG_UP, "mail server hangs up in the middle of DATA", "twice"),
    ],
    ids=["stalls_after_data", "hangs_up_within"],
)
def test_a_server_that_never_answers_a_mail_is_left_in_time_and_gets_it_again(
    world: World, stage: Stage, act: str, scenario: str, done: str
):
    world.hold("C-1")
    expected = steps(world.people, ["C-1"])
    world.mail_server.on(stage, act, times=2)
    world.up()
    world.until(lambda: world.mail_server.reached[stage] == 2, "it broke off twice")
    world.mended()
    world.until_told(expected, skipping=True)
    figures = world.keeps_the_promise(expected, scenario, done)
    assert (figures.duplicates, figures.uncertain) == (0, 2)


@pytest.mark.parametrize("act", [HANG_UP, STALL], ids=["and_hangs_up", "and_keeps_silent"])
def test_a_server_that_accepts_without_saying_so_gets_the_same_mail_again_and_it_is_counted(
    world: World, act: str
):
    world.hold("C-1")
    expected = steps(world.people, ["C-1"])
    world.mail_server.on(Stage.ACCEPTED, act, times=2)
    world.up()
    world.until(lambda: world.mail_server.reached[Stage.ACCEPTED] == 2, "it took two mails in silence")
    world.mended()
    world.until_told(expected, skipping=True)
    said = "hangs up" if act == HANG_UP else "keeps silent"
    figures = world.keeps_the_promise(expected, f"mail server accepts and {said}", "twice")
    assert (figures.duplicates, figures.uncertain) == (2, 2)
    assert Notification.objects.filter(may_have_been_told=True).count() == 2


def test_a_server_that_is_away_for_hours_is_asked_ever_more_rarely_and_gets_everything(world: World):
    world.hold("C-1", "C-2")
    expected = steps(world.people, ["C-1", "C-2"])
    world.up()
    world.mail_server.close()
    began_at, six_hours = world.now(), timedelta(hours=6)
    world.until(lambda: world.now() > began_at + six_hours, "six hours have passed", skipping=True)
    asked = [row.attempts for row in Message.objects.all()]
    assert len(asked) == 2
    assert max(asked) <= 14, "half a minute, then double, up to an hour"
    world.mail_server.open()
    world.mended()
    world.until_told(expected, skipping=True)
    figures = world.keeps_the_promise(
        expected, "mail server away for 6 hours", f"clock stepped; {max(asked)} attempts meanwhile"
    )
    assert (figures.duplicates, figures.uncertain) == (0, 0)


def test_a_server_that_is_away_for_five_days_is_given_up_and_told_when_staff_say_so(world: World):
    world.hold("C-1")
    world.up()
    world.mail_server.close()
    world.until(lambda: Message.objects.filter(state="pending").count() == 2, "both wait")
    for _ in range(5):
        world.clock.step(days=1)
    world.until(
        lambda: Message.objects.filter(state="failed").count() == 2, "both are given up", skipping=True
    )
    world.mail_server.open()
    world.mended()
    for message in Message.objects.filter(state="failed"):
        assert "no connection to the mail server" in message.failure
        assert retry(message)
    expected = steps(world.people, ["C-1"], hours=[24, 72])
    world.until_told(expected, skipping=True)
    figures = world.keeps_the_promise(
        expected, "mail server away for 5 days", "clock stepped; given up, then *Try again*"
    )
    assert (figures.duplicates, figures.uncertain) == (0, 0)


def test_who_lost_access_while_the_server_was_away_is_told_nothing(world: World):
    partner, officer = world.people
    world.hold("C-1")
    world.up()
    world.mail_server.close()
    world.until(lambda: Message.objects.filter(state="pending").count() == 2, "both wait")
    factories.organisation("others")
    factories.apply(Record(convoy("C-1"), "amended", declares={"sponsors": ["others"]}))
    world.mail_server.open()
    world.mended()
    expected = steps([officer], ["C-1"])
    world.until_told(expected, skipping=True)
    figures = world.keeps_the_promise(
        expected, "access lost while the mail server is away", "the sponsor's partner loses the convoy"
    )
    assert (figures.mails, figures.duplicates) == (1, 0)
    assert Notification.objects.get(recipient=partner).state == "dropped"

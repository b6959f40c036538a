"""The wall clock of all machines is stepped, forward and back: each step once, and the work goes on."""

from __future__ import annotations

from datetime import timedelta

from convoys.models import Message
from tests.chaos.audit import steps
from tests.chaos.world import World


def test_stepped_forward_by_eight_days_raises_each_step_once_in_one_message(world: World):
    world.hold("C-1", "C-2")
    world.up()
    world.until_told(steps(world.people, ["C-1", "C-2"]))
    world.clock.step(days=8)
    world.mended()
    expected = steps(world.people, ["C-1", "C-2"], hours=[24, 72, 168])
    world.until_told(expected)
    figures = world.keeps_the_promise(
        expected, "clock stepped 8 days forward", "two steps of two holds passed"
    )
    assert (figures.duplicates, figures.uncertain) == (0, 0)
    partner = world.people[0]
    assert sum(mail.to == partner.email for mail in world.mail_server.mails) == 2


def test_stepped_back_again_repeats_nothing_and_new_holds_are_told_at_once(world: World):
    world.hold("C-1")
    world.up()
    world.until_told(steps(world.people, ["C-1"]))
    world.clock.step(days=8)
    far = steps(world.people, ["C-1"], hours=[24, 72, 168])
    world.until_told(far)
    world.clock.step(days=-8)
    world.hold("C-2")
    world.mended()
    expected = far | steps(world.people, ["C-2"])
    world.until_told(expected)
    figures = world.keeps_the_promise(expected, "clock stepped 8 days back", "another hold falls due")
    assert (figures.duplicates, figures.uncertain) == (0, 0)


def test_what_waits_for_a_mail_server_when_the_clock_is_stepped_back_does_not_wait_for_days(world: World):
    world.hold("C-1")
    world.up()
    world.clock.step(days=1)
    world.mail_server.close()
    world.until(lambda: Message.objects.filter(state="pending").count() == 2, "both wait")
    world.clock.step(days=-1)
    world.mail_server.open()
    world.mended()
    expected = steps(world.people, ["C-1"])
    asked_at = world.now()
    world.until_told(expected)
    assert world.now() - asked_at < timedelta(hours=1)
    figures = world.keeps_the_promise(expected, "clock stepped a day back while mail waits", "server is back")
    assert (figures.duplicates, figures.uncertain) == (0, 0)

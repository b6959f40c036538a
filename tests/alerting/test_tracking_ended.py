"""A hold whose tracking is ended tells nothing meanwhile, and loses nothing by it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from convoys.models import Deadline, Message, Notification
from convoys.queries.desk import health
from convoys.services.changes import Retract
from convoys.services.messaging.deliver import deliver
from tests import factories
from tests.alerting.conftest import since_start
from tests.alerting.post_office import body

pytestmark = pytest.mark.django_db


@pytest.fixture
def owed(sweep, told_partner):
    """A hold whose first step is raised and not mailed yet."""
    factories.make_held_convoy()
    sweep(hours=24)
    assert Notification.objects.get().state == "open"


def end_tracking() -> int:
    return factories.tell("C-1", "tracking_ended", "2026-03-03")


def take_back(sequence: int) -> None:
    factories.apply(Retract(sequence, "meant for another convoy"), author=factories.coordinator())


@pytest.mark.parametrize("after", [timedelta(seconds=40), timedelta(minutes=20), timedelta(days=2)])
def test_a_step_that_was_owed_is_told_when_the_end_of_tracking_is_taken_back(owed, clock, post_office, after):
    ended = end_tracking()
    assert deliver().sent == 0
    clock.shift(after)
    assert deliver().sent == 0
    take_back(ended)
    assert deliver().sent == 1
    assert "C-1" in body(post_office.mails[0])
    assert Notification.objects.get().state == "sent"


def test_a_step_in_a_message_that_waits_is_told_then_too(owed, clock, post_office):
    post_office.answers = ["451 Later"]
    assert deliver().postponed == 1
    ended = end_tracking()
    clock.shift(timedelta(minutes=1))
    assert deliver().dropped == 1
    assert set(Message.objects.values_list("state", flat=True)) == {"dropped"}
    take_back(ended)
    assert deliver().sent == 1
    assert Notification.objects.get().state == "sent"


def test_a_later_report_starts_the_clock_and_the_step_is_told(owed, clock, post_office):
    end_tracking()
    clock.move_to(since_start(days=2))
    factories.tell("C-1", "seen", "2026-03-04T07:00", place="junction")
    assert deliver().sent == 1
    assert Notification.objects.get().state == "sent"


def test_a_hold_that_ends_while_it_is_not_tracked_is_told_as_ended(owed, clock, sweep, post_office):
    end_tracking()
    assert deliver().sent == 0
    clock.move_to(since_start(days=2))
    factories.tell("C-1", "released", "2026-03-04T07:00", place="junction")
    sweep(days=2, minutes=3)
    deliver()
    states = dict(Notification.objects.values_list("telling", "state"))
    assert states == {"step": "dropped", "ended": "sent"}


def test_what_waits_for_tracking_is_no_mail_that_is_late(owed, clock):
    end_tracking()
    clock.shift(timedelta(days=1))
    assert Deadline.objects.get(watch="held").state == "paused"
    now = since_start(days=2)
    assert (health(now).waiting, health(now).oldest_unsent_at) == (0, None)

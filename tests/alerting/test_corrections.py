"""Who was told of a hold is told that it ended, was never so, or goes on. A mis-click tells nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from convoys.models import Deadline, Event, Message, Notification
from convoys.services.changes import Correct, Retract
from convoys.services.messaging import freeze
from convoys.services.messaging.deliver import deliver
from convoys.services.messaging.unsubscribe import find_token, unsubscribe
from tests import factories
from tests.alerting.conftest import since_start, subscribe
from tests.alerting.post_office import body

pytestmark = pytest.mark.django_db
RELEASED = "2026-03-03T14:00"


@pytest.fixture
def held(sweep, told_partner, post_office):
    """A convoy whose first step has been told to the partner."""
    ref = factories.make_held_convoy()
    sweep(hours=24)
    assert deliver().sent == 1
    return ref


def subjects(post_office) -> list[str]:
    return [mail["Subject"] for mail in post_office.mails][1:]


def test_the_end_is_told_after_two_minutes_and_says_how(held, clock, sweep, post_office):
    clock.move_to(since_start(hours=30))
    factories.tell(held, "released", RELEASED, place="junction")
    sweep(hours=30, minutes=1)
    assert deliver().sent == 0
    sweep(hours=30, minutes=3)
    assert deliver().sent == 1
    assert subjects(post_office) == ["No longer held: C-1, released at Junction"]
    text = body(post_office.mails[-1])
    assert "1 d 6 h" in text
    assert "Should it turn out that it had not ended, you will be told that too." in text
    sweep(hours=40)
    assert deliver().sent == 0


def test_an_end_that_is_inferred_says_so(held, clock, sweep, post_office):
    clock.move_to(since_start(hours=30))
    factories.tell(held, "passed", RELEASED, place="bridge")
    sweep(hours=30, minutes=3)
    deliver()
    assert subjects(post_office) == ["No longer held: C-1, passed Bridge"]
    assert "no release was reported, it is inferred" in body(post_office.mails[-1])


def test_a_mis_click_undone_within_two_minutes_tells_nobody(held, clock, sweep, post_office):
    clock.move_to(since_start(hours=30))
    wrong = factories.tell(held, "released", RELEASED, place="junction")
    clock.shift(timedelta(seconds=90))
    factories.apply(Retract(wrong, "wrong convoy"))
    sweep(hours=31)
    deliver()
    assert subjects(post_office) == []
    sweep(days=3)
    deliver()
    assert subjects(post_office) == ["Held 3 days at Junction: C-1, 40 t"]


def test_an_end_that_was_told_and_is_retracted_is_told_too(held, clock, sweep, post_office):
    clock.move_to(since_start(hours=30))
    wrong = factories.tell(held, "released", RELEASED, place="junction")
    sweep(hours=30, minutes=3)
    deliver()
    factories.apply(Retract(wrong, "it was another column"))
    sweep(hours=30, minutes=6)
    deliver()
    clock.move_to(since_start(hours=50))
    factories.tell(held, "turned_back", "2026-03-04T09:00", place="junction", decided_by="own_side")
    sweep(hours=50, minutes=3)
    deliver()
    assert subjects(post_office) == [
        "No longer held: C-1, released at Junction",
        "Held after all at Junction: C-1, 40 t",
        "No longer held: C-1, turned back at Junction",
    ]


def test_a_hold_reopened_after_its_end_was_told_is_told(held, clock, sweep, post_office):
    clock.move_to(since_start(hours=30))
    factories.tell(held, "released", RELEASED, place="junction")
    sweep(hours=30, minutes=3)
    deliver()
    clock.move_to(since_start(hours=40))
    factories.tell(held, "held", "2026-03-04T00:00", place="junction", held_before="bridge")
    sweep(hours=40, minutes=3)
    deliver()
    clock.move_to(since_start(hours=60))
    factories.tell(held, "released", "2026-03-04T19:00", place="junction")
    sweep(hours=60, minutes=3)
    deliver()
    assert subjects(post_office) == [
        "No longer held: C-1, released at Junction",
        "Held after all at Junction: C-1, 40 t",
        "No longer held: C-1, released at Junction",
    ]


def test_a_retracted_hold_is_withdrawn_from_those_who_were_told(sweep, clock, told_partner, post_office):
    ref = factories.make_convoy()
    chain = factories.tell(ref, "held", "2026-03-02T08:00", place="junction", held_before="bridge")
    sweep(hours=24)
    deliver()
    subscribe(factories.officer())  # was told nothing, so has nothing withdrawn
    factories.apply(Retract(chain, "typed on the wrong convoy"))
    sweep(hours=24, minutes=3)
    assert deliver().sent == 1
    assert post_office.mails[-1]["Subject"] == "Withdrawn: C-1 was not held at Junction"


def test_who_was_not_told_of_a_hold_is_not_told_of_its_end(sweep, clock, told_partner, post_office):
    ref = factories.make_held_convoy()
    clock.move_to(since_start(hours=20))
    factories.tell(ref, "released", "2026-03-03T03:00", place="junction")
    sweep(hours=25)
    assert deliver().sent == 0


def test_an_end_that_overtakes_the_message_of_a_step_tells_both(sweep, clock, told_partner, post_office):
    ref = factories.make_held_convoy()
    sweep(hours=24)
    clock.move_to(since_start(hours=30))
    factories.tell(ref, "released", RELEASED, place="junction")
    assert deliver().sent == 0
    assert Notification.objects.get().state == "open"  # it may be a mis-click: wait for its end
    sweep(hours=30, minutes=3)
    assert deliver().sent == 1
    assert post_office.mails[0]["Subject"] == "No longer held: C-1, released at Junction"


def test_the_end_waits_for_a_message_that_is_on_its_way(sweep, clock, told_partner, post_office):
    ref = factories.make_held_convoy()
    sweep(hours=24)
    post_office.answers = ["451 Later"]
    deliver()
    clock.move_to(since_start(hours=30))
    factories.tell(ref, "released", RELEASED, place="junction")
    sweep(hours=30, minutes=3)
    deliver()
    assert [mail["Subject"] for mail in post_office.mails] == ["No longer held: C-1, released at Junction"]
    assert Message.objects.filter(state="dropped").count() == 1


def test_unsubscribing_wins_over_the_end(held, clock, sweep, post_office):
    link = post_office.mails[0]["List-Unsubscribe"].strip().strip("<>")
    token = find_token(link.rsplit("/", 1)[1])
    assert token is not None
    assert unsubscribe(token) == 1
    clock.move_to(since_start(hours=30))
    factories.tell(held, "released", RELEASED, place="junction")
    sweep(hours=30, minutes=3)
    assert deliver().sent == 0
    assert Notification.objects.get(telling="ended").reason == "its recipient has unsubscribed"


def test_a_hold_that_goes_on_in_other_hands_goes_on_with_its_steps(held, clock, sweep, post_office):
    clock.move_to(since_start(hours=30))
    factories.tell(held, "handed_over", RELEASED, place="hamlet", next_carrier="aid_society")
    sweep(hours=31)
    assert deliver().sent == 0
    sweep(hours=30 + 24)
    assert deliver().sent == 0
    sweep(hours=30 + 72, minutes=2)
    deliver()
    factories.tell(held, "released", "2026-03-06T14:02", place="hamlet")
    sweep(hours=30 + 72, minutes=6)
    deliver()
    assert subjects(post_office) == [
        "Held 3 days at Hamlet: C-1, 40 t",
        "No longer held: C-1, released at Hamlet",
    ]


def test_an_end_and_a_new_beginning_in_one_submission_leave_one_clock(held, clock, sweep, post_office):
    clock.move_to(since_start(hours=30))
    again = factories.record(held, "held", "2026-03-03T14:00", place="junction", held_before="bridge")
    factories.apply(factories.record(held, "released", "2026-03-03T13:00", place="junction"), again)
    assert list(Deadline.objects.filter(watch="held").values_list("state", flat=True)) == ["ended", "open"]
    sweep(hours=31)
    assert deliver().sent == 0
    assert sweep(days=3).alerts == 0
    assert sweep(hours=30 + 72, minutes=2).alerts == 1


@pytest.mark.parametrize("answers", [[], ["451 Later"]], ids=["owed", "waiting for another attempt"])
def test_a_slip_of_the_hand_loses_no_step_that_was_on_its_way(
    sweep, clock, told_partner, post_office, answers
):
    ref = factories.make_held_convoy()
    sweep(hours=24)
    post_office.answers = answers
    if answers:
        deliver()
        clock.shift(timedelta(seconds=40))
    slip = factories.tell(ref, "released", "2026-03-03T08:00", place="junction")
    deliver()
    clock.shift(timedelta(seconds=60))
    factories.apply(Retract(slip, "wrong convoy"))
    sweep(hours=24, minutes=5)
    deliver()
    assert len(post_office.mails) == 1


def test_a_place_corrected_while_the_mail_was_written_is_in_the_mail(
    sweep, clock, told_partner, post_office, monkeypatch
):
    ref = factories.make_held_convoy()
    chain = Event.objects.get(kind="held").chain
    sweep(hours=24)
    real = freeze._store
    corrected: list[bool] = []

    def store(drafts, *more):
        if drafts and not corrected:
            corrected.append(True)
            clock.shift(timedelta(seconds=1))
            better = factories.record(
                "C-1", "held", "2026-03-02T08:00", place="hamlet", held_before="gate", claims=[]
            )
            factories.apply(Correct(chain, better, "another place"))
        return real(drafts, *more)

    monkeypatch.setattr(freeze, "_store", store)
    deliver()
    deliver()
    assert [mail["Subject"] for mail in post_office.mails] == [f"Held 24 h at Hamlet: {ref.code}, 40 t"]

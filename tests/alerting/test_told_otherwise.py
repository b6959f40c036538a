"""Who was told another place, point or end of a hold than the record now gives is told so, once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from convoys.models import Alert, Event, Notification
from convoys.services.changes import Correct, Retract
from convoys.services.messaging.deliver import deliver
from tests import factories
from tests.alerting.conftest import since_start, subscribe
from tests.alerting.post_office import body

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(sweep, told_partner, post_office):
    """A convoy held at the junction, before the bridge, since 2 March, of which one step was told."""
    factories.make_held_convoy()
    sweep(days=1)
    deliver()
    assert len(post_office.mails) == 1
    return factories.convoy("C-1")


def newest(kind: str) -> int:
    return Event.objects.filter(kind=kind).order_by("-sequence").values_list("sequence", flat=True)[0]


def correct_hold(**more: object) -> None:
    values = {"place": "junction", "held_before": "bridge", "claims": []} | more
    record = factories.record("C-1", "held", "2026-03-02T08:00", **values)
    factories.apply(Correct(newest("held"), record, "another place was meant"))


def after(clock, sweep, **more: float) -> None:
    clock.shift(timedelta(**more))
    sweep()
    deliver()


def subjects(post_office) -> list[str]:
    return [" ".join(mail["Subject"].split()) for mail in post_office.mails][1:]


def told(post_office) -> str:
    return " ".join(body(post_office.mails[-1]).split())


@pytest.mark.parametrize(
    ("corrected", "subject", "lead"),
    [
        (
            {"place": "hamlet"},
            "Corrected: C-1 is held at Hamlet, not at Junction",
            "You were told that it was held at Junction; the record was corrected. It is held at Hamlet.",
        ),
        (
            {"held_before": "gate"},
            "Corrected: C-1 is held before Gate, not before Bridge",
            "You were told that it was held before Bridge; the record was corrected. It is held before Gate.",
        ),
        (
            {"place": "hamlet", "held_before": "gate"},
            "Corrected: C-1 is held at Hamlet before Gate, not at Junction before Bridge",
            "It is held at Hamlet before Gate.",
        ),
        (
            {"held_before": ""},
            "Corrected: C-1 is not held before Bridge",
            "You were told that it was held before Bridge; the record was corrected.",
        ),
    ],
    ids=["place", "point", "both", "point not known"],
)
def test_another_place_is_told_once_after_the_grace(
    held, clock, sweep, post_office, corrected, subject, lead
):
    correct_hold(**corrected)
    after(clock, sweep, seconds=90)
    assert subjects(post_office) == []
    after(clock, sweep, seconds=60)
    assert subjects(post_office) == [subject]
    assert lead in told(post_office)
    assert "Steps that you were told of are not told again." in told(post_office)
    after(clock, sweep, hours=2)
    assert len(subjects(post_office)) == 1
    assert Alert.objects.count() == 1


def test_a_place_that_was_not_known_is_told_when_it_is(clock, sweep, told_partner, post_office):
    factories.make_convoy()
    factories.tell("C-1", "departed", "2026-03-01T08:00")
    factories.tell("C-1", "held", "2026-03-02T08:00")
    sweep(days=1)
    deliver()
    correct_hold(held_before="")
    after(clock, sweep, minutes=3)
    assert subjects(post_office) == ["Corrected: C-1 is held at Junction"]


def test_a_place_corrected_back_within_the_grace_tells_nobody(held, clock, sweep, post_office):
    correct_hold(place="hamlet")
    clock.shift(timedelta(seconds=90))
    correct_hold()
    after(clock, sweep, hours=1)
    assert subjects(post_office) == []


def test_a_place_corrected_back_after_it_was_told_is_told_too(held, clock, sweep, post_office):
    correct_hold(place="hamlet")
    after(clock, sweep, minutes=3)
    clock.shift(timedelta(minutes=1))
    correct_hold()
    after(clock, sweep, minutes=3)
    assert subjects(post_office) == [
        "Corrected: C-1 is held at Hamlet, not at Junction",
        "Corrected: C-1 is held at Junction, not at Hamlet",
    ]


def test_a_place_corrected_before_any_step_was_told_tells_nobody(clock, sweep, told_partner, post_office):
    factories.make_held_convoy()
    correct_hold(place="hamlet")
    sweep(days=1)
    deliver()
    assert [mail["Subject"] for mail in post_office.mails] == ["Held 24 h at Hamlet: C-1, 40 t"]
    after(clock, sweep, minutes=5)
    assert len(post_office.mails) == 1


def test_a_place_corrected_while_tracking_had_ended_is_told_when_it_goes_on(held, clock, sweep, post_office):
    factories.tell(held, "tracking_ended")
    correct_hold(place="hamlet")
    after(clock, sweep, hours=1)
    assert subjects(post_office) == []
    factories.tell(held, "seen")
    after(clock, sweep, minutes=3)
    assert subjects(post_office) == ["Corrected: C-1 is held at Hamlet, not at Junction"]


def test_the_place_of_a_hold_that_takes_it_from_an_earlier_report(clock, sweep, told_partner, post_office):
    factories.make_convoy()
    factories.tell("C-1", "departed", "2026-03-01T08:00", place="harbour")
    factories.tell("C-1", "arrived", "2026-03-01T20:00", place="junction")
    factories.tell("C-1", "held", "2026-03-02T08:00", held_before="bridge")
    sweep(days=1)
    deliver()
    record = factories.record("C-1", "arrived", "2026-03-01T20:00", place="hamlet", claims=[])
    factories.apply(Correct(newest("arrived"), record, "another place"))
    after(clock, sweep, minutes=3)
    assert subjects(post_office) == ["Corrected: C-1 is held at Hamlet, not at Junction"]


def test_who_was_told_nothing_is_told_nothing(held, clock, sweep, post_office):
    subscribe(factories.officer())
    correct_hold(place="hamlet")
    after(clock, sweep, minutes=3)
    assert [mail["To"] for mail in post_office.mails][1:] == ["partner_aid_society@example.org"]


def test_two_holds_corrected_at_once_are_told_together(clock, sweep, told_partner, post_office):
    factories.make_held_convoy()
    factories.make_held_convoy("C-2")
    sweep(days=1)
    deliver()
    for reference in ("C-1", "C-2"):
        chain = Event.objects.get(kind="held", convoy__reference=reference).sequence
        record = factories.record(
            reference, "held", "2026-03-02T08:00", place="hamlet", held_before="bridge", claims=[]
        )
        factories.apply(Correct(chain, record, "another place was meant"))
    after(clock, sweep, minutes=3)
    assert subjects(post_office) == ["Corrected: 2 holds: C-1, C-2"]
    assert "C-1 is held at Hamlet, not at Junction" in told(post_office)


# --- how it ended


def release_and_tell(held, clock, sweep) -> int:
    clock.move_to(since_start(days=1, hours=4))
    released = factories.tell(held, "released", "2026-03-03T12:00", place="junction")
    after(clock, sweep, minutes=3)
    clock.shift(timedelta(minutes=1))
    return released


def turned_back(**more: object) -> object:
    values = {"place": "junction", "decided_by": "other"} | more
    return factories.record("C-1", "turned_back", "2026-03-03T12:00", **values)


def test_another_end_is_told_after_the_grace_as_a_correction(held, clock, sweep, post_office):
    released = release_and_tell(held, clock, sweep)
    factories.apply(Retract(released, "it was sent back"), turned_back())
    after(clock, sweep, seconds=90)
    assert len(subjects(post_office)) == 1
    after(clock, sweep, minutes=1)
    assert subjects(post_office)[1:] == [
        "Corrected: C-1, no longer held: turned back at Junction, not released at Junction"
    ]
    assert "You were told: released at Junction. The record was corrected: turned back at Junction." in told(
        post_office
    )
    after(clock, sweep, hours=3)
    assert len(subjects(post_office)) == 2


def test_an_end_put_back_within_the_grace_tells_nobody(held, clock, sweep, post_office):
    released = release_and_tell(held, clock, sweep)
    wrong = factories.apply(Retract(released, "it was sent back"), turned_back()).sequences[1][0]
    clock.shift(timedelta(seconds=60))
    again = factories.record("C-1", "released", "2026-03-03T12:00", place="junction")
    factories.apply(Retract(wrong, "no, it was released"), again)
    after(clock, sweep, hours=1)
    assert subjects(post_office) == ["No longer held: C-1, released at Junction"]


def test_a_reported_release_takes_the_place_of_an_inferred_one(held, clock, sweep, post_office):
    clock.move_to(since_start(days=1, hours=4))
    factories.tell(held, "passed", "2026-03-03T12:00", place="bridge")
    after(clock, sweep, minutes=3)
    clock.shift(timedelta(minutes=1))
    factories.tell(held, "released", "2026-03-03T11:00", place="junction")
    after(clock, sweep, minutes=3)
    assert subjects(post_office) == [
        "No longer held: C-1, passed Bridge",
        "Corrected: C-1, no longer held: released at Junction, not passed Bridge",
    ]


def test_the_place_of_a_hold_whose_end_was_told(held, clock, sweep, post_office):
    release_and_tell(held, clock, sweep)
    correct_hold(place="hamlet")
    after(clock, sweep, minutes=3)
    assert len(subjects(post_office)) == 2
    assert "It was not held at Junction, as you were told." in told(post_office)
    assert "It was held at Hamlet, before Bridge" in told(post_office)


def test_what_happens_after_a_hold_repeats_no_end(held, clock, sweep, post_office):
    release_and_tell(held, clock, sweep)
    factories.tell(held, "arrived", "2026-03-03T12:02", place="valley")
    after(clock, sweep, minutes=3)
    assert len(subjects(post_office)) == 1


def test_an_end_corrected_after_the_hold_went_on_does_not_say_that_it_is_over(
    held, clock, sweep, post_office
):
    released = release_and_tell(held, clock, sweep)
    factories.tell(held, "held", "2026-03-03T12:03", place="junction", held_before="bridge")
    after(clock, sweep, minutes=3)
    record = factories.record("C-1", "released", "2026-03-03T11:30", place="junction", claims=[])
    factories.apply(Correct(released, record, "half an hour sooner"))
    after(clock, sweep, minutes=3)
    assert subjects(post_office) == [
        "No longer held: C-1, released at Junction",
        "Held after all at Junction: C-1, 40 t",
    ]


def test_an_end_replaced_before_the_sweep_still_tells_the_step_that_it_overtook(
    clock, sweep, told_partner, post_office
):
    held = factories.make_held_convoy()
    clock.move_to(since_start(days=1, hours=4))
    released = factories.tell(held, "released", "2026-03-03T12:00", place="junction")
    factories.apply(Retract(released, "it was sent back"), turned_back())
    after(clock, sweep, minutes=3)
    after(clock, sweep, minutes=1)
    assert Alert.objects.filter(watch="held").count() == 1
    assert [mail["Subject"] for mail in post_office.mails] == ["No longer held: C-1, turned back at Junction"]


def test_a_partner_is_not_told_of_an_end_that_they_may_not_see(clock, sweep, post_office):
    subscribe(factories.partner("another"))
    factories.make_convoy(visible_to="all_partners")
    factories.tell("C-1", "departed", "2026-03-01T08:00", place="harbour")
    factories.tell(
        "C-1", "held", "2026-03-02T08:00", place="junction", held_before="bridge", audience="partners"
    )
    sweep(days=1)
    deliver()
    clock.move_to(since_start(days=1, hours=4))
    released = factories.tell("C-1", "released", "2026-03-03T12:00", place="junction")
    after(clock, sweep, minutes=3)
    clock.shift(timedelta(minutes=1))
    factories.apply(Retract(released, "it was sent back"), turned_back())
    after(clock, sweep, minutes=3)
    assert all(
        "turned back" not in subject and "released" not in subject for subject in subjects(post_office)
    )
    assert "released at" not in told(post_office)


def test_a_french_reader_is_told_in_french(clock, sweep, post_office):
    subscribe(factories.officer(), language="fr")
    held = factories.make_held_convoy()
    sweep(days=1)
    deliver()
    correct_hold(place="hamlet", held_before="gate")
    after(clock, sweep, minutes=3)
    assert subjects(post_office) == [
        "Rectificatif : C-1 est retenu à Hamlet devant Gate, et non à Junction devant Bridge"
    ]
    english = re.compile(r"\b(held|since|told|step|record|before|not|corrected)\b")
    assert not english.search(body(post_office.mails[-1]))
    released = release_and_tell(held, clock, sweep)
    factories.apply(Retract(released, "it was sent back"), turned_back())
    after(clock, sweep, minutes=3)
    assert subjects(post_office)[2].startswith("Rectificatif : C-1 n’est plus retenu : ")
    assert not english.search(body(post_office.mails[-1]))


def test_the_desk_reads_what_was_told(held, clock, sweep, client):
    correct_hold(place="hamlet")
    after(clock, sweep, minutes=3)
    assert Notification.objects.filter(telling="withdrawn").exists()
    client.force_login(factories.administrator())
    page = client.get("/admin/convoys/notification/").content.decode()
    assert "since when or where it is held was corrected" in page
    assert "it was not so" not in page

"""A hold whose times are corrected: no step is repeated, and who was told otherwise is told once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from convoys.models import Alert, Event
from convoys.services.changes import Correct, Retract
from convoys.services.messaging.deliver import deliver
from tests import factories
from tests.alerting.conftest import since_start, subscribe
from tests.alerting.post_office import body

pytestmark = pytest.mark.django_db
DAY = 86400


@pytest.fixture
def held(sweep, told_partner, post_office):
    """A convoy held since 2 March, 08:00, whose first two steps were told to the partner."""
    factories.make_held_convoy()
    sweep(days=1)
    deliver()
    sweep(days=3)
    deliver()
    assert len(post_office.mails) == 2
    return factories.convoy("C-1")


def newest(kind: str) -> int:
    return Event.objects.filter(kind=kind).order_by("-sequence").values_list("sequence", flat=True)[0]


def redate(kind: str, when: str, **more: object) -> None:
    values = {"place": "junction", "claims": []} | more
    if kind == "held":
        values["held_before"] = "bridge"
    factories.apply(
        Correct(newest(kind), factories.record("C-1", kind, when, **values), "the time was wrong")
    )


def after(clock, sweep, **more: float) -> None:
    clock.shift(timedelta(**more))
    sweep()
    deliver()


def subjects(post_office) -> list[str]:
    return [mail["Subject"] for mail in post_office.mails][2:]


def steps() -> list[int]:
    rows = Alert.objects.filter(watch="held").order_by("step_seconds")
    return list(rows.values_list("step_seconds", flat=True))


def test_a_later_beginning_is_told_once_after_the_grace_and_steps_go_on(held, clock, sweep, post_office):
    redate("held", "2026-03-04T08:00")
    after(clock, sweep, seconds=90)
    assert subjects(post_office) == []
    after(clock, sweep, seconds=60)
    assert subjects(post_office) == ["Re-dated: C-1, held at Junction since 4 March 2026, 08:00 (UTC)"]
    text = " ".join(body(post_office.mails[-1]).split())
    assert "You were told that it was held for 3 days" in text
    assert "since 4 March 2026, 08:00 (UTC), for 24 h." in text
    assert "Next, if nothing has changed by then: 11 March 2026, 08:01 (UTC)." in text
    sweep(days=6)
    factories.tell(held, "seen", place="junction")
    deliver()
    assert len(subjects(post_office)) == 1
    sweep(days=9, minutes=2)
    deliver()
    assert steps() == [DAY, 3 * DAY, 7 * DAY]
    assert subjects(post_office)[1:] == ["Held 7 days at Junction: C-1, 40 t"]


def test_a_correction_undone_within_the_grace_tells_nobody(held, clock, sweep, post_office):
    redate("held", "2026-03-04T08:00")
    clock.shift(timedelta(seconds=90))
    redate("held", "2026-03-02T08:00")
    after(clock, sweep, hours=1)
    assert subjects(post_office) == []
    factories.tell(held, "seen", place="junction")
    sweep(days=7)
    deliver()
    assert subjects(post_office) == ["Held 7 days at Junction: C-1, 40 t"]


def test_one_undone_after_it_was_told_is_told_too(held, clock, sweep, post_office):
    redate("held", "2026-03-04T08:00")
    after(clock, sweep, minutes=3)
    redate("held", "2026-03-02T08:00")
    after(clock, sweep, minutes=3)
    assert [line.rsplit("since ")[1] for line in subjects(post_office)] == [
        "4 March 2026, 08:00 (UTC)",
        "2 March 2026, 08:00 (UTC)",
    ]


def test_a_correction_that_keeps_the_time_keeps_the_clock(clock, sweep, told_partner, post_office):
    factories.make_convoy()
    factories.tell("C-1", "held", "2026-03-02", place="junction", held_before="bridge")
    sweep(days=1)
    redate("held", "2026-03-02", place="hamlet")
    after(clock, sweep, minutes=3)
    assert [mail["Subject"][:9] for mail in post_office.mails] == ["Held 1 da"]
    assert sweep(days=3).alerts == 1


def test_an_earlier_beginning_raises_the_highest_step_and_lists_those_passed(clock, sweep, told_partner):
    factories.make_convoy(when="2026-02-10T06:00")
    factories.tell("C-1", "departed", "2026-02-10T08:00", place="harbour")
    factories.tell("C-1", "held", "2026-03-02T08:00", place="junction", held_before="bridge")
    sweep(days=1)
    redate("held", "2026-02-20T08:00")
    sweep(days=1, minutes=3)
    assert steps() == [DAY, 7 * DAY]
    alert = Alert.objects.filter(watch="held").latest("step_seconds")
    assert (alert.step_seconds, alert.passed) == (7 * DAY, [3 * DAY])


def test_who_was_told_nothing_is_not_told_of_the_correction(held, clock, sweep, post_office):
    subscribe(factories.officer())
    redate("held", "2026-03-04T08:00")
    after(clock, sweep, minutes=3)
    assert [mail["To"] for mail in post_office.mails][2:] == ["partner_aid_society@example.org"]


def test_a_corrected_end_is_told_anew_once(held, clock, sweep, post_office):
    clock.move_to(since_start(days=3, hours=6))
    factories.tell(held, "released", "2026-03-05T12:00", place="junction")
    after(clock, sweep, minutes=3)
    redate("released", "2026-03-05T09:00")
    after(clock, sweep, minutes=3)
    after(clock, sweep, hours=1)
    assert subjects(post_office) == ["No longer held: C-1, released at Junction"] * 2
    text = body(post_office.mails[-1])
    assert "5 March 2026, 09:00 (UTC)" in text
    assert "The record was corrected" in text
    factories.apply(Retract(newest("released"), "another column"))
    after(clock, sweep, minutes=3)
    assert subjects(post_office)[2:] == ["Held after all at Junction: C-1, 40 t"]


def test_a_corrected_end_undone_within_the_grace_tells_nobody(held, clock, sweep, post_office):
    clock.move_to(since_start(days=3, hours=6))
    factories.tell(held, "released", "2026-03-05T12:00", place="junction")
    after(clock, sweep, minutes=3)
    redate("released", "2026-03-05T09:00")
    clock.shift(timedelta(seconds=60))
    redate("released", "2026-03-05T12:00")
    after(clock, sweep, minutes=5)
    assert len(subjects(post_office)) == 1


def test_a_french_reader_is_told_in_french(clock, sweep, post_office):
    subscribe(factories.officer(), language="fr")
    factories.make_held_convoy()
    sweep(days=1)
    deliver()
    redate("held", "2026-03-02T20:00")
    after(clock, sweep, minutes=3)
    assert post_office.mails[-1]["Subject"].strip().startswith("Date corrigée : C-1, retenu à Junction")
    assert not re.search(r"\b(held|since|told|step)\b", body(post_office.mails[-1]))


@pytest.mark.parametrize("is_raised", [False, True], ids=["within the grace", "after the sweep"])
def test_a_beginning_that_was_owed_when_tracking_ended_is_told_once_when_it_goes_on(
    held, clock, sweep, post_office, is_raised
):
    redate("held", "2026-03-04T08:00")
    if is_raised:
        clock.shift(timedelta(minutes=3))
        sweep()
    factories.tell("C-1", "tracking_ended", "2026-03-05")
    after(clock, sweep, hours=1)
    assert subjects(post_office) == []
    clock.move_to(since_start(days=3, hours=6))
    factories.tell("C-1", "seen", "2026-03-05T13:00", place="junction")
    for _ in range(3):
        after(clock, sweep, minutes=3)
    assert subjects(post_office) == ["Re-dated: C-1, held at Junction since 4 March 2026, 08:00 (UTC)"]


def test_a_beginning_that_was_told_before_tracking_ended_is_not_told_again(held, clock, sweep, post_office):
    redate("held", "2026-03-04T08:00")
    after(clock, sweep, minutes=3)
    factories.tell("C-1", "tracking_ended", "2026-03-05")
    after(clock, sweep, hours=1)
    factories.tell("C-1", "seen", "2026-03-05T09:00", place="junction")
    after(clock, sweep, minutes=3)
    assert len(subjects(post_office)) == 1


def test_that_it_is_held_after_all_is_told_though_tracking_ended_meanwhile(held, clock, sweep, post_office):
    factories.tell("C-1", "released", "2026-03-05T08:01", place="junction")
    after(clock, sweep, minutes=3)
    factories.apply(Retract(newest("released"), "another convoy"), author=factories.coordinator())
    ended = factories.tell("C-1", "tracking_ended", "2026-03-05")
    after(clock, sweep, minutes=3)
    factories.apply(Retract(ended, "another convoy"), author=factories.coordinator())
    after(clock, sweep, minutes=3)
    assert [subject.split(":")[0] for subject in subjects(post_office)] == [
        "No longer held", "Held after all at Junction",
    ]  # fmt: skip

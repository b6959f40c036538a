"""Where an event stands in the order, given how exactly its time is known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings

from convoys.errors import IllegalHistory
from convoys.models import Convoy, Event, Place
from convoys.services.changes import Retract, When
from tests import factories as make

pytestmark = pytest.mark.django_db
STEP = timedelta(microseconds=1)


def test_an_event_alone_in_its_period_stands_at_its_first_instant() -> None:
    ref = make.make_convoy()
    sequence = make.tell(ref, "departed", "2026-03-02")
    assert Event.objects.get(sequence=sequence).effective_at == make.utc(2026, 3, 2)


def test_a_day_comes_just_after_the_exact_events_of_that_day() -> None:
    ref = make.make_convoy()
    exact = make.tell(ref, "departed", "2026-03-02T14:30")
    coarse = make.tell(ref, "held", "2026-03-02", place="junction")
    assert (
        Event.objects.get(sequence=coarse).effective_at
        == Event.objects.get(sequence=exact).effective_at + STEP
    )


def test_an_exact_event_keeps_its_instant_whatever_coarser_ones_are_on_record() -> None:
    ref = make.make_convoy()
    make.tell(ref, "departed", "2026-03-02")
    exact = make.tell(ref, "held", "2026-03-02T14:30", place="junction")
    assert Event.objects.get(sequence=exact).effective_at == make.utc(2026, 3, 2, 14, 30)


def test_events_of_one_minute_stand_in_the_order_of_recording() -> None:
    ref = make.make_convoy()
    make.tell(ref, "departed", "2026-03-02T14:30")
    make.tell(ref, "stopped", "2026-03-02T14:30", place="junction")
    make.tell(ref, "resumed", "2026-03-02T14:30")
    instants = list(
        Event.objects.exclude(kind="registered").order_by("sequence").values_list("effective_at", flat=True)
    )
    first = make.utc(2026, 3, 2, 14, 30)
    assert instants == [first, first + STEP, first + 2 * STEP]


def test_steps_of_one_change_set_stand_in_the_order_in_which_they_were_given() -> None:
    make.road()
    make.organisation()
    ref = make.make_convoy("C-2")
    make.apply(
        make.record(ref, "departed", "2026-03-02"),
        make.record(ref, "stopped", "2026-03-02", place="junction"),
        make.record(ref, "held", "2026-03-02", place="junction", held_before="bridge"),
    )
    kinds = (
        Event.objects.filter(convoy__reference="C-2").order_by("effective_at").values_list("kind", flat=True)
    )
    assert list(kinds) == ["registered", "departed", "stopped", "held"]
    assert Convoy.objects.get(reference="C-2").status == "held"


def test_a_late_report_goes_to_its_place_in_the_past() -> None:
    ref = make.make_convoy()
    make.tell(ref, "departed", "2026-03-01T08:00")
    make.tell(ref, "delivered", "2026-03-05T08:00", place="valley")
    make.tell(ref, "stopped", "2026-03-02T08:00", place="junction")
    row = Convoy.objects.get(reference="C-1")
    assert row.status == "delivered"
    assert row.last_reported_at == make.utc(2026, 3, 5, 8)


def test_a_late_report_that_would_make_what_followed_illegal_is_refused_and_names_both() -> None:
    ref = make.make_convoy()
    make.tell(ref, "departed", "2026-03-01T08:00")
    later = make.tell(ref, "stopped", "2026-03-04T08:00", place="junction")
    with pytest.raises(IllegalHistory) as refused:
        make.tell(ref, "cancelled", "2026-03-02T08:00", decided_by="own_side")
    assert refused.value.event.kind == "cancelled"
    with pytest.raises(IllegalHistory) as refused:
        make.tell(ref, "stopped", "2026-03-03T08:00", place="junction")
    assert refused.value.event.sequence == later
    assert refused.value.earlier is not None
    assert refused.value.earlier.sequence is None
    assert Convoy.objects.get(reference="C-1").status == "stopped"


def test_two_true_halves_that_neither_stands_alone_are_taken_together() -> None:
    """Two holds where one was recorded: the release and the second hold belong in one change set."""
    ref = make.make_held_convoy()
    make.tell(ref, "delivered", "2026-03-09T08:00", place="valley")
    with pytest.raises(IllegalHistory):
        make.tell(ref, "held", "2026-03-05T08:00", place="hamlet", held_before="gate")
    make.apply(
        make.record(ref, "released", "2026-03-04T08:00"),
        make.record(ref, "held", "2026-03-05T08:00", place="hamlet", held_before="gate"),
    )
    assert Convoy.objects.get(reference="C-1").status == "delivered"


def test_a_day_is_the_day_in_the_zone_of_its_place(settings: LazySettings) -> None:
    settings.INSTANCE_TIME_ZONE = "Asia/Tbilisi"
    ref = make.make_convoy()
    Place.objects.filter(code="junction").update(time_zone="America/New_York")
    when = When(make.utc(2026, 3, 2, 5), precision="day")
    there = Event.objects.get(sequence=make.tell(ref, "stopped", when, place="junction"))
    assert there.time_zone == "America/New_York"
    nowhere = Event.objects.get(sequence=make.tell(ref, "resumed", "2026-03-03T08:00"))
    assert nowhere.time_zone == "Asia/Tbilisi"


def test_a_month_and_a_day_in_it_overlap() -> None:
    ref = make.make_convoy()
    day = make.tell(ref, "departed", "2026-03-20")
    month = make.tell(ref, "stopped", "2026-03", place="junction")
    assert (
        Event.objects.get(sequence=month).effective_at == Event.objects.get(sequence=day).effective_at + STEP
    )


def test_a_retracted_event_no_longer_pushes_others_back() -> None:
    ref = make.make_convoy()
    sequence = make.tell(ref, "departed", "2026-03-02T14:30")
    make.apply(Retract(sequence, "a slip"))
    day = make.tell(ref, "departed", "2026-03-02")
    assert Event.objects.get(sequence=day).effective_at == make.utc(2026, 3, 2)

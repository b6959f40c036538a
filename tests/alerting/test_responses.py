"""Acknowledging and snoozing quiet one person about one episode; one member of the desk is in charge."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from convoys.errors import InvalidInput, NotPermitted
from convoys.models import AlertResponse, Deadline, Notification, ResponseKind
from convoys.services.alerting.responses import (
    ACKNOWLEDGED,
    SNOOZED,
    NothingRunning,
    Quiet,
    ResponseConflict,
    acknowledge,
    put_off,
    quieted,
    snooze,
    take_back,
    take_charge,
)
from convoys.services.changes import Record
from tests import factories
from tests.alerting.conftest import since_start, subscribe
from tests.alerting.test_races import together

pytestmark = pytest.mark.django_db
IN_A_DAY = timedelta(days=1)


@pytest.fixture
def deadline(sweep, told_partner) -> Deadline:
    """A hold whose first step was raised, and the partner told of it."""
    factories.make_held_convoy()
    sweep(hours=24)
    return Deadline.objects.get(watch="held")


def key_of(user, deadline):
    return (user.pk, deadline.watch, deadline.episode)


def quiet_of(user, deadline) -> Quiet | None:
    key = key_of(user, deadline)
    return quieted([key], timezone.now()).get(key)


def end(clock) -> None:
    clock.move_to(since_start(hours=30))
    factories.tell("C-1", "released", "2026-03-03T13:00", place="junction")


def test_nobody_is_quiet_who_said_nothing(deadline, told_partner):
    assert quiet_of(told_partner, deadline) is None
    assert quieted([], timezone.now()) == {}


def test_acknowledging_quiets_the_person_alone_and_is_safe_to_repeat(deadline, told_partner):
    first = acknowledge(told_partner, deadline, "mail")
    assert acknowledge(told_partner, deadline, "desk") == first
    assert quiet_of(told_partner, deadline) == Quiet(ACKNOWLEDGED)
    assert quiet_of(factories.officer(), deadline) is None


def test_an_acknowledgement_taken_back_quiets_no_more_and_stays_on_record(deadline, told_partner):
    acknowledge(told_partner, deadline, "mail")
    assert take_back(told_partner, deadline, ResponseKind.ACKNOWLEDGED)
    assert not take_back(told_partner, deadline, ResponseKind.ACKNOWLEDGED)
    assert quiet_of(told_partner, deadline) is None
    assert AlertResponse.objects.get().ended_at is not None


def test_a_snooze_quiets_until_it_expires(deadline, told_partner, clock):
    until = timezone.now() + IN_A_DAY
    snooze(told_partner, deadline, until, "mail")
    assert quiet_of(told_partner, deadline) == Quiet(SNOOZED, until)
    clock.move_to(until)
    assert quiet_of(told_partner, deadline) is None


def test_a_second_snooze_takes_the_place_of_the_first(deadline, told_partner):
    snooze(told_partner, deadline, timezone.now() + 7 * IN_A_DAY, "mail")
    until = timezone.now() + IN_A_DAY
    snooze(told_partner, deadline, until, "mail")
    assert quiet_of(told_partner, deadline) == Quiet(SNOOZED, until)
    assert AlertResponse.objects.filter(ended_at=None).count() == 1


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_a_snooze_ends_in_the_future_and_within_a_year(deadline, told_partner, days):
    with pytest.raises(InvalidInput):
        snooze(told_partner, deadline, timezone.now() + days * IN_A_DAY, "mail")


def test_what_waits_for_a_snooze_is_owed_at_once_when_it_is_taken_back(deadline, told_partner):
    owed = Notification.objects.select_related("subscription__user").get()
    until = timezone.now() + IN_A_DAY
    snooze(told_partner, deadline, until, "mail")
    put_off([(owed, until)])
    owed.refresh_from_db()
    assert owed.not_before == until
    take_back(told_partner, deadline, ResponseKind.SNOOZED)
    owed.refresh_from_db()
    assert owed.not_before is None


def test_who_is_told_by_digest_hears_of_it_with_the_first_one_after_the_snooze(sweep, told_partner, deadline):
    subscription = subscribe(factories.officer(), rhythm="daily", digest_hour=6)
    owed = Notification.objects.create(
        alert=Notification.objects.get().alert, deadline=deadline, recipient=subscription.user,
        subscription=subscription, telling="step", created_at=timezone.now(),
    )  # fmt: skip
    put_off([(owed, since_start(days=4))])
    owed.refresh_from_db()
    assert owed.not_before == factories.utc(2026, 3, 7, 6)


def test_what_has_ended_needs_no_response(deadline, told_partner, clock):
    end(clock)
    for respond in (acknowledge, take_charge):
        with pytest.raises(NothingRunning):
            respond(factories.officer(), deadline, "desk")
    assert not AlertResponse.objects.exists()


def test_a_clock_that_has_told_nothing_takes_no_response_and_may_be_forgotten(deadline, clock):
    factories.make_convoy("C-2")
    factories.tell("C-2", "departed", "2026-03-03T07:00", place="harbour")
    factories.tell("C-2", "stopped", "2026-03-03T08:00", place="junction")
    stopped = Deadline.objects.get(watch="stopped")
    with pytest.raises(NothingRunning):
        take_charge(factories.officer(), stopped, "desk")
    factories.tell("C-2", "resumed", "2026-03-03T08:00", place="junction")
    assert not Deadline.objects.filter(pk=stopped.pk).exists()


def test_a_hold_reopened_is_told_anew_and_stays_in_the_same_charge(deadline, told_partner, clock):
    officer = factories.officer()
    acknowledge(told_partner, deadline, "mail")
    take_charge(officer, deadline, "desk")
    end(clock)
    clock.move_to(since_start(hours=34))
    factories.tell("C-1", "held", "2026-03-03T16:00", place="junction", held_before="bridge")
    reopened = Deadline.objects.get(watch="held", state="open")
    assert reopened.episode == deadline.episode
    assert quiet_of(told_partner, reopened) is None
    assert take_charge(officer, reopened, "desk") == AlertResponse.objects.get(kind="in_charge")
    acknowledge(told_partner, reopened, "mail")
    assert quiet_of(told_partner, reopened) == Quiet(ACKNOWLEDGED)


def test_who_may_no_longer_see_the_convoy_cannot_respond(deadline, told_partner):
    factories.organisation("others")
    factories.apply(Record(factories.convoy("C-1"), "amended", declares={"sponsors": ["others"]}))
    with pytest.raises(NotPermitted):
        acknowledge(told_partner, deadline, "mail")


@pytest.mark.parametrize(
    ("who", "may"),
    [("partner", False), ("stranger", False), ("viewer", False), ("officer", True), ("coordinator", True),
     ("administrator", True)],
)  # fmt: skip
def test_charge_is_for_the_desk(deadline, who, may):
    person = getattr(factories, who)()
    if may:
        assert take_charge(person, deadline, "desk").user == person
    else:
        with pytest.raises(NotPermitted):
            take_charge(person, deadline, "desk")


def test_one_person_is_in_charge_and_hands_over_only_to_who_saw_that(deadline):
    first, second = factories.officer(), factories.coordinator()
    take_charge(first, deadline, "desk")
    with pytest.raises(ResponseConflict, match="officer has taken charge since"):
        take_charge(second, deadline, "desk")
    take_charge(second, deadline, "desk", instead_of=first.pk)
    rows = AlertResponse.objects.filter(kind="in_charge").order_by("at", "pk")
    assert [(row.user, row.ended_at is None) for row in rows] == [(first, False), (second, True)]
    with pytest.raises(ResponseConflict):
        take_charge(first, deadline, "desk", instead_of=first.pk)


def test_many_are_asked_in_one_query(deadline, told_partner, django_assert_num_queries):
    acknowledge(told_partner, deadline, "mail")
    keys = [(told_partner.pk, "held", deadline.episode + more) for more in range(50)]
    with django_assert_num_queries(1):
        assert list(quieted(keys, timezone.now())) == [keys[0]]
    assert connection.in_atomic_block


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_four_who_take_charge_at_once_one_does(transactional_db):
    officers = [factories.officer(f"officer_{number}") for number in range(4)]
    factories.make_held_convoy()
    deadline = Deadline.objects.get(watch="held")
    jobs = [lambda one=one: take_charge(one, deadline, "desk") for one in officers]
    results = together(*jobs)
    assert sorted(type(one).__name__ for one in results) == ["AlertResponse"] + ["ResponseConflict"] * 3
    holder = AlertResponse.objects.get(kind="in_charge").user_id
    others = [one for one in officers if one.pk != holder]
    jobs = [lambda one=one: take_charge(one, deadline, "desk", instead_of=holder) for one in others]
    results = together(*jobs)
    assert sorted(type(one).__name__ for one in results) == ["AlertResponse"] + ["ResponseConflict"] * 2
    assert AlertResponse.objects.filter(kind="in_charge", ended_at=None).count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_person_who_presses_many_times_at_once_has_one_response_of_each_kind(transactional_db):
    officer = factories.officer()
    factories.make_held_convoy()
    deadline = Deadline.objects.get(watch="held")
    until = timezone.now() + IN_A_DAY
    results = together(
        *[lambda: acknowledge(officer, deadline, "mail")] * 3,
        *[lambda: snooze(officer, deadline, until, "mail")] * 3,
    )
    assert [one for one in results if isinstance(one, Exception)] == []
    in_force = AlertResponse.objects.filter(ended_at=None).order_by("kind")
    assert [one.kind for one in in_force] == ["acknowledged", "snoozed"]

"""Every step of a hold raises exactly one alert, at its time, for those who cover and see it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from convoys.models import Alert, Deadline, Notification, Policy, PolicyStep
from convoys.services.alerting.governing import target_of
from convoys.services.alerting.policy_editing import ladder_from, mark_of, save_policy
from convoys.services.changes import Record, Retract, convoy
from tests import factories
from tests.alerting.conftest import default_held_policy, since_start, subscribe

pytestmark = pytest.mark.django_db
DAY = 86400


def steps() -> list[int]:
    return list(
        Alert.objects.filter(watch="held").order_by("step_seconds").values_list("step_seconds", flat=True)
    )


def told() -> list[tuple[str, str]]:
    rows = Notification.objects.order_by("pk").values_list("recipient__username", "telling")
    return list(rows)


def test_a_step_raises_one_alert_at_its_time_and_a_second_sweep_does_nothing(clock, sweep):
    subscribe(factories.partner())
    factories.make_held_convoy()
    assert sweep(hours=23, minutes=59).alerts == 0
    assert sweep(hours=24).alerts == 1
    assert sweep(hours=24).alerts == 0
    alert = Alert.objects.get()
    assert timedelta(0) <= alert.reached_at - since_start(hours=24) < timedelta(milliseconds=1)
    assert alert.step_seconds == DAY
    assert not alert.nobody_to_tell
    assert told() == [("partner_aid_society", "step")]


def test_later_steps_and_then_the_repeat_follow_while_somebody_confirms_the_hold(clock, sweep):
    subscribe(factories.partner())
    ref = factories.make_held_convoy()
    for day in (1, 3, 7, 14):
        clock.move_to(since_start(days=day))
        factories.tell(ref, "seen", place="junction")
        sweep(days=day)
    assert steps() == [DAY, 3 * DAY, 7 * DAY, 14 * DAY]


def test_steps_past_when_the_hold_becomes_known_raise_one_alert_that_lists_them(clock, sweep):
    subscribe(factories.partner())
    clock.move_to(since_start(days=8))
    factories.make_convoy()
    factories.tell("C-1", "held", "2026-03-02T08:00", place="junction", held_before="bridge")
    sweep()
    alert = Alert.objects.get(watch="held")
    assert alert.step_seconds == 7 * DAY
    assert alert.passed == [DAY, 3 * DAY]


def test_steps_missed_while_nothing_ran_are_one_alert_each(clock, sweep):
    subscribe(factories.partner())
    factories.make_held_convoy()
    sweep(days=7, hours=1)
    assert steps() == [DAY, 3 * DAY, 7 * DAY]
    assert all(alert.passed == [] for alert in Alert.objects.all())


def test_a_hold_that_nobody_confirms_for_thirty_days_stops_repeating_and_asks_staff_once(clock, sweep):
    subscribe(factories.partner())
    subscribe(factories.officer())
    factories.make_held_convoy()
    for day in (1, 3, 7, 14, 21, 28, 31, 35, 42, 60):
        sweep(days=day)
    assert steps() == [DAY, 3 * DAY, 7 * DAY, 14 * DAY, 21 * DAY, 28 * DAY]
    question = Alert.objects.get(watch="unconfirmed")
    assert question.asks_to_confirm
    assert list(question.notifications.values_list("recipient__username", flat=True)) == ["officer"]


def test_confirming_it_again_goes_on_with_one_alert_for_the_steps_in_between(clock, sweep):
    subscribe(factories.partner())
    ref = factories.make_held_convoy()
    sweep(days=28)
    sweep(days=50)
    factories.tell(ref, "seen", place="junction")
    assert sweep(days=50, minutes=1).alerts == 1
    assert steps()[-1] == 49 * DAY


def test_a_hold_loaded_and_ended_in_the_past_alarms_nobody(clock, sweep):
    subscribe(factories.partner())
    clock.move_to(since_start(days=30))
    factories.make_convoy()
    factories.apply(
        factories.record("C-1", "held", "2026-03-02T08:00", place="junction", held_before="bridge"),
        factories.record("C-1", "released", "2026-03-12T08:00", place="junction"),
    )
    sweep()
    sweep(days=31)
    assert not Alert.objects.filter(watch="held").exists()


def test_one_closed_by_the_next_report_before_the_sweep_comes_alarms_nobody(clock, sweep):
    subscribe(factories.partner())
    clock.move_to(since_start(days=30))
    factories.make_convoy()
    factories.tell("C-1", "held", "2026-03-02T08:00", place="junction", held_before="bridge")
    factories.tell("C-1", "released", "2026-03-12T08:00", place="junction")
    sweep(days=30, minutes=5)
    assert not Alert.objects.filter(watch="held").exists()


def test_a_hold_loaded_from_history_raises_one_alert_that_says_so(clock, sweep):
    subscribe(factories.partner())
    subscribe(factories.officer())
    clock.move_to(since_start(days=400))
    factories.road()
    factories.organisation()
    account = factories.account(reported_on=since_start().date())
    factories.apply(
        Record(convoy("C-1"), "registered", factories.at("2026-03-01"), declares=factories.DECLARATION),
        factories.record(
            "C-1", "held", "2026-03-02", place="junction", held_before="bridge", claims=[account]
        ),
        backfilled=True,
    )
    assert sweep().alerts == 0
    assert sweep(days=400, minutes=1).alerts == 1
    alert = Alert.objects.get()
    assert alert.backfilled
    assert alert.asks_to_confirm
    assert alert.step_seconds == 28 * DAY
    assert sweep(days=500).alerts == 0
    assert Notification.objects.count() == 2


def test_a_step_that_was_reached_before_the_end_is_raised_though_the_sweep_comes_late(clock, sweep):
    subscribe(factories.partner())
    ref = factories.make_held_convoy()
    clock.move_to(since_start(hours=30))
    factories.tell(ref, "released", "2026-03-03T13:00", place="junction")
    assert sweep().alerts == 1
    assert steps() == [DAY]


def test_a_step_that_lies_after_the_end_is_never_raised(clock, sweep):
    subscribe(factories.partner())
    ref = factories.make_held_convoy()
    clock.move_to(since_start(hours=30))
    factories.tell(ref, "released", "2026-03-03T07:00", place="junction")
    sweep(days=9)
    assert steps() == []


def test_a_hold_reopened_before_the_same_control_point_within_a_day_goes_on_with_its_steps(clock, sweep):
    subscribe(factories.partner())
    ref = factories.make_held_convoy()
    sweep(hours=24)
    clock.move_to(since_start(hours=30))
    factories.tell(ref, "released", "2026-03-03T14:00", place="junction")
    clock.move_to(since_start(hours=40))
    factories.tell(ref, "held", "2026-03-04T00:00", place="junction", held_before="bridge")
    sweep(hours=40 + 25)
    assert steps() == [DAY]
    sweep(hours=40 + 73)
    assert steps() == [DAY, 3 * DAY]


def test_before_another_control_point_it_is_another_episode(clock, sweep):
    subscribe(factories.partner())
    ref = factories.make_held_convoy()
    sweep(hours=24)
    clock.move_to(since_start(hours=30))
    factories.tell(ref, "released", "2026-03-03T14:00", place="junction")
    clock.move_to(since_start(hours=40))
    factories.tell(ref, "held", "2026-03-04T00:00", place="hamlet", held_before="gate")
    sweep(hours=40 + 25)
    assert steps() == [DAY, DAY]


def test_tracking_that_ended_stops_every_clock(clock, sweep):
    subscribe(factories.officer())
    ref = factories.make_held_convoy()
    factories.apply(Record(ref, "tracking_ended"))
    assert sweep(days=60).alerts == 0
    assert not Deadline.objects.filter(next_at__isnull=False).exists()


def test_stopped_and_silent_tell_staff_alone(clock, sweep):
    subscribe(factories.partner())
    subscribe(factories.officer())
    ref = factories.make_convoy()
    factories.tell(ref, "departed", "2026-03-01T08:00", place="harbour")
    factories.tell(ref, "stopped", "2026-03-02T08:00", place="hamlet")
    sweep(days=1)
    sweep(days=7, minutes=1)
    assert [alert.watch for alert in Alert.objects.order_by("pk")] == ["stopped", "silent"]
    assert told() == [("officer", "step"), ("officer", "step")]


def test_each_report_starts_the_silence_clock_anew_and_leaves_no_rows_behind(clock, sweep):
    ref = factories.make_held_convoy()
    for day in range(1, 6):
        clock.move_to(since_start(days=day))
        factories.tell(ref, "seen", place="junction")
    row = Deadline.objects.get(watch="silent")
    assert row.next_at == since_start(days=5 + 7)


def test_nobody_to_tell_is_a_visible_failure(clock, sweep):
    factories.make_held_convoy()
    assert sweep(hours=24, minutes=1).nobody_to_tell == 1
    assert Alert.objects.get().nobody_to_tell


@pytest.mark.parametrize(
    ("who", "covers", "is_told"),
    [
        ("partner", {}, True),
        ("partner", {"route_id": "main"}, True),
        ("partner", {"control_point_id": "bridge"}, True),
        ("partner", {"control_point_id": "gate"}, False),
        ("partner", {"sponsor_id": "aid_society"}, True),
        ("partner", {"sponsor_id": "others"}, False),
        ("partner", {"route_id": "main", "control_point_id": "bridge", "sponsor_id": "aid_society"}, True),
        ("partner", {"route_id": "main", "control_point_id": "gate", "sponsor_id": "aid_society"}, False),
        ("partner", {"route_id": "main", "sponsor_id": "others"}, False),
        ("partner", {"from_seconds": 2 * DAY}, False),
        ("another partner", {}, False),
        ("stranger", {}, False),
        ("officer", {}, True),
    ],
)
def test_scope_first_step_and_visibility_decide_together(clock, sweep, who, covers, is_told):
    factories.make_held_convoy()
    factories.organisation("others")
    person = {
        "partner": factories.partner,
        "another partner": lambda: factories.partner("others"),
        "stranger": factories.stranger,
        "officer": factories.officer,
    }[who]()
    subscribe(person, **covers)
    sweep(hours=24)
    assert Notification.objects.exists() is is_told


@pytest.mark.parametrize(
    ("named", "told_of"),
    [
        ({"control_point_id": "bridge", "sponsor_id": "aid_society"}, ["C-1"]),
        ({"control_point_id": "gate", "sponsor_id": "others"}, ["C-2"]),
        ({"control_point_id": "bridge", "sponsor_id": "others"}, []),
        ({"control_point_id": "gate", "route_id": "main", "sponsor_id": "aid_society"}, []),
        ({"route_id": "main"}, ["C-1", "C-2"]),
        ({}, ["C-1", "C-2"]),
    ],
)
def test_all_that_a_subscription_names_must_fit_one_and_the_same_convoy(clock, sweep, named, told_of):
    """Given two holds in one sweep, then what fits the one and what fits the other are not put together."""
    factories.make_held_convoy("C-1")
    factories.organisation("others")
    other = factories.make_convoy("C-2", declares={"sponsors": ["others"]})
    factories.tell(other, "held", "2026-03-02T08:00", place="hamlet", held_before="gate")
    subscribe(factories.officer(), **named)
    assert sweep(hours=24).alerts == 2
    told = Notification.objects.values_list("deadline__convoy__reference", flat=True)
    assert sorted(told) == told_of


def test_two_subscriptions_of_one_person_make_one_notification(clock, sweep):
    partner = factories.partner()
    factories.make_held_convoy()
    subscribe(partner)
    subscribe(partner, route_id="main")
    sweep(hours=24)
    assert Notification.objects.get(subscription__route="main") == Notification.objects.get()


def test_a_retracted_hold_raises_nothing_more(clock, sweep):
    subscribe(factories.partner())
    ref = factories.make_convoy()
    held = factories.tell(ref, "held", "2026-03-02T08:00", place="junction", held_before="bridge")
    factories.apply(Retract(held, "typed on the wrong convoy"))
    assert sweep(days=10).alerts == 0


def test_the_narrowest_policy_wins_whole(clock, sweep):
    subscribe(factories.partner())
    factories.road()
    policy = Policy.objects.create(scope="route", watch="held", route_id="main")
    PolicyStep.objects.create(policy=policy, after_seconds=60)
    factories.make_held_convoy()
    assert sweep(minutes=1).alerts == 1
    sweep(days=20)
    assert steps() == [60]


def test_editing_a_policy_redates_open_holds_and_neither_repeats_nor_loses_a_step(clock, sweep):
    subscribe(factories.partner())
    factories.make_held_convoy()
    sweep(hours=24)
    policy = default_held_policy()
    earlier = ladder_from([(DAY, "notice"), (2 * DAY, "warning"), (7 * DAY, "critical")], 7 * DAY, False)
    clock.move_to(since_start(hours=60))
    assert save_policy(target_of(policy), earlier, mark_of(policy)).moved == 1
    assert sweep().alerts == 1
    assert steps() == [DAY, 2 * DAY]
    assert sweep(days=3).alerts == 0


def test_a_step_missed_by_the_sweep_is_raised_though_the_hold_was_reopened(clock, sweep):
    subscribe(factories.partner())
    ref = factories.make_held_convoy()
    clock.move_to(since_start(hours=26))
    factories.tell(ref, "released", "2026-03-03T09:50", place="junction")
    clock.shift(timedelta(minutes=10))
    factories.tell(ref, "held", "2026-03-03T10:05", place="junction", held_before="bridge")
    for hours in (27, 56):
        sweep(hours=hours)
        assert steps() == [DAY]
    sweep(days=4, hours=4)
    assert steps() == [DAY, 3 * DAY]


def test_a_step_missed_by_the_sweep_is_raised_though_the_convoy_was_handed_over(clock, sweep):
    subscribe(factories.partner())
    ref = factories.make_held_convoy()
    clock.move_to(since_start(hours=30))
    factories.tell(ref, "handed_over", "2026-03-03T14:00", place="hamlet", next_carrier="aid_society")
    sweep(hours=31)
    assert steps() == [DAY]

"""A policy and the clocks that it governs are saved together, whatever else happens in that instant."""

from __future__ import annotations

from copy import copy
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from convoys.errors import InvalidInput
from convoys.models import Alert, Deadline, Policy, Severity
from convoys.services.alerting import governing, policy_editing
from convoys.services.alerting.clocks import schedule
from convoys.services.alerting.detect import raise_due_alerts
from convoys.services.alerting.governing import Target, effect_on, governed_by, wider_ladder
from convoys.services.alerting.policies import DAY, HOUR, Ladder, Ladders
from convoys.services.alerting.policy_editing import (
    delete_policy,
    ladder_from,
    mark_of,
    policy_for,
    save_policy,
)
from tests import factories
from tests.alerting.conftest import default_held_policy, since_start, subscribe
from tests.alerting.test_races import together

EVERYWHERE = Target("held")


def ladder(*hours: int, repeat: int | None = None) -> Ladder:
    return ladder_from([(hour * HOUR, Severity.WARNING) for hour in hours], repeat, staff_only=False)


def save(target: Target, new: Ladder) -> policy_editing.Saved:
    return save_policy(target, new, mark_of(policy_for(target)))


def clocks_follow_their_policies() -> bool:
    """Whether each running clock has the next step that the policies as stored give it."""
    for row in Deadline.objects.filter(state="open").select_related("convoy"):
        trial = copy(row)
        schedule(trial, Ladders([row.convoy]).of(row.convoy, row.watch))
        if trial.step_at != row.step_at:
            return False
    return True


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("steps", "repeat", "field"),
    [
        ([], None, "steps"),
        ([(0, "warning")], None, "steps"),
        ([(-60, "warning")], None, "steps"),
        ([(10**12, "warning")], None, "steps"),
        ([(DAY, "warning"), (DAY, "notice")], None, "steps"),
        ([(DAY, "dreadful")], None, "steps"),
        ([(hour * HOUR, "notice") for hour in range(1, 22)], None, "steps"),
        ([(DAY, "warning")], 59, "repeat"),
        ([(DAY, "warning")], 0, "repeat"),
        ([(DAY, "warning")], 10**12, "repeat"),
    ],
)
def test_what_is_no_ladder_is_refused(steps, repeat, field):
    with pytest.raises(InvalidInput) as problem:
        ladder_from(steps, repeat, staff_only=False)
    assert list(problem.value.fields) == [field]


@pytest.mark.django_db
def test_a_narrower_policy_takes_clocks_from_a_wider_one_and_gives_them_back(clock):
    default_held_policy()
    factories.make_held_convoy("C-1")
    one = Deadline.objects.get(watch="held")
    route, own = Target("held", route="main"), Target("held", convoy=one.convoy_id)
    assert list(governed_by(EVERYWHERE)) == list(governed_by(route)) == list(governed_by(own)) == [one]
    assert save(route, ladder(10)).moved == 1
    assert not governed_by(EVERYWHERE).exists()
    assert save(own, ladder(5)).moved == 1
    assert not governed_by(route).exists()
    assert save(EVERYWHERE, ladder(1)).moved == 0
    one.refresh_from_db()
    assert one.step_at == one.clock_from + timedelta(hours=5)
    assert wider_ladder(own) == ladder(10)
    for scope in ("convoy", "route"):
        policy = Policy.objects.get(scope=scope)
        assert delete_policy(policy, mark_of(policy)) == 1
    one.refresh_from_db()
    assert one.step_at == one.clock_from + timedelta(hours=1)
    with pytest.raises(InvalidInput):
        delete_policy(Policy.objects.get(scope="default", watch="held"), "")


@pytest.mark.django_db
def test_what_a_page_says_of_a_change_is_what_saving_does(clock):
    """Given holds of five ages, when a policy is changed, then so many clocks move and alert as was said."""
    default_held_policy()
    subscribe(factories.officer())
    for day in range(5):
        clock.move_to(since_start(days=day, minutes=1))
        factories.make_held_convoy(f"C-{day}", since=f"2026-03-0{2 + day}T08:00")
    clock.move_to(since_start(days=5, hours=1))
    raise_due_alerts()
    new, before = ladder(30, 4 * 24, 20 * 24), Alert.objects.count()
    said = effect_on(EVERYWHERE, new, timezone.now())
    assert (said.governed, said.moved) == (5, save(EVERYWHERE, new).moved)
    assert said.at_once > 0
    raise_due_alerts()
    assert Alert.objects.count() - before == said.at_once
    assert clocks_follow_their_policies()


@pytest.mark.django_db
def test_a_failure_while_clocks_are_redated_leaves_policy_and_clocks_as_they_were(clock, monkeypatch):
    default_held_policy()
    factories.make_held_convoy()

    def fail(*_: Any) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(policy_editing, "redate", fail)
    with pytest.raises(RuntimeError):
        save(EVERYWHERE, ladder(10))
    assert [step.after_seconds for step in default_held_policy().steps.all()] == [DAY, 3 * DAY, 7 * DAY]
    assert clocks_follow_their_policies()


@pytest.mark.django_db
def test_one_who_saw_another_policy_changes_nothing(db):
    seen = mark_of(default_held_policy())
    save_policy(EVERYWHERE, ladder(10), seen)
    with pytest.raises(InvalidInput, match="since you opened it"):
        save_policy(EVERYWHERE, ladder(20), seen)
    assert policy_for(EVERYWHERE).steps.get().after_seconds == 10 * HOUR


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_once_one_wins_and_the_other_is_told(transactional_db):
    default_held_policy()
    results = together(lambda: save(EVERYWHERE, ladder(10)), lambda: save(EVERYWHERE, ladder(20)))
    won = [result for result in results if isinstance(result, policy_editing.Saved)]
    assert len(won) >= 1
    assert all(isinstance(result, policy_editing.Saved | InvalidInput) for result in results), results
    assert policy_for(EVERYWHERE).steps.count() == 1


@pytest.mark.django_db(transaction=True)
def test_holds_that_begin_while_a_policy_is_saved_follow_it_too(transactional_db):
    """Given officers who record holds, and sweeps, when a policy is saved, no clock is left behind."""
    default_held_policy()
    subscribe(factories.officer())
    since = (timezone.now() - timedelta(hours=15)).strftime("%Y-%m-%dT%H:%M")
    for number in range(8):
        factories.make_convoy(f"C-{number}")

    def hold(number: int) -> None:
        factories.tell(f"C-{number}", "held", since, place="junction", held_before="bridge")

    for number in range(8):
        results = together(
            partial(hold, number), partial(save, EVERYWHERE, ladder(10 + number, 90)), raise_due_alerts
        )
        assert [result for result in results if isinstance(result, Exception)] == []
        assert clocks_follow_their_policies()
    raise_due_alerts()
    assert Alert.objects.filter(watch="held").values("episode", "step_seconds").distinct().count() == (
        Alert.objects.filter(watch="held").count()
    )


@pytest.mark.django_db
def test_what_could_not_be_waited_for_is_no_failure_of_the_saving(clock, monkeypatch):
    default_held_policy()
    factories.make_held_convoy()

    def busy() -> None:
        raise governing.OperationalError("canceling statement due to lock timeout")

    monkeypatch.setattr(governing, "lock_head", busy)
    assert save(EVERYWHERE, ladder(10)).moved == 1

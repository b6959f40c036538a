"""Edits of a policy at any moment: every step in force when it is reached is raised once, and no other."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from convoys.models import Alert, Convoy, Deadline
from convoys.services.alerting.detect import raise_due_alerts
from convoys.services.alerting.governing import Target
from convoys.services.alerting.policies import HOUR, Ladder, Rung
from convoys.services.alerting.policy_editing import mark_of, policy_for, save_policy
from tests import factories
from tests.alerting.conftest import default_held_policy

pytestmark = pytest.mark.django_db
_references = (f"P-{number}" for number in count(1))

ladders = st.builds(
    lambda hours, repeat: Ladder(
        tuple(Rung(hour * HOUR, "notice") for hour in sorted(hours)), repeat and repeat * HOUR
    ),
    st.sets(st.integers(1, 60), min_size=1, max_size=4),
    st.none() | st.integers(2, 30),
)
# What happens next: time goes on so long and a sweep comes, or the policy becomes another.
happenings = st.lists(st.integers(1, 40) | ladders, min_size=2, max_size=8)


def save(target: Target, ladder: Ladder) -> None:
    save_policy(target, ladder, mark_of(policy_for(target)))


def rungs_between(ladder: Ladder, above: int, upto: int) -> list[int]:
    """All steps of a ladder in this span, repeats included, by the plainest way to count them."""
    found, seconds = [], above
    while (rung := ladder.after(seconds)) is not None and rung.seconds <= upto:
        found.append(rung.seconds)
        seconds = rung.seconds
    return found


@settings(max_examples=20)
@given(first=ladders, story=happenings)
def test_every_step_in_force_when_reached_is_told_exactly_once(clock, first, story):
    default_held_policy()
    since = f"{timezone.now():%Y-%m-%dT%H:%M}"
    reference = factories.make_held_convoy(next(_references), since=since)
    row = Deadline.objects.get(convoy__reference=reference, watch="held")
    target = Target("held", convoy=Convoy.objects.get(reference=reference).pk)
    ladder, raised = first, 0
    save(target, ladder)
    for happening in story:
        if isinstance(happening, Ladder):
            ladder = happening
            save(target, ladder)
            continue
        clock.shift(timedelta(hours=happening))
        raise_due_alerts()
        row.refresh_from_db()
        elapsed = int((timezone.now() - row.clock_from).total_seconds())
        new = list(Alert.objects.filter(watch="held", episode=row.episode, step_seconds__gt=raised))
        steps = sorted(alert.step_seconds for alert in new)
        reached = rungs_between(ladder, raised, elapsed)
        # Each reached step is an alert, is listed by one that was raised with it, or is a repeat below it.
        told = set(steps) | {seconds for alert in new for seconds in alert.passed}
        fixed = {rung.seconds for rung in ladder.steps}
        assert set(steps) <= set(reached)
        assert {seconds for seconds in reached if seconds in fixed} <= told
        assert bool(reached) == bool(steps)
        if steps:
            assert steps[-1] == reached[-1]
            raised = steps[-1]
        following = ladder.after(raised)
        at = row.clock_from + timedelta(seconds=following.seconds) if following else None
        assert row.step_at == at

"""Saves and deletes policies together with the re-dating of the clocks that they govern."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError, transaction

from convoys.errors import InvalidInput
from convoys.models import Policy, PolicyStep, Scope, Severity
from convoys.models.alerting import GOVERNED
from convoys.services.alerting.durations import LONGEST, MINUTE
from convoys.services.alerting.governing import (
    Target,
    redate,
    redate_what_started_meanwhile,
    target_of,
)
from convoys.services.alerting.policies import Ladder, Rung, ladder_of

MOST_STEPS = 20
CHANGED_MEANWHILE = (
    "Somebody changed this policy since you opened it. Nothing of yours was saved: open it anew and look "
    "again."
)


@dataclass(frozen=True)
class Saved:
    """`moved` is how many clocks were re-dated, or None where a worker does it now."""

    policy: Policy
    moved: int | None


def ladder_from(steps: list[tuple[int, str]], repeat: int | None, staff_only: bool) -> Ladder:
    """A ladder of steps in seconds with their severity. Raises InvalidInput with what is wrong."""
    seconds = [after for after, _severity in steps]
    if not steps:
        raise InvalidInput({"steps": "A policy needs at least one step."})
    if len(steps) > MOST_STEPS:
        raise InvalidInput({"steps": f"{MOST_STEPS} steps are the most."})
    if len(set(seconds)) < len(seconds):
        raise InvalidInput({"steps": "Two steps are the same. Leave one out."})
    if any(not MINUTE <= after <= LONGEST for after in seconds):
        raise InvalidInput({"steps": "A step lies between a minute and 366 days."})
    if any(severity not in Severity.values for _after, severity in steps):
        raise InvalidInput({"steps": "Choose how severe each step is."})
    if repeat is not None and not MINUTE <= repeat <= LONGEST:
        raise InvalidInput({"repeat": "It repeats between once a minute and once in 366 days."})
    return Ladder(tuple(Rung(*step) for step in sorted(steps)), repeat, staff_only)


def policy_for(target: Target, lock: bool = False) -> Policy | None:
    """The policy of this very target, where there is one."""
    rows = Policy.objects.filter(watch=target.watch, route=target.route, convoy=target.convoy)
    return (rows.select_for_update() if lock else rows).order_by("pk").first()


def mark_of(policy: Policy | None) -> str:
    """What a form carries along to tell whether its policy is still the one that it was opened on."""
    if policy is None:
        return "none"
    ladder = ladder_of(policy)
    steps = ",".join(f"{rung.seconds}:{rung.severity}" for rung in ladder.steps)
    return f"{steps}/{ladder.repeat or 0}/{int(ladder.staff_only)}"


def save_policy(target: Target, ladder: Ladder, seen: str) -> Saved:
    """Put a ladder in force for a target, and re-date the clocks that it governs, all or nothing.

    `seen` is the mark of the policy that the caller replaces: where another stands there by now,
    InvalidInput says so and nothing is written.
    """
    if target.watch not in GOVERNED:
        raise InvalidInput({"watch": "Choose what it watches."})
    try:
        with transaction.atomic(durable=True):
            policy = policy_for(target, lock=True)
            if mark_of(policy) != seen:
                raise InvalidInput({"policy": CHANGED_MEANWHILE})
            if policy is None:
                policy = Policy.objects.create(
                    watch=target.watch, scope=target.scope, route_id=target.route, convoy_id=target.convoy
                )
            Policy.objects.filter(pk=policy.pk).update(
                repeat_seconds=ladder.repeat, staff_only=ladder.staff_only
            )
            PolicyStep.objects.filter(policy=policy).delete()
            PolicyStep.objects.bulk_create(
                PolicyStep(policy=policy, after_seconds=rung.seconds, severity=rung.severity)
                for rung in ladder.steps
            )
            moved = redate(target)
    except IntegrityError as problem:  # two made the first one for the target in the same instant
        raise InvalidInput({"policy": CHANGED_MEANWHILE}) from problem
    policy.refresh_from_db()
    return Saved(policy, None if moved is None else moved + redate_what_started_meanwhile(target))


def delete_policy(policy: Policy, seen: str) -> int | None:
    """Let the wider policy govern again; returns how many clocks moved, or None where a worker does it
    now. The default stays, and so does one that is no more as its `seen` mark says."""
    target = target_of(policy)
    if target.scope == Scope.DEFAULT:
        raise InvalidInput({"policy": "The default policy stays: change its steps instead."})
    with transaction.atomic(durable=True):
        if mark_of(policy_for(target, lock=True)) != seen:
            raise InvalidInput({"policy": CHANGED_MEANWHILE})
        Policy.objects.filter(pk=policy.pk).delete()
        moved = redate(target)
    return None if moved is None else moved + redate_what_started_meanwhile(target)

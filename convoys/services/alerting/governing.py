"""Which running clocks a policy governs, what another ladder would change of them, and re-dating them."""

from __future__ import annotations

import logging
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime

from django.db import OperationalError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from convoys.models import Convoy, Deadline, DeadlineState, Policy, Scope, Sweep
from convoys.services import columns
from convoys.services.alerting.clocks import repeats_until, schedule
from convoys.services.alerting.policies import Ladder, Ladders
from convoys.services.ledger import lock_head

logger = logging.getLogger(__name__)
BATCH = 500
REDATED = ("known_at", "step_at", "ask_at", "next_at")
# An edit re-dates so many clocks itself; more are left to a worker, so that nobody's form waits.
MOST_AT_ONCE = 2_000
# The work left over stands in the table of sweeps, one row for each watch, until it is done.
LEFT_OVER = "redate "
# A page works out no more clocks than this, and says so where there are more.
MOST_TRIED = 2_000
MOST_SHOWN = 25


@dataclass(frozen=True)
class Target:
    """What a policy governs: one watch of a convoy, of a route, or of all that have no narrower policy."""

    watch: str
    route: str | None = None
    convoy: int | None = None

    @property
    def scope(self) -> Scope:
        return Scope.CONVOY if self.convoy else Scope.ROUTE if self.route else Scope.DEFAULT


def target_of(policy: Policy) -> Target:
    return Target(policy.watch, policy.route_id, policy.convoy_id)


def governed_by(target: Target) -> QuerySet[Deadline]:
    """The running clocks that a policy for this target governs, or would govern."""
    clocks = Deadline.objects.filter(state=DeadlineState.OPEN, watch=target.watch)
    if target.convoy:
        return clocks.filter(convoy=target.convoy)
    narrower = Policy.objects.filter(watch=target.watch)
    clocks = clocks.exclude(convoy__in=narrower.filter(scope=Scope.CONVOY).values("convoy"))
    if target.route:
        return clocks.filter(convoy__route=target.route)
    routes = narrower.filter(scope=Scope.ROUTE).values("route")
    return clocks.filter(Q(convoy__route=None) | ~Q(convoy__route__in=routes))


def wider_ladder(target: Target) -> Ladder:
    """What governs once the policy for this target is gone."""
    everywhere = Convoy(pk=0)
    if target.convoy:
        everywhere.route_id = Convoy.objects.values_list("route_id", flat=True).get(pk=target.convoy)
    return Ladders([everywhere]).of(everywhere, target.watch)


@dataclass(frozen=True)
class Change:
    """What becomes of one clock; `at_once` is the step in seconds that it raises now, if any."""

    row: Deadline
    before: datetime | None
    after: datetime | None
    at_once: int | None

    @property
    def is_moved(self) -> bool:
        return self.before != self.after


@dataclass
class Effect:
    """What a ladder would change of the clocks that a target governs. `changes` are the first few."""

    governed: int = 0
    tried: int = 0
    moved: int = 0
    at_once: int = 0
    changes: list[Change] = field(default_factory=list)


def effect_on(target: Target, ladder: Ladder, now: datetime) -> Effect:
    """Work out, without writing, what saving this ladder would do. Those that alert at once come first."""
    clocks = governed_by(target)
    effect = Effect(governed=clocks.count())
    changes = []
    for row in clocks.select_related("convoy").order_by("clock_from", "pk")[:MOST_TRIED]:
        trial = copy(row)
        schedule(trial, ladder)
        changes.append(Change(row, row.step_at, trial.step_at, _at_once(trial, ladder, now)))
    effect.tried = len(changes)
    moved = [change for change in changes if change.is_moved]
    effect.moved, effect.at_once = len(moved), sum(change.at_once is not None for change in moved)
    shown = sorted(changes, key=lambda change: (not change.is_moved, change.at_once is None))
    effect.changes = shown[:MOST_SHOWN]
    return effect


def _at_once(row: Deadline, ladder: Ladder, now: datetime) -> int | None:
    """The step that the next sweep would raise: the highest, which lists the others."""
    if row.step_at is None or row.step_at > now:
        return None
    within = (now - row.clock_from).total_seconds()
    rung = ladder.highest(within, (repeats_until(row) - row.clock_from).total_seconds())
    return rung.seconds if rung is not None else None


def redate(target: Target) -> int | None:
    """Re-date what the policies as stored now say of these clocks. Runs in its caller's transaction.

    Returns how many moved; None where they are so many that they are left to `redate_left_over`, which
    is noted in the same transaction. Steps that the edit put into the past raise one alert together;
    none is repeated or lost.
    """
    keys = list(governed_by(target).order_by("pk").values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
    if len(keys) > MOST_AT_ONCE:
        name, now = LEFT_OVER + target.watch, timezone.now()
        Sweep.objects.update_or_create(name=name, defaults={"last_success_at": now})
        return None
    running = Deadline.objects.filter(state=DeadlineState.OPEN)
    batches = [keys[start : start + BATCH] for start in range(0, len(keys), BATCH)]
    return sum(_redate_rows(running.filter(pk__in=batch))[0] for batch in batches)


def redate_left_over() -> int:
    """Do what edits have left over, a batch and a short transaction at a time; returns how many moved.

    Killed half-way it begins anew, since a clock that is right already does not move again. An edit
    that comes meanwhile has it done once more.
    """
    moved = 0
    for name, asked_at in Sweep.objects.filter(name__startswith=LEFT_OVER).values_list(
        "name", "last_success_at"
    ):
        _wait_for_change_sets()
        running = Deadline.objects.filter(state=DeadlineState.OPEN, watch=name.removeprefix(LEFT_OVER))
        last: int | None = 0
        while last is not None:
            with transaction.atomic(durable=True):
                more, last = _redate_rows(running.filter(pk__gt=last))
            moved += more
        Sweep.objects.filter(name=name, last_success_at=asked_at).delete()
    return moved


def _redate_rows(clocks: QuerySet[Deadline]) -> tuple[int, int | None]:
    """Re-date the first batch of these; returns how many moved, and the last key or None of none."""
    locked = clocks.select_related("convoy").select_for_update(of=("self",))
    rows, now = list(locked.order_by("pk")[:BATCH]), timezone.now()
    ladders, moved = Ladders(row.convoy for row in rows), []
    for row in rows:
        before = row.step_at
        schedule(row, ladders.of(row.convoy, row.watch))
        if row.step_at != before:
            row.known_at = now
            moved.append(row)
    columns.update(Deadline, [row.pk for row in moved], columns.of(moved, REDATED))
    return len(moved), rows[-1].pk if rows else None


def redate_what_started_meanwhile(target: Target) -> int:
    """Once an edit is committed: re-date the clocks that a change set started by the policy as it was."""
    try:
        _wait_for_change_sets()
        with transaction.atomic(durable=True):
            return redate(target) or 0
    except OperationalError:
        logger.exception("clocks that started while a policy was edited may follow it as it was")
        return 0


def _wait_for_change_sets() -> None:
    """A change set reads policies while it holds the ledger's head, so that whoever gets the head after
    an edit has waited for every one that read them as they were."""
    with transaction.atomic(durable=True):
        lock_head()

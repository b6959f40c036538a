"""The sweep: raises every step that is due, exactly once, and says who is owed what.

1. claims due deadlines in batches, under locks that other sweeps skip (on SQLite the transaction
   itself is the lock);
2. inserts each alert and one notification per mail recipient and per webhook, all unique, and moves
   the deadline on, in the same transaction: after a crash either all of it is there or none;
3. adds who is to be told that an episode ended, was withdrawn or goes on;
4. says after each batch that somebody is owed something, so that delivery goes on beside it.

Nothing goes over a network from here, so that locks are short. A deadline that fails is passed
over and makes the sweep count as failed; it never hides the others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from convoys.models import Alert, Convoy, Deadline, Notification, NotificationState, Telling
from convoys.queries.rows import bare, is_one_of
from convoys.services import columns
from convoys.services.alerting.digest import due_at
from convoys.services.alerting.plan import Planned, Step, plan_for
from convoys.services.alerting.telling import look_again_at_once

logger = logging.getLogger(__name__)
# The first is small, so that mail leaves while the rest is raised.
FIRST_BATCH, BATCH = 50, 500
MOST = 10_000  # what one sweep takes on; the next one follows in half a minute
READ = tuple(column.attname for column in Deadline._meta.concrete_fields if column.name != "next_at")
MOVED = ("last_step", "asked_chain", "step_at", "ask_at", "tell", "tell_at", "next_at")
RAISED = tuple(column.attname for column in Alert._meta.concrete_fields if not column.primary_key)


@dataclass
class Raised:
    """What one sweep did; `failed` are deadlines that it could not raise."""

    alerts: int = 0
    notifications: int = 0
    nobody_to_tell: int = 0
    failed: list[int] = field(default_factory=list)


def raise_due_alerts(when_owed: Callable[[], object] | None = None) -> Raised:
    """Raise all that is due now. Safe to run twice, by several workers, and after a crash.

    `when_owed` is called after each batch that owes somebody something, once that is committed: people
    can be told of it while the sweep goes on.
    """
    now, raised = timezone.now(), Raised()
    due = list(due_deadlines(now).values_list("pk", flat=True)[:MOST])
    for batch in _batches(due):
        before = raised.notifications
        try:
            _raise_batch(batch, now, raised)
        except Exception:
            logger.exception("a batch of deadlines could not be raised; going on one by one")
            _raise_one_by_one(batch, now, raised)
        if when_owed is not None and raised.notifications > before:
            when_owed()
    return raised


def _batches(due: Sequence[int]) -> Iterator[Sequence[int]]:
    first, rest = due[:FIRST_BATCH], due[FIRST_BATCH:]
    if first:
        yield first
    for start in range(0, len(rest), BATCH):
        yield rest[start : start + BATCH]


def due_deadlines(now: datetime) -> QuerySet[Deadline]:
    return Deadline.objects.filter(next_at__lte=now).order_by("next_at", "pk")


def _raise_one_by_one(batch: Sequence[int], now: datetime, raised: Raised) -> None:
    for pk in batch:
        try:
            _raise_batch([pk], now, raised)
        except Exception:
            logger.exception("deadline %s could not be raised", pk)
            raised.failed.append(pk)


def _raise_batch(batch: Sequence[int], now: datetime, raised: Raised) -> None:
    with transaction.atomic(durable=True):
        rows = _claim(batch, now)
        if not rows:
            return
        plan = plan_for(rows, now)
        steps = [step for planned in plan for step in planned.steps]
        alerts = _insert_alerts(steps)
        new = [step for step in steps if step.key in alerts]
        owed = _insert_notifications(new, alerts, now) + _insert_corrections(plan, now)
        columns.update(Deadline, [row.pk for row in rows], columns.of(rows, MOVED))
    raised.alerts += len(new)
    raised.notifications += owed
    for step in new:
        if step.nobody_to_tell:
            raised.nobody_to_tell += 1
            pk = alerts[step.key]
            logger.error("nobody to tell of alert %s: no subscriber covers it and may see it", pk)


def _claim(batch: Sequence[int], now: datetime) -> list[Deadline]:
    """Lock those that are still due and that no other sweep has; of a convoy, its key and its route."""
    locked = (
        due_deadlines(now).filter(is_one_of("pk", batch)).select_for_update(skip_locked=True, of=("self",))
    )
    rows = []
    for *values, route in locked.values_list(*READ, "convoy__route_id"):
        row = bare(Deadline, READ, values)
        row._state.fields_cache["convoy"] = bare(Convoy, ("id", "route_id"), (row.convoy_id, route))
        rows.append(row)
    return rows


def _insert_alerts(steps: Sequence[Step]) -> dict[tuple[str, int, int], int]:
    """The keys of those that are new: the constraint, not this code, decides that each is one."""
    if not steps:
        return {}
    new = columns.insert(Alert, columns.of(steps, RAISED), {}, ("watch", "episode", "step_seconds", "id"))
    return {(watch, episode, seconds): pk for watch, episode, seconds, pk in new}


def _insert_notifications(
    steps: Sequence[Step], alerts: dict[tuple[str, int, int], int], now: datetime
) -> int:
    """One for each reader of each alert that is new; returns how many."""
    subscriptions = [reader.subscription for step in steps for reader in step.readers]
    if not subscriptions:
        return 0
    due = {one.pk: due_at(one, now) for one in {id(one): one for one in subscriptions}.values()}
    columns.insert(
        Notification,
        {
            "alert_id": [alerts[step.key] for step in steps for _ in step.readers],
            "deadline_id": [step.deadline_id for step in steps for _ in step.readers],
            "recipient_id": [one.user_id for one in subscriptions],
            "subscription_id": [one.pk for one in subscriptions],
            "channel": [one.channel for one in subscriptions],
            "webhook_id": [one.webhook_id for one in subscriptions],
            "not_before": [due[one.pk] for one in subscriptions],
        },
        {
            "telling": Telling.STEP.value, "occasion": 0, "state": NotificationState.OPEN.value, "reason": "",
            "may_have_been_told": False, "created_at": now,
        },
    )  # fmt: skip
    return len(subscriptions)


def _insert_corrections(plan: Sequence[Planned], now: datetime) -> int:
    corrections = [correction for planned in plan for correction in planned.corrections]
    Notification.objects.bulk_create(corrections, ignore_conflicts=True)
    for planned in plan:
        if planned.corrections:
            look_again_at_once(planned.corrections[0], now)
    return len(corrections)

"""The sweep: raises every step that is due, exactly once, and says who is owed what.

1. claims due deadlines in batches, under locks that other sweeps skip (on SQLite the transaction
   itself is the lock);
2. inserts each alert and one notification per mail recipient and per webhook, all unique, and moves
   the deadline on, in the same transaction: after a crash either all of it is there or none;
3. adds who is to be told that an episode ended, was withdrawn or goes on.

Nothing goes over a network from here, so that locks are short. A deadline that fails is passed
over and makes the sweep count as failed; it never hides the others.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from convoys.models import (
    Alert,
    Convoy,
    Deadline,
    DeadlineState,
    Notification,
    NotificationState,
    Severity,
    Telling,
    Watch,
)
from convoys.services import columns
from convoys.services.alerting.clocks import UNCONFIRMED_AFTER, repeats_until, schedule, set_next
from convoys.services.alerting.digest import due_at
from convoys.services.alerting.policies import Ladder, Ladders, Rung
from convoys.services.alerting.recipients import Coverage, Reader, readers_of, subscribers_to
from convoys.services.alerting.telling import look_again_at_once, owed_corrections

logger = logging.getLogger(__name__)
BATCH = 500
MOST = 10_000  # what one sweep takes on; the next one follows in half a minute
# Of a convoy only its key and its route are asked for.
NOT_READ = [
    f"convoy__{field.name}" for field in Convoy._meta.concrete_fields if field.name not in ("id", "route")
]
MOVED = ("last_step", "asked_chain", "step_at", "ask_at", "tell", "tell_at", "next_at")


@dataclass
class Raised:
    """What one sweep did; `failed` are deadlines that it could not raise."""

    alerts: int = 0
    notifications: int = 0
    nobody_to_tell: int = 0
    failed: list[int] = field(default_factory=list)


def raise_due_alerts() -> Raised:
    """Raise all that is due now. Safe to run twice, by several workers, and after a crash."""
    now, raised = timezone.now(), Raised()
    due = list(due_deadlines(now).values_list("pk", flat=True)[:MOST])
    for start in range(0, len(due), BATCH):
        batch = due[start : start + BATCH]
        try:
            _raise_batch(batch, now, raised)
        except Exception:
            logger.exception("a batch of deadlines could not be raised; going on one by one")
            _raise_one_by_one(batch, now, raised)
    return raised


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
        rows = list(
            due_deadlines(now)
            .filter(pk__in=batch)
            .select_related("convoy")
            .defer(*NOT_READ)
            .select_for_update(skip_locked=True, of=("self",))
        )
        if not rows:
            return
        plan = plan_for(rows, now)
        alerts = _insert_alerts([alert for planned in plan for alert in planned.alerts])
        owed = _insert_steps(plan, alerts, now) + _insert_corrections(plan, now)
        columns.update(
            Deadline, [row.pk for row in rows], {name: [getattr(row, name) for row in rows] for name in MOVED}
        )
    raised.alerts += len(alerts)
    raised.notifications += owed
    for planned in plan:
        for alert in planned.alerts:
            if alert.nobody_to_tell and key_of(alert) in alerts:
                raised.nobody_to_tell += 1
                pk = alerts[key_of(alert)]
                logger.error("nobody to tell of alert %s: no subscriber covers it and may see it", pk)


@dataclass
class Planned:
    """What one deadline comes to: the alerts to raise and the corrections owed."""

    row: Deadline
    alerts: list[Alert]
    readers: dict[Key, list[Reader]]
    corrections: list[Notification] = field(default_factory=list)


Key = tuple[str, int, int]


def key_of(alert: Alert) -> Key:
    return (alert.watch, alert.episode, alert.step_seconds)


def plan_for(rows: Sequence[Deadline], now: datetime) -> list[Planned]:
    """Work out what is due on these rows and move them on in memory. Reads only."""
    ladders = Ladders(row.convoy for row in rows)
    subscribers = subscribers_to(Coverage(rows))
    plan = []
    for row in rows:
        ladder = ladders.of(row.convoy, row.watch)
        alerts = _steps_due(row, ladder, now) + _question_due(row, now)
        planned = Planned(row, alerts, {})
        for alert in alerts:
            readers = readers_of(row, alert.step_seconds, alert.staff_only, subscribers)
            planned.readers[key_of(alert)] = readers
            alert.nobody_to_tell = not readers
        # What was raised just now is not stored yet: its readers are found by the next sweep.
        if row.tell and not alerts and row.tell_at is not None and row.tell_at <= now:
            planned.corrections = owed_corrections(row, now)
            row.tell, row.tell_at = "", None
        if row.state == DeadlineState.OPEN:
            schedule(row, ladder)
        else:
            row.step_at = None
            set_next(row)
        plan.append(planned)
    return plan


def _steps_due(row: Deadline, ladder: Ladder, now: datetime) -> list[Alert]:
    """One alert for the highest of the steps past when the clock became known, one for each later."""
    upto = min(now, row.ends_at or now)
    if row.step_at is None or row.step_at > upto:
        return []
    within = (upto - row.clock_from).total_seconds()
    repeats_within = (repeats_until(row) - row.clock_from).total_seconds()
    known = (row.known_at - row.clock_from).total_seconds()
    alerts = []
    past = ladder.highest(min(known, within), repeats_within)
    if past is not None and past.seconds > row.last_step:
        if row.state == DeadlineState.OPEN:
            alerts.append(_alert(row, ladder, past, now, ladder.passed(row.last_step, past.seconds)))
        row.last_step = past.seconds
    while True:
        rung = ladder.after(row.last_step)
        if rung is None or rung.seconds > within or (rung.is_repeat and rung.seconds > repeats_within):
            return alerts
        alerts.append(_alert(row, ladder, rung, now, []))
        row.last_step = rung.seconds


def _alert(row: Deadline, ladder: Ladder, rung: Rung, now: datetime, passed: list[int]) -> Alert:
    alert = Alert(
        deadline=row, watch=row.watch, episode=row.episode, step_seconds=rung.seconds, severity=rung.severity,
        reached_at=row.clock_from + timedelta(seconds=rung.seconds), passed=passed, backfilled=row.backfilled,
        staff_only=ladder.staff_only, raised_at=now,
    )  # fmt: skip
    if row.ask_at is not None and row.ask_at <= now:
        # One message is enough: the alert itself asks staff to confirm.
        alert.asks_to_confirm, row.asked_chain, row.ask_at = True, row.confirming_chain, None
    return alert


def _question_due(row: Deadline, now: datetime) -> list[Alert]:
    """Staff are asked once, per last report, to confirm a hold or to end its tracking."""
    if row.ask_at is None or row.ask_at > now or row.state != DeadlineState.OPEN:
        return []
    row.asked_chain = row.confirming_chain
    return [
        Alert(
            deadline=row, watch=Watch.UNCONFIRMED, episode=row.confirming_chain, severity=Severity.WARNING,
            step_seconds=int(UNCONFIRMED_AFTER.total_seconds()), reached_at=row.ask_at, raised_at=now,
            asks_to_confirm=True, staff_only=True, backfilled=row.backfilled,
        )
    ]  # fmt: skip


def _insert_alerts(alerts: list[Alert]) -> dict[Key, int]:
    """The keys of those that are new: the constraint, not this code, decides that each is one."""
    if not alerts:
        return {}
    names = [field.attname for field in Alert._meta.concrete_fields if not field.primary_key]
    values = {name: [getattr(alert, name) for alert in alerts] for name in names}
    new = columns.insert(Alert, values, {}, ("watch", "episode", "step_seconds", "id"))
    return {(watch, episode, step): pk for watch, episode, step, pk in new}


def _insert_steps(plan: Sequence[Planned], alerts: dict[Key, int], now: datetime) -> int:
    """One notification for each reader of each alert that is new; returns how many."""
    owed = [
        (alerts[key], planned.row.pk, reader.subscription)
        for planned in plan
        for key, readers in planned.readers.items()
        if key in alerts
        for reader in readers
    ]
    if not owed:
        return 0
    subscriptions = [subscription for _, _, subscription in owed]
    due = {one.pk: due_at(one, now) for one in subscriptions}
    columns.insert(
        Notification,
        {
            "alert_id": [alert for alert, _, _ in owed],
            "deadline_id": [deadline for _, deadline, _ in owed],
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
    return len(owed)


def _insert_corrections(plan: Sequence[Planned], now: datetime) -> int:
    corrections = [correction for planned in plan for correction in planned.corrections]
    Notification.objects.bulk_create(corrections, ignore_conflicts=True)
    for planned in plan:
        if planned.corrections:
            look_again_at_once(planned.corrections[0], now)
    return len(corrections)

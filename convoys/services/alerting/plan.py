"""What due deadlines come to: the alerts to raise, who is to be told, and the corrections owed.

Works on rows in memory, moves them on there, and writes nothing: the sweep writes, a dry run prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from convoys.models import Deadline, DeadlineState, Notification, Severity, Watch
from convoys.services.alerting.clocks import UNCONFIRMED_AFTER, repeats_until, schedule, set_next
from convoys.services.alerting.policies import Ladder, Ladders, Rung
from convoys.services.alerting.recipients import Coverage, Reader, readers_of, subscribers_to
from convoys.services.alerting.telling import owed_corrections


@dataclass(slots=True)
class Step:
    """An alert to be raised, by the names of its columns, and who is to be told of it.

    Not the model: thousands of those cost more than all that is worked out here.
    """

    deadline_id: int
    watch: str
    episode: int
    step_seconds: int
    severity: str
    reached_at: datetime
    raised_at: datetime
    backfilled: bool
    passed: list[int] = field(default_factory=list)
    asks_to_confirm: bool = False
    staff_only: bool = False
    readers: list[Reader] = field(default_factory=list)

    @property
    def nobody_to_tell(self) -> bool:
        return not self.readers

    @property
    def key(self) -> tuple[str, int, int]:
        """By which it exists once."""
        return (self.watch, self.episode, self.step_seconds)


@dataclass(slots=True)
class Planned:
    """What one deadline comes to."""

    row: Deadline
    steps: list[Step]
    corrections: list[Notification]


def plan_for(rows: Sequence[Deadline], now: datetime) -> list[Planned]:
    """Work out what is due on these rows, whose convoys are loaded, and move them on in memory."""
    ladders = Ladders(row.convoy for row in rows)
    subscribers = subscribers_to(Coverage(rows))
    plan = []
    for row in rows:
        ladder = ladders.of(row.convoy, row.watch)
        steps = _steps_due(row, ladder, now) + _question_due(row, now)
        for step in steps:
            step.readers = readers_of(row, step.step_seconds, step.staff_only, subscribers)
        corrections: list[Notification] = []
        # What was raised just now is not stored yet: its readers are found by the next sweep.
        if row.tell and not steps and row.tell_at is not None and row.tell_at <= now:
            corrections = owed_corrections(row, now)
            row.tell, row.tell_at = "", None
        if row.state == DeadlineState.OPEN:
            schedule(row, ladder)
        else:
            row.step_at = None
            set_next(row)
        plan.append(Planned(row, steps, corrections))
    return plan


def _steps_due(row: Deadline, ladder: Ladder, now: datetime) -> list[Step]:
    """One alert for the highest of the steps past when the clock became known, one for each later."""
    upto = min(now, row.ends_at or now)
    if row.step_at is None or row.step_at > upto:
        return []
    within = (upto - row.clock_from).total_seconds()
    repeats_within = (repeats_until(row) - row.clock_from).total_seconds()
    known = (row.known_at - row.clock_from).total_seconds()
    steps = []
    past = ladder.highest(min(known, within), repeats_within)
    if past is not None and past.seconds > row.last_step:
        if row.state == DeadlineState.OPEN:
            steps.append(_step(row, ladder, past, now, ladder.passed(row.last_step, past.seconds)))
        row.last_step = past.seconds
    while True:
        rung = ladder.after(row.last_step)
        if rung is None or rung.seconds > within or (rung.is_repeat and rung.seconds > repeats_within):
            return steps
        steps.append(_step(row, ladder, rung, now, []))
        row.last_step = rung.seconds


def _step(row: Deadline, ladder: Ladder, rung: Rung, now: datetime, passed: list[int]) -> Step:
    step = Step(
        deadline_id=row.pk, watch=row.watch, episode=row.episode, step_seconds=rung.seconds,
        severity=rung.severity, reached_at=row.clock_from + timedelta(seconds=rung.seconds), raised_at=now,
        backfilled=row.backfilled, passed=passed, staff_only=ladder.staff_only,
    )  # fmt: skip
    if row.ask_at is not None and row.ask_at <= now:
        # One message is enough: the alert itself asks staff to confirm.
        step.asks_to_confirm, row.asked_chain, row.ask_at = True, row.confirming_chain, None
    return step


def _question_due(row: Deadline, now: datetime) -> list[Step]:
    """Staff are asked once, per last report, to confirm a hold or to end its tracking."""
    if row.ask_at is None or row.ask_at > now or row.state != DeadlineState.OPEN:
        return []
    row.asked_chain = row.confirming_chain
    return [
        Step(
            deadline_id=row.pk, watch=Watch.UNCONFIRMED, episode=row.confirming_chain,
            step_seconds=int(UNCONFIRMED_AFTER.total_seconds()), severity=Severity.WARNING,
            reached_at=row.ask_at, raised_at=now, backfilled=row.backfilled,
            asks_to_confirm=True, staff_only=True,
        )
    ]  # fmt: skip

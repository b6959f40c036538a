"""Clocks that follow the record: the timeline locks and moves them inside its transaction.

A convoy has at most one running clock per watch: held (by its open hold), stopped, and silent (by
its last report). What no longer runs is ended, withdrawn or paused here; who is to be told so is
the sweep's work, two minutes later, so that a mis-click that is undone tells nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from convoys.models import Convoy, Deadline, DeadlineState, Event, Notification, Telling, Watch
from convoys.queries.compiled import Compiled, instances
from convoys.queries.statements import Batch, Statement
from convoys.replay import Episode, History
from convoys.services.alerting.clocks import BACKFILL_GRACE, REOPENED_WITHIN, schedule, set_next
from convoys.services.alerting.policies import Ladders
from convoys.services.alerting.redating import clock_of, last_correction, was_told_otherwise
from convoys.services.alerting.rows import call_off, tell
from convoys.services.alerting.stopping import RUNS, Stopping
from convoys.services.writes import Writes
from convoys.vocabulary import State

ON_THE_WAY = frozenset({State.DISPATCHED, State.STOPPED, State.HELD})


_OF_CONVOY = Compiled(
    lambda: Deadline.objects.select_for_update().filter(convoy=0).order_by("pk").values_list()
)


@dataclass(frozen=True)
class _Clock:
    """A clock that should run: what it watches, and the event that opened it."""

    watch: Watch
    opening: Event
    episode: Episode | None = None


class Clocks:
    """The clocks of some convoys: locked before the ledger head is, moved once the record is written."""

    def __init__(self, histories: Iterable[tuple[Convoy, History]], batch: Batch) -> None:
        """Lets the questions wait in the batch; the caller runs it."""
        self._histories = {convoy.pk: (convoy, history) for convoy, history in histories}
        self._wanted = {key: _wanted(history) for key, (_, history) in self._histories.items()}
        running = [convoy for key, (convoy, _) in self._histories.items() if self._wanted[key]]
        # Most of a convoy's life no clock runs, and then no policy need be read.
        self._ladders = Ladders.waiting(running, batch) if running else None
        self._found = batch.add(_rows_of(list(self._histories))) if self._histories else []

    @cached_property
    def _rows(self) -> Mapping[int, list[Deadline]]:
        rows: dict[int, list[Deadline]] = defaultdict(list)
        for row in instances(Deadline, _OF_CONVOY.read(self._found)):
            rows[row.convoy_id].append(row)
        return rows

    def move(self, writes: Writes, convoy: Convoy, written: Sequence[Event], recorded_at: datetime) -> None:
        """Bring a convoy's clocks into line with its history. SQL only; the convoy is locked.

        1. starts or goes on with the clocks that should run, and re-dates their unsent steps;
        2. ends, withdraws or pauses the others; a hold that somebody may have been told of is marked
           for telling after the grace, and a telling that is no longer true is called off.
        """
        rows, (_, history) = self._rows[convoy.pk], self._histories[convoy.pk]
        before = {row.pk: dict(row.__dict__) for row in rows}
        mover = _Mover(convoy, history, written, recorded_at, rows, self._ladders)
        mover.move(self._wanted[convoy.pk])
        writes.insert(Deadline, (row for row in mover.rows if row._state.adding))
        for row in mover.rows:
            if row.pk in before:
                writes.update(Deadline, row.pk, _moved(row, before[row.pk]))


def _rows_of(convoys: Sequence[int]) -> Statement:
    if len(convoys) == 1:
        return _OF_CONVOY.asked(convoys[0])
    rows = Deadline.objects.select_for_update().filter(convoy__in=convoys).order_by("pk")
    return Statement(*rows.values_list().query.sql_with_params())


def _moved(row: Deadline, before: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that are not as they were; never a whole row over another's."""
    names = (field.attname for field in Deadline._meta.concrete_fields)
    return {name: row.__dict__[name] for name in names if row.__dict__[name] != before[name]}


def _wanted(history: History) -> list[_Clock]:
    facts = history.facts
    if facts.tracking_ended is not None:
        return []
    clocks = []
    if facts.hold is not None:
        clocks.append(_Clock(Watch.HELD, facts.hold.opening, facts.hold))
    # History that was loaded long after is silent by nature: only what it still holds is told.
    if facts.state == State.STOPPED and facts.state_since and not facts.state_since.backfilled:
        clocks.append(_Clock(Watch.STOPPED, facts.state_since))
    if facts.state in ON_THE_WAY and facts.last_report and not facts.last_report.backfilled:
        clocks.append(_Clock(Watch.SILENT, facts.last_report))
    return clocks


class _Mover:
    def __init__(
        self,
        convoy: Convoy,
        history: History,
        written: Sequence[Event],
        recorded_at: datetime,
        rows: list[Deadline],
        ladders: Ladders | None,
    ) -> None:
        self.convoy, self.history, self.now, self.rows = convoy, history, recorded_at, rows
        self.is_backfill = any(event.backfilled for event in written)
        self.written = written
        self.ladders = ladders

    def move(self, clocks: Iterable[_Clock]) -> None:
        running = set()
        for clock in clocks:
            row = self._row_of(clock) or self._start(clock)
            self._run(row, clock)
            running.add(id(row))
        stopping = Stopping(self.history, self.rows, self.written, self.now)
        for row in [row for row in self.rows if id(row) not in running]:
            stopping.stop(row)

    def _row_of(self, clock: _Clock) -> Deadline | None:
        for row in self.rows:
            if row.watch == clock.watch and row.opening_chain == clock.opening.chain:
                return row
        if clock.watch == Watch.SILENT:
            # A new report moves the clock of the last one, unless that has raised something.
            for row in self.rows:
                if row.watch == Watch.SILENT and row.state in RUNS and row.last_step == 0:
                    row.opening_chain = row.episode = clock.opening.chain
                    return row
        return None

    def _start(self, clock: _Clock) -> Deadline:
        opening = clock.opening
        row = Deadline(
            convoy=self.convoy, watch=clock.watch, opening_chain=opening.chain, episode=opening.chain,
            clock_from=clock_of(opening), known_at=self.now, backfilled=opening.backfilled,
            confirming_chain=opening.chain, confirmed_at=clock_of(opening),
        )  # fmt: skip
        former = self._reopens(clock.episode) if clock.episode else None
        if former is not None:
            row.episode, row.last_step = former.episode, former.last_step
            if former.tell == Telling.ENDED:  # nobody has heard that it ended
                former.tell, former.tell_at, former.tell_chain = "", None, None
                set_next(former)  # a step that it reached while it stood is still raised
            elif self._was_told_over(former):
                tell(row, Telling.NOT_ENDED, former.tell_chain, self.now)
        self.rows.append(row)
        return row

    def _run(self, row: Deadline, clock: _Clock) -> None:
        opening, episode, was_running = clock.opening, clock.episode, row.state in RUNS and bool(row.pk)
        is_resumed = row.state == DeadlineState.PAUSED
        if row.state != DeadlineState.OPEN:
            if row.tell == Telling.NOT_ENDED or (not is_resumed and self._was_told_over(row)):
                tell(row, Telling.NOT_ENDED, row.tell_chain, self.now)
            elif not is_resumed and (row.tell or row.tell_chain is not None):
                call_off(row)
            row.state, row.ends_at, row.known_at = DeadlineState.OPEN, None, self.now
        before = (row.clock_from, row.stands_at_id, row.held_before_id)
        row.clock_from = clock_of(opening)
        row.stands_at_id = episode.stands_at if episode else self.history.facts.stands_at
        row.held_before_id = episode.held_before if episode else None
        if row.clock_from != before[0]:
            row.known_at = self.now
        # A correction that was owed when tracking ended was not told meanwhile.
        is_changed = is_resumed or before != (row.clock_from, row.stands_at_id, row.held_before_id)
        if episode and is_changed and was_running and row.last_step:
            self._correct(row, episode)
        last = self.history.facts.last_report or opening
        if last.chain != row.confirming_chain and row.step_at is None and row.pk:
            row.known_at = self.now  # repeats had stopped: those past by now are told together
        row.confirming_chain, row.confirmed_at = last.chain, clock_of(last)
        not_before = self.now + BACKFILL_GRACE if self.is_backfill else None
        assert self.ladders is not None  # noqa: S101 - read wherever a clock is wanted
        schedule(row, self.ladders.of(self.convoy, row.watch), not_before)

    def _correct(self, row: Deadline, episode: Episode) -> None:
        """Whoever was told otherwise is told so; a correction undone in time tells nobody."""
        if row.tell == Telling.NOT_ENDED:  # that message will name the hold as it now stands
            return
        if was_told_otherwise(row, episode):
            tell(row, Telling.WITHDRAWN, max(event.sequence for event in self.written), self.now)
        elif row.tell == Telling.WITHDRAWN:
            told = last_correction(row)
            row.tell, row.tell_at, row.tell_chain = "", None, told.occasion if told else None

    def _reopens(self, episode: Episode) -> Deadline | None:
        """The row of the hold that this one goes on from: the same control point, within a day."""
        earlier = [one for one in self.history.episodes if one.closing is not None]
        if not earlier or earlier[-1].closing is None:
            return None
        last, closed_at = earlier[-1], earlier[-1].closing.occurred_at
        same = last.held_before == episode.held_before and (
            episode.held_before is not None or last.stands_at == episode.stands_at
        )
        if last.closing is not episode.opening and (
            not same or episode.opening.occurred_at - closed_at > REOPENED_WITHIN
        ):
            return None
        found = (
            row for row in self.rows if row.watch == Watch.HELD and row.opening_chain == last.opening.chain
        )
        return next(found, None)

    @staticmethod
    def _was_told_over(row: Deadline) -> bool:
        """Whether messages exist, sent or on their way, that it ended so or never was."""
        if not row.last_step or row.tell or row.tell_chain is None:
            return False
        told = Notification.objects.filter(
            alert__watch=row.watch, alert__episode=row.episode, occasion=row.tell_chain,
            telling__in=(Telling.ENDED, Telling.WITHDRAWN),
        )  # fmt: skip
        return told.exists()

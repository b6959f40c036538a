"""Clocks that follow the record: `move_deadlines` is the timeline's call, inside its transaction.

A convoy has at most one running clock per watch: held (by its open hold), stopped, and silent (by
its last report). What no longer runs is ended, withdrawn or paused here; who is to be told so is
the sweep's work, two minutes later, so that a mis-click that is undone tells nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from convoys.models import Convoy, Deadline, DeadlineState, Event, Notification, Policy, Scope, Telling, Watch
from convoys.replay import Episode, History
from convoys.services.alerting.clocks import BACKFILL_GRACE, GRACE, REOPENED_WITHIN, schedule, set_next
from convoys.services.alerting.policies import Ladders
from convoys.services.alerting.redating import clock_of, last_told, says_otherwise, was_told_too_soon
from convoys.vocabulary import State

ON_THE_WAY = frozenset({State.DISPATCHED, State.STOPPED, State.HELD})
RUNS = (DeadlineState.OPEN, DeadlineState.PAUSED)
MOVED = (
    "opening_chain", "episode", "state", "stands_at_id", "held_before_id", "backfilled", "clock_from",
    "known_at", "ends_at", "last_step", "confirmed_at", "confirming_chain", "asked_chain", "step_at",
    "ask_at", "tell", "tell_at", "tell_chain", "next_at",
)  # fmt: skip


def lock_deadlines(convoys: Iterable[Convoy]) -> None:
    """Lock what `move_deadlines` will change, before the ledger head is locked."""
    rows = Deadline.objects.select_for_update().filter(convoy__in=[convoy.pk for convoy in convoys])
    list(rows.order_by("pk").values_list("pk"))


def move_deadlines(convoy: Convoy, history: History, written: Sequence[Event], recorded_at: datetime) -> None:
    """Bring a convoy's clocks into line with its history. SQL only; the convoy is locked.

    1. starts or goes on with the clocks that should run, and re-dates their unsent steps;
    2. ends, withdraws or pauses the others; a hold that somebody may have been told of is marked
       for telling after the grace, and a telling that is no longer true is called off.
    """
    _Mover(convoy, history, written, recorded_at).move()


def redate_open_deadlines(policy: Policy) -> int:
    """After an edit of a policy: re-date the running clocks that it governs. Returns how many moved.

    Steps that the edit put into the past raise one alert together; none is repeated or lost.
    """
    now = timezone.now()
    governed = Deadline.objects.filter(state=DeadlineState.OPEN, watch=policy.watch)
    if policy.scope != Scope.DEFAULT:
        governed = (
            governed.filter(convoy=policy.convoy_id)
            if policy.convoy_id
            else governed.filter(convoy__route=policy.route_id)
        )
    moved = 0
    for convoy_id in governed.order_by("convoy").values_list("convoy", flat=True).distinct():
        with transaction.atomic():
            rows = Deadline.objects.select_for_update(of=("self",)).filter(
                convoy=convoy_id, state=DeadlineState.OPEN, watch=policy.watch
            )
            for row in rows.select_related("convoy"):
                before = row.step_at
                schedule(row, Ladders([row.convoy]).of(row.convoy, row.watch))
                if row.step_at != before:
                    row.known_at = now
                    _save(row)
                    moved += 1
    return moved


@dataclass(frozen=True)
class _Clock:
    """A clock that should run: what it watches, and the event that opened it."""

    watch: Watch
    opening: Event
    episode: Episode | None = None


class _Mover:
    def __init__(
        self, convoy: Convoy, history: History, written: Sequence[Event], recorded_at: datetime
    ) -> None:
        self.convoy, self.history, self.now = convoy, history, recorded_at
        self.rows = list(Deadline.objects.select_for_update().filter(convoy=convoy).order_by("pk"))
        self.is_backfill = any(event.backfilled for event in written)
        self.written = {event.sequence for event in written}
        self._ladders: Ladders | None = None

    @property
    def ladders(self) -> Ladders:
        """Read where a clock runs only: most of a convoy's life none does."""
        if self._ladders is None:
            self._ladders = Ladders([self.convoy])
        return self._ladders

    def move(self) -> None:
        running = set()
        for clock in self._clocks():
            row = self._row_of(clock) or self._start(clock)
            self._run(row, clock)
            running.add(id(row))
        for row in [row for row in self.rows if id(row) not in running]:
            self._stop(row)

    def _clocks(self) -> list[_Clock]:
        facts = self.history.facts
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

    # Clocks that run.

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
                self._call_off(former)
            elif self._was_told_over(former):
                self._tell(row, Telling.NOT_ENDED, former.tell_chain)
        self.rows.append(row)
        return row

    def _run(self, row: Deadline, clock: _Clock) -> None:
        opening, was_open = clock.opening, row.state == DeadlineState.OPEN
        if not was_open:
            if row.state != DeadlineState.PAUSED and self._was_told_over(row):
                self._tell(row, Telling.NOT_ENDED, row.tell_chain)
            elif row.tell or row.tell_chain is not None:
                self._call_off(row)
            row.state, row.ends_at, row.known_at = DeadlineState.OPEN, None, self.now
        clock_from = clock_of(opening)
        if clock_from != row.clock_from:
            row.clock_from, row.known_at = clock_from, self.now
            if was_open and row.watch == Watch.HELD and row.last_step:
                self._redate(row, opening)
        where = clock.episode.stands_at if clock.episode else self.history.facts.stands_at
        row.stands_at_id, row.held_before_id = where, clock.episode.held_before if clock.episode else None
        last = self.history.facts.last_report or opening
        if last.chain != row.confirming_chain and row.step_at is None and row.pk:
            row.known_at = self.now  # repeats had stopped: those past by now are told together
        row.confirming_chain, row.confirmed_at = last.chain, clock_of(last)
        not_before = self.now + BACKFILL_GRACE if self.is_backfill else None
        schedule(row, self.ladders.of(self.convoy, row.watch), not_before)
        _save(row)

    def _redate(self, row: Deadline, opening: Event) -> None:
        """Whoever was told of a step too soon is told so; a correction undone in time tells nobody."""
        if row.tell == Telling.NOT_ENDED:  # that message will name the beginning as it now stands
            return
        told = last_told(row, Telling.WITHDRAWN)
        if says_otherwise(opening, told.created_at) if told else was_told_too_soon(row):
            self._tell(row, Telling.WITHDRAWN, opening.sequence)
        elif row.tell == Telling.WITHDRAWN:
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
        if not same or episode.opening.occurred_at - closed_at > REOPENED_WITHIN:
            return None
        found = (
            row for row in self.rows if row.watch == Watch.HELD and row.opening_chain == last.opening.chain
        )
        return next(found, None)

    # Clocks that do not.

    def _stop(self, row: Deadline) -> None:
        if row.watch != Watch.HELD:
            self._close_quietly(row)
            return
        episode = next((one for one in self.history.episodes if one.opening.chain == row.opening_chain), None)
        if episode is None:
            self._withdraw(row)
        elif episode.closing is not None:
            self._end(row, episode.opening, episode.closing)
        elif row.state == DeadlineState.OPEN:
            row.state = DeadlineState.PAUSED
            self._call_off(row)

    def _close_quietly(self, row: Deadline) -> None:
        """Stopped and silent are the desk's own concern: nobody is written to when they are over."""
        if row.state not in RUNS:
            return
        if row.last_step == 0:
            row.delete()
            return
        row.state = DeadlineState.ENDED
        self._call_off(row)

    def _end(self, row: Deadline, opening: Event, closing: Event) -> None:
        if row.state == DeadlineState.ENDED and self._ended_so(row, opening, closing):
            self._redate_end(row, opening, closing)
            return
        if self._goes_on(row):
            return
        # A step that the clock reached while the hold stood is raised even if the sweep comes late.
        by = min(closing.occurred_at, self.now)
        owed = row.step_at if row.state == DeadlineState.OPEN else None
        row.step_at = owed if owed is not None and row.known_at < owed <= by else None
        row.state, row.ask_at, row.ends_at = DeadlineState.ENDED, None, by
        row.tell, row.tell_at, row.tell_chain = "", None, closing.chain
        if row.last_step or row.step_at:
            self._tell(row, Telling.ENDED, closing.chain)
        set_next(row)
        _save(row)

    @staticmethod
    def _ended_so(row: Deadline, opening: Event, closing: Event) -> bool:
        """Whether the end on record is the one that was told, or a correction of its times."""
        if row.tell_chain is None or row.tell_chain == closing.chain:
            return row.tell_chain is not None
        chains = (opening.chain, closing.chain)
        return Event.objects.filter(pk=row.tell_chain, chain__in=chains).exists()

    def _redate_end(self, row: Deadline, opening: Event, closing: Event) -> None:
        """From when to when it was held is told anew where people were told other times."""
        if not row.last_step:
            return
        row.clock_from, row.ends_at = clock_of(opening), min(closing.occurred_at, self.now)
        told = last_told(row, Telling.ENDED)
        if told is not None:
            if any(says_otherwise(event, told.created_at) for event in (opening, closing)):
                if row.tell_chain == told.occasion or {opening.sequence, closing.sequence} & self.written:
                    self._tell(row, Telling.ENDED, max(opening.sequence, closing.sequence))
            else:
                row.tell, row.tell_at, row.tell_chain = "", None, told.occasion
        set_next(row)
        _save(row)

    def _goes_on(self, row: Deadline) -> bool:
        """Whether a later hold goes on with this one's steps: then the last of them tells the end."""
        later = (other for other in self.rows if other.episode == row.episode and other.watch == row.watch)
        return any(
            other.opening_chain > row.opening_chain and other.state != DeadlineState.WITHDRAWN
            for other in later
        )

    def _withdraw(self, row: Deadline) -> None:
        if row.state == DeadlineState.WITHDRAWN:
            return
        row.state, row.step_at, row.ask_at = DeadlineState.WITHDRAWN, None, None
        if row.last_step:
            self._tell(row, Telling.WITHDRAWN, row.opening_chain)
        else:
            row.tell, row.tell_at = "", None
        set_next(row)
        _save(row)

    # What is to be told.

    def _tell(self, row: Deadline, what: Telling, occasion: int | None) -> None:
        row.tell, row.tell_chain, row.tell_at = what, occasion, self.now + GRACE

    def _call_off(self, row: Deadline) -> None:
        row.step_at = row.ask_at = row.tell_at = row.next_at = row.tell_chain = None
        row.tell = ""
        _save(row)

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


def _save(row: Deadline) -> None:
    """Insert a new row, or write the columns that move; never a whole row over another's."""
    if row._state.adding:
        row.save(force_insert=True)
        return
    Deadline.objects.filter(pk=row.pk).update(**{name: getattr(row, name) for name in MOVED})

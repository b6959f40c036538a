"""Clocks that no longer run: a hold that ended, was withdrawn, or whose tracking ended.

Who is to be told so is the sweep's work, after the grace. Works on rows that the caller has locked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from convoys.models import Deadline, DeadlineState, Event, Notification, Telling, Watch
from convoys.replay import Episode, History
from convoys.services.alerting.clocks import set_next
from convoys.services.alerting.redating import clock_of, last_told, said_at, said_of, told_at
from convoys.services.alerting.rows import call_off, pause, tell
from convoys.vocabulary import Act

RUNS = (DeadlineState.OPEN, DeadlineState.PAUSED)


@dataclass(frozen=True)
class Stopping:
    """Stops clocks of one convoy; `rows` are all of its clocks, `written` the events just written."""

    history: History
    rows: Sequence[Deadline]
    written: Sequence[Event]
    now: datetime

    def stop(self, row: Deadline) -> None:
        """End, withdraw or pause a clock that should not run."""
        if row.watch != Watch.HELD:
            self._close_quietly(row)
            return
        episode = next((one for one in self.history.episodes if one.opening.chain == row.opening_chain), None)
        if episode is None:
            self._withdraw(row)
        elif episode.closing is not None:
            self._end(row, episode, episode.closing)
        elif row.state == DeadlineState.OPEN:
            row.state = DeadlineState.PAUSED
            pause(row)

    @staticmethod
    def _close_quietly(row: Deadline) -> None:
        """Stopped and silent are the desk's own concern: nobody is written to when they are over."""
        if row.state not in RUNS:
            return
        if row.last_step == 0:
            row.delete()
            return
        row.state = DeadlineState.ENDED
        call_off(row)

    def _end(self, row: Deadline, episode: Episode, closing: Event) -> None:
        # A step that the clock reached while the hold stood is raised even if the sweep comes late.
        by = min(closing.occurred_at, self.now)
        owed = row.step_at
        reached = owed if owed is not None and row.known_at < owed <= by else None
        if self._goes_on(row):
            if row.state in RUNS:
                row.state, row.ends_at, row.step_at, row.ask_at = DeadlineState.ENDED, by, reached, None
                row.tell, row.tell_at, row.tell_chain = "", None, None
                set_next(row)
            return
        if row.state == DeadlineState.ENDED and row.tell_chain is not None:
            if not self._may_concern(closing):
                return
            told = last_told(row)
            if told is not None and told.telling == Telling.ENDED:
                self._correct_end(row, episode, closing, told)
                return
        row.step_at = reached
        is_on_its_way = row.tell == Telling.ENDED and row.tell_chain == closing.chain
        row.state, row.ask_at, row.ends_at = DeadlineState.ENDED, None, by
        if not is_on_its_way:
            row.tell, row.tell_at, row.tell_chain = "", None, closing.chain
            if row.last_step or row.step_at:
                tell(row, Telling.ENDED, closing.chain, self.now)
        set_next(row)

    def _may_concern(self, closing: Event) -> bool:
        """Whether what was written can change a hold that was over by then."""
        return any(
            event.act != Act.RECORD or event.effective_at <= closing.effective_at for event in self.written
        )

    def _correct_end(self, row: Deadline, episode: Episode, closing: Event, told: Notification) -> None:
        """An end that was told is told anew where it was told otherwise: how, where, from when to when."""
        row.clock_from, row.ends_at = clock_of(episode.opening), min(closing.occurred_at, self.now)
        is_waiting = row.tell == Telling.ENDED
        if said_at(row, told_at(told)) == said_of(episode):
            row.tell, row.tell_at, row.tell_chain = "", None, told.occasion
        elif not is_waiting or {episode.opening, closing} & set(self.written):
            tell(row, Telling.ENDED, max(event.sequence for event in self.written), self.now)
        set_next(row)

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
            tell(row, Telling.WITHDRAWN, row.opening_chain, self.now)
        else:
            row.tell, row.tell_at = "", None
        set_next(row)

"""Signs of life of processes that listen on no port: worker and beat touch PULSE_FILE while they work.

A container's health check looks at the file's age. Without PULSE_FILE nothing is written.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from celery.beat import PersistentScheduler
from celery.signals import heartbeat_sent


def beat_once() -> None:
    """Touch the pulse file. A full disk must not end the worker: its health check tells of it."""
    if name := os.environ.get("PULSE_FILE"):
        try:
            Path(name).touch()
        except OSError:
            pass


@heartbeat_sent.connect
def _worker_is_connected(**_: Any) -> None:
    """Sent every few seconds while the worker has its connection to the queue."""
    beat_once()


class PulsingScheduler(PersistentScheduler):
    """Celery's own scheduler; every round of it is a sign of life, and a clock set back stops nothing."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        beat_once()
        self._forget_the_future()
        return float(super().tick(*args, **kwargs))

    def _forget_the_future(self) -> None:
        """What last ran at a time still to come ran before the clock was set back: it is due again.

        Celery would wait until that time comes round, for days where the clock had been days ahead.
        """
        now = self.app.now()
        ahead = [entry for entry in self.schedule.values() if entry.last_run_at and entry.last_run_at > now]
        for entry in ahead:
            entry.last_run_at = now
        if ahead:
            self._heap = None  # made anew by the round that follows

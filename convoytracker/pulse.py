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
    """Celery's own scheduler; every round of it is a sign of life."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        beat_once()
        return float(super().tick(*args, **kwargs))

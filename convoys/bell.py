"""Wakes a worker by task name, so that what was just written is acted on at once.

Nothing depends on it: the sweeps find everything by themselves within seconds. So it waits for a
second at most, tries once, never raises, and after a failure stays quiet for half a minute.
"""

from __future__ import annotations

import logging
import threading
import time

from celery import current_app

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 1.0
QUIET_SECONDS = 30.0
EXPIRES_SECONDS = 60.0

_lock = threading.Lock()
_quiet_until = 0.0


def ring(task_name: str) -> bool:
    """Ask for one run of a task; False where it could not be asked for, or where the bell is quiet."""
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return False
    try:
        with current_app.connection_for_write(
            connect_timeout=TIMEOUT_SECONDS, transport_options=_impatient()
        ) as connection:
            current_app.send_task(
                task_name, connection=connection, retry=False, ignore_result=True, expires=EXPIRES_SECONDS
            )
    except Exception as problem:
        with _lock:
            _quiet_until = time.monotonic() + QUIET_SECONDS
        logger.warning("the bell cannot be rung (%s); the next sweep does the work", type(problem).__name__)
        return False
    return True


def _impatient() -> dict[str, object]:
    """The broker's options with short waits: the worker's own may wait longer for its next task."""
    options = dict(current_app.conf.broker_transport_options or {})
    return options | {"socket_timeout": TIMEOUT_SECONDS, "socket_connect_timeout": TIMEOUT_SECONDS}

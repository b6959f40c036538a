"""The tasks of alerts, run as one worker runs them: in threads, woken by the bell and by each other."""

from __future__ import annotations

import queue
import threading
from types import TracebackType
from typing import Self
from unittest.mock import patch

from celery import current_app
from django.db import connections

from convoytracker.warm import warm_up

THREADS = 4  # the fewest that a deployment is told to give a worker


class Worker:
    """While `with` it, what the tasks ring for is done here instead of by way of a broker.

    Each thread keeps its connection to the database, as a worker's do.
    """

    def __enter__(self) -> Self:
        warm_up()
        self._asked: queue.Queue[str | None] = queue.Queue()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(THREADS)]
        self._failed: list[Exception] = []
        self._bell = patch("convoys.tasks.ring", self._asked.put)
        self._bell.start()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _ in self._threads:
            self._asked.put(None)
        for thread in self._threads:
            thread.join()
        self._bell.stop()

    def run(self, task: str) -> None:
        """Do this task, and all that it and those that it wakes ask for. Raises what one of them raised."""
        self._asked.put(task)
        self._asked.join()
        if self._failed:
            raise self._failed.pop()

    def _work(self) -> None:
        while task := self._asked.get():
            try:
                current_app.tasks[task]()
            except Exception as problem:  # for whoever waits
                self._failed.append(problem)
            self._asked.task_done()
        connections.close_all()

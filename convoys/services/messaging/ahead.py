"""Writing the next messages while the last ones are sent.

To send is to wait, for the mail server and for the database's disk, and to write is to reckon: the two
share an interpreter well. One batch is written ahead and no more, by a thread of this process that keeps
nothing else; it carries the lease of its run like any other, which a run that ends early gives back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from django.db import close_old_connections, connection
from django.utils import timezone

from convoys.models import Message
from convoys.queries.neighbours import Neighbours
from convoys.services.messaging.freeze import freeze_for
from convoys.services.messaging.render import Renderer

# People whose messages are made together; the first few by themselves, so that mail leaves at once.
RECIPIENTS, FIRST_RECIPIENTS = 200, 10

# Messages that a run holds, and when they were checked against the record.
Batch = tuple[list[Message], float]

_writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")


class Ahead:
    """What these people are owed, frozen batch by batch: the next one is begun when one is taken."""

    def __init__(self, people: Sequence[int], channel: str, neighbours: Neighbours) -> None:
        self._waiting, self._channel, self._neighbours = people, channel, neighbours
        self._next: Future[Batch] | _Later | None = None
        self.has_frozen = False

    def batches(self) -> Iterator[Batch]:
        self._begin_next()
        while self._next is not None:
            frozen, checked_at = self._next.result()
            self._next = None
            self.has_frozen |= bool(frozen)
            self._begin_next()
            if frozen:
                yield frozen, checked_at

    def rest(self) -> list[Message]:
        """What is frozen and was not taken; nothing more is begun."""
        begun, self._next = self._next, None
        return [] if begun is None or begun.cancel() else begun.result()[0]

    def _begin_next(self) -> None:
        most = RECIPIENTS if self.has_frozen else FIRST_RECIPIENTS
        together, self._waiting = self._waiting[:most], self._waiting[most:]
        if together:
            self._next = _beside(partial(self._write, together))

    def _write(self, people: Sequence[int]) -> Batch:
        checked_at = time.monotonic()
        return freeze_for(people, Renderer(timezone.now(), self._neighbours), self._channel), checked_at


def _beside(write: Callable[[], Batch]) -> Future[Batch] | _Later:
    """On SQLite, whose writers wait for each other, and within a transaction, which another connection
    does not see, when it is asked for."""
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        return _Later(write)
    return _writer.submit(_over_its_own_connection, write)


def _over_its_own_connection(write: Callable[[], Batch]) -> Batch:
    """Tried when it is taken up, and returned to where it came from, as after a task."""
    close_old_connections()
    try:
        return write()
    finally:
        close_old_connections()


class _Later:
    """Like a future, of work that is done when its result is asked for."""

    def __init__(self, write: Callable[[], Batch]) -> None:
        self._write = write

    def result(self) -> Batch:
        return self._write()

    def cancel(self) -> bool:
        return True

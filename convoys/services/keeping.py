"""Keep texts that were made for an answer, for the next who asks.

They go in by one statement, in the order of their convoys, so that two who keep the same wait for no
longer than that takes and never for each other in a ring. Whatever is in the way (a standby that takes no
writes, a lock, SQLite's one writer) is no reason to wait or to fail: then nothing is kept. A text that
comes later than a newer one may take its place; whoever reads compares, so that this costs a rendering.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import Error, connection, transaction

from convoys.models import KeptText

logger = logging.getLogger(__name__)
PATIENCE = "20ms"
CHANGING = ("version", "master_data", "circumstances", "text")


def keep(texts: Iterable[KeptText]) -> None:
    """Keep them, if that is possible right now. Never raises, never waits."""
    rows = sorted(texts, key=lambda row: row.convoy_id)
    if not rows:
        return
    try:
        with _without_waiting(), transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
            KeptText.objects.bulk_create(
                rows, update_conflicts=True, unique_fields=["convoy", "shape"], update_fields=CHANGING
            )
    except Error as error:
        logger.info("Nothing is kept now: %s", type(error).__name__)


@contextmanager
def _without_waiting() -> Iterator[None]:
    """SQLite has one writer at a time; a reader must not queue behind the desk."""
    if connection.vendor != "sqlite":
        yield
        return
    usual = int(settings.DATABASES["default"]["OPTIONS"]["timeout"] * 1000)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {usual}")

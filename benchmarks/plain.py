"""The peer of recording: an event as a project with django-fsm and nothing else would write it."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import connection, models, transaction

from convoys.models import Convoy, Place


class PlainEvent(models.Model):
    """One row of a history: no claim, no order, no ledger. Its table lives as long as the measure."""

    convoy = models.ForeignKey(Convoy, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=32)
    occurred_at = models.DateTimeField()
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(blank=True)
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "benchmarks"
        managed = False
        ordering = ["convoy", "occurred_at"]
        indexes = [models.Index(fields=["convoy", "occurred_at"], name="plain_event_by_convoy")]

    def __str__(self) -> str:
        return self.kind


# Where one was reported without a place it lies at any other.
FILL = """
INSERT INTO benchmarks_plainevent (convoy_id, kind, occurred_at, place_id, author_id, text, recorded_at)
SELECT convoy_id, kind, occurred_at, coalesce(place_id, (SELECT min(code) FROM convoys_place)),
  coalesce(author_id, (SELECT min(id) FROM accounts_user)), 'Our team on the road saw it.', recorded_at
FROM convoys_event WHERE convoy_id IS NOT NULL ORDER BY sequence
"""


class PlainTable:
    """The table of plain events, while `with` it, with as many rows as our own has: what is written to an
    empty table finds its indexes in memory, whatever the size of the rest."""

    def __enter__(self) -> None:
        with connection.schema_editor() as editor:
            editor.create_model(PlainEvent)
        with connection.cursor() as cursor:
            cursor.execute(FILL)
            cursor.execute(f'ANALYZE "{PlainEvent._meta.db_table}"')

    def __exit__(self, *_: object) -> None:
        with connection.schema_editor() as editor:
            editor.delete_model(PlainEvent)


def record_plainly(reference: str, kind: str, place: str, occurred_at: datetime, author: int) -> None:
    """Lock the row, move it by its FSM method, save it whole, insert an event."""
    with transaction.atomic():
        convoy = Convoy.objects.select_for_update().get(reference=reference)
        getattr(convoy, kind)()
        convoy.stands_at_id, convoy.last_reported_at = place, occurred_at
        convoy.save()
        PlainEvent._default_manager.create(
            convoy=convoy, kind=kind, occurred_at=occurred_at, place_id=place, author_id=author,
            text="Our team on the road saw it.",
        )  # fmt: skip

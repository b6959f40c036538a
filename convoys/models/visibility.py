"""Who came to see a convoy, and who ceased to, at which entry. A projection, for the change feed."""

from __future__ import annotations

from django.db import models

from accounts.models import Organisation
from convoys.models.convoy import Convoy


class VisibilityChange(models.Model):
    """At this entry one organisation became something else to a convoy.

    `before` and `after` are values of `queries.visibility.Relation`: party, partner or stranger.
    Without an organisation it is about every one that has no row of its own at that entry and convoy;
    one that stays what it was has such a row, with both alike.
    """

    sequence = models.BigIntegerField()
    convoy = models.ForeignKey(Convoy, on_delete=models.CASCADE, db_index=False, related_name="+")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    before = models.CharField(max_length=8)
    after = models.CharField(max_length=8)

    class Meta:
        ordering = ["sequence"]
        constraints = [
            # Also the index by which a reader finds its own among those of everybody.
            models.UniqueConstraint(
                fields=["organisation", "sequence", "convoy"], name="visibility_change_once"
            )
        ]
        indexes = [models.Index(fields=["convoy", "sequence"], name="visibility_change_by_convoy")]

    def __str__(self) -> str:
        return f"{self.organisation_id or 'others'}: {self.after}"

"""Texts kept of answers, so that they need not be made again. A cache: whoever empties it loses time only."""

from __future__ import annotations

from django.db import models

from convoys.models.convoy import Convoy


class KeptText(models.Model):
    """What the API's serializer made of a convoy, as JSON: a row of a list, or all of it for some readers.

    It is good for as long as what it was made from is: the convoy at this `version` (of a row its newest
    event, of all of it its newest entry of any kind), the master data of this stamp, and the
    `circumstances` (a digest of release and settings). It is compared when it is read, so that nobody who
    writes has to think of it.
    """

    # No constraint: checking it would lock rows of convoys for the sake of a cache.
    convoy = models.ForeignKey(
        Convoy, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="kept_texts"
    )
    shape = models.CharField(max_length=8)
    version = models.BigIntegerField()
    master_data = models.UUIDField()
    circumstances = models.CharField(max_length=32)
    text = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["convoy", "shape"], name="kept_text_once")]

    def __str__(self) -> str:
        return f"{self.shape} of convoy {self.convoy_id}"

"""Whether places, routes, organisations or agreements have changed since an answer was given."""

from __future__ import annotations

from django.db import models


class MasterData(models.Model):
    """The one row whose stamp is new after every change of master data, whoever made it and how.

    Written by database triggers alone (`triggers.MASTER_DATA` names the tables), in the transaction of
    the change: who reads the new stamp reads the change.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    stamp = models.UUIDField()

    class Meta:
        verbose_name_plural = "master data"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_master_data")]

    def __str__(self) -> str:
        return str(self.stamp)

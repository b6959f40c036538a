"""Kept documents: a file or page copy that a claim rests on, named by its SHA-256."""

from __future__ import annotations

from django.db import models


class Document(models.Model):
    """One file, stored once however many claims rest on it. The ledger holds its digest.

    It stands in the database, so that it is written with its claim or not at all, and is backed up
    with the record.
    """

    sha256 = models.CharField(max_length=64, primary_key=True)
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    content = models.BinaryField()
    kept_at = models.DateTimeField()

    class Meta:
        ordering = ["-kept_at"]

    def __str__(self) -> str:
        return self.name

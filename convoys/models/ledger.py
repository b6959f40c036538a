"""The ledger: entries, the words that may be erased, and the tree over them (RFC 6962)."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class EntryType(models.TextChoices):
    EVENT = "event", "event"
    CLAIM = "claim", "claim"
    ERASURE = "erasure", "erasure"


class LedgerEntry(models.Model):
    """One leaf. The sequence starts at 1, has no gaps and is the order of commits.

    Salts of the groups `open` and `detail` stand here; that of `words` stands with the words,
    so that erasing both leaves only the digest.
    """

    sequence = models.BigIntegerField(primary_key=True)
    type = models.CharField(max_length=8, choices=EntryType)
    open_salt = models.BinaryField(max_length=16)
    detail_salt = models.BinaryField(max_length=16)
    words_digest = models.BinaryField(max_length=32)
    leaf_hash = models.BinaryField(max_length=32)

    class Meta:
        ordering = ["sequence"]

    def __str__(self) -> str:
        return str(self.sequence)


class Words(models.Model):
    """What people said or wrote, by field. The only part of an entry that can be erased."""

    sequence = models.BigIntegerField(primary_key=True)
    salt = models.BinaryField(max_length=16)
    fields = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "words"

    def __str__(self) -> str:
        return str(self.sequence)


class Erasure(models.Model):
    """Words that an administrator took out, with a reason; the digest stays in the ledger."""

    sequence = models.BigIntegerField(primary_key=True)
    erased = models.BigIntegerField(unique=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"words of {self.erased}"


class LedgerNode(models.Model):
    """Hash of a complete subtree of 2^level leaves, level 1 and up; entries are level 0."""

    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "index"], name="ledger_node_once")]

    def __str__(self) -> str:
        return f"{self.level}/{self.index}"


class LedgerHead(models.Model):
    """The one row that every writer locks last: size, root, time and the open right edge."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    size = models.BigIntegerField(default=0)
    root = models.BinaryField(max_length=32)
    frontier = models.JSONField(default=list, help_text="Hex hashes of complete subtrees, largest first.")
    time = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_ledger_head")]

    def __str__(self) -> str:
        return f"{self.size}:{bytes(self.root).hex()}"

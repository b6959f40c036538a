"""What partners say in reply, while it waits for staff: a table of its own, outside of the record."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from convoys.models.claim import Claim
from convoys.models.convoy import Convoy
from convoys.models.event import Event


class OfferState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    RELEASED = "released", _("released")
    DECLINED = "declined", _("declined")
    WITHDRAWN = "withdrawn", _("withdrawn")


class AccountOffered(models.Model):
    """A partner's own account of an event, or in answer to a claim, each by the first of its chain.

    It becomes a claim when staff release it, by a change set with its `uuid`. `account` holds what it
    says and is emptied when it is withdrawn, and when it is released: then the claim has the words,
    so that erasing them there leaves none here.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    convoy = models.ForeignKey(Convoy, on_delete=models.PROTECT, db_index=False, related_name="+")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    stance = models.CharField(max_length=16)
    account = models.JSONField(default=dict)
    key = models.UUIDField(null=True, help_text="As its sender called it: the same sent twice is one.")
    contents_digest = models.CharField(max_length=64)
    offered_at = models.DateTimeField()
    state = models.CharField(max_length=16, choices=OfferState, default=OfferState.WAITING)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True, help_text="Why it was declined; its partner reads it.")
    sequence = models.BigIntegerField(null=True, help_text="Of the claim that it became.")

    class Meta:
        ordering = ["-offered_at", "-id"]
        verbose_name = "partner's account"
        verbose_name_plural = "partners' accounts"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(event__isnull=False, claim=None)
                | models.Q(event=None, claim__isnull=False),
                name="offered_of_one_target",
            ),
            models.CheckConstraint(
                condition=models.Q(state=OfferState.WAITING, decided_at=None, sequence=None)
                # Without a sequence while the record is being written.
                | models.Q(state=OfferState.RELEASED, decided_by__isnull=False)
                | models.Q(state=OfferState.DECLINED, decided_by__isnull=False, sequence=None)
                & ~models.Q(reason="")
                | models.Q(state=OfferState.WITHDRAWN, sequence=None),
                name="offered_of_its_state",
            ),
            models.UniqueConstraint(fields=["organisation", "key"], name="offered_once_a_key"),
        ]
        indexes = [
            models.Index(
                fields=["convoy"],
                condition=models.Q(sequence=None, state__in=["waiting", "released"]),
                name="offered_and_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id}, {self.offered_at:%Y-%m-%d %H:%M}"

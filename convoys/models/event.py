"""Change sets, and the events they hold. Appended by the timeline, never edited or deleted."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.models import Organisation
from convoys import vocabulary
from convoys.models.convoy import Convoy
from convoys.models.fields import code_field, index_where_given, tonnage_in_order, tonnes_field
from convoys.models.place import ControlPoint, Place
from convoys.models.route import Agreement


class ChangeSet(models.Model):
    """One submission. A repeat of its UUID with the same contents gives the first result."""

    uuid = models.UUIDField(primary_key=True)
    contents_digest = models.CharField(max_length=64)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    door = models.CharField(max_length=32)
    recorded_at = models.DateTimeField()
    sequences = models.JSONField(help_text="What each step became: the result that a repeat is given.")

    def __str__(self) -> str:
        return str(self.uuid)


class Entry(models.Model):
    """What events and claims have in common: their place in the ledger and in their chain."""

    sequence = models.BigIntegerField(primary_key=True)
    change_set = models.ForeignKey(ChangeSet, on_delete=models.PROTECT, related_name="%(class)ss")
    act = code_field(vocabulary.Act, blank=False)
    chain = models.BigIntegerField(db_index=True, help_text="Sequence of the chain's first entry.")
    supersedes = models.BigIntegerField(null=True)
    audience = code_field(vocabulary.Audience, blank=False)
    backfilled = models.BooleanField(default=False)
    known_from = models.DateTimeField()
    recorded_at = models.DateTimeField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.sequence)


class Event(Entry):
    """Something that happened to one subject: kind, when, where. It carries no source of its own."""

    convoy = models.ForeignKey(
        Convoy, on_delete=models.PROTECT, null=True, db_index=False, related_name="events"
    )
    control_point = models.ForeignKey(
        ControlPoint, on_delete=models.PROTECT, null=True, db_index=False, related_name="events"
    )
    agreement = models.ForeignKey(
        Agreement, on_delete=models.PROTECT, null=True, db_index=False, related_name="events"
    )
    kind = models.CharField(max_length=32, choices=vocabulary.KIND_CHOICES)

    occurred_at = models.DateTimeField()
    precision = code_field(vocabulary.Precision, blank=False)
    bound = code_field(vocabulary.Bound, blank=False)
    time_zone = models.CharField(max_length=64)
    effective_at = models.DateTimeField()
    place = models.ForeignKey(Place, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    held_before = models.ForeignKey(
        ControlPoint, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    heading = models.ForeignKey(Place, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    decided_by = code_field(vocabulary.DecidedBy)
    decided_by_organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    access = code_field(vocabulary.Access)
    loss_mode = code_field(vocabulary.LossMode)
    trucks = models.PositiveIntegerField(null=True)
    tonnes_low = tonnes_field()
    tonnes_high = tonnes_field()
    declares = models.JSONField(default=dict)
    # The cargo's account: what of a load came damaged or was refused, beside what its tonnes count.
    damaged_tonnes_low = tonnes_field()
    damaged_tonnes_high = tonnes_field()
    refused_tonnes_low = tonnes_field()
    refused_tonnes_high = tonnes_field()
    shortfall_reason = code_field(vocabulary.ShortfallReason)
    # Where the cargo goes on: the convoy that a part or the whole becomes, and who carries it.
    other_convoy = models.ForeignKey(
        Convoy, on_delete=models.PROTECT, null=True, db_index=False, related_name="named_by"
    )
    next_carrier = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )

    class Meta:
        ordering = ["sequence"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(convoy__isnull=False, control_point=None, agreement=None)
                | models.Q(convoy=None, control_point__isnull=False, agreement=None)
                | models.Q(convoy=None, control_point=None, agreement__isnull=False),
                name="event_of_one_subject",
            ),
            tonnage_in_order("event_tonnage_in_order", "tonnes_low", "tonnes_high"),
            tonnage_in_order("event_damaged_in_order", "damaged_tonnes_low", "damaged_tonnes_high"),
            tonnage_in_order("event_refused_in_order", "refused_tonnes_low", "refused_tonnes_high"),
            models.CheckConstraint(
                condition=models.Q(other_convoy=None) | ~models.Q(other_convoy=models.F("convoy")),
                name="event_names_another_convoy",
            ),
            models.UniqueConstraint(fields=["supersedes"], name="event_superseded_once"),
        ]
        # Every one is paid for with each event: only what is asked by, and only where it is given.
        indexes = [
            models.Index(fields=["convoy", "effective_at", "chain"], name="event_by_convoy"),
            models.Index(fields=["known_from", "sequence"], name="event_by_known_from"),
            index_where_given("control_point", "effective_at", "chain", name="event_by_control_point"),
            index_where_given("agreement", "effective_at", "chain", name="event_by_agreement"),
            index_where_given("other_convoy", name="event_by_other_convoy"),
        ]

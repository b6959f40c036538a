"""Claims: what one speaker says in one document. The words themselves stand in `Words`."""

from __future__ import annotations

from django.db import models

from convoys import vocabulary
from convoys.models.convoy import Convoy
from convoys.models.event import Entry, Event
from convoys.models.fields import code_field, index_where_given, tonnage_in_order, tonnes_field
from convoys.models.place import ControlPoint, Place
from convoys.models.route import Agreement


class Claim(Entry):
    """An account with exactly one target: an event or a claim (by the first of its chain), an item
    of a convoy's declaration, a control point or an agreement.

    A claim on the item `links` says what its convoy is to another one.
    `alleged_*` say what it alleges; holders are organisation codes and causes codes of
    `vocabulary.Cause`, both sorted sets.
    """

    target_event = models.ForeignKey(Event, on_delete=models.PROTECT, null=True, related_name="claims")
    target_claim = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, db_index=False, related_name="claims"
    )
    target_convoy = models.ForeignKey(
        Convoy, on_delete=models.PROTECT, null=True, db_index=False, related_name="claims"
    )
    target_item = code_field(vocabulary.Item)
    target_control_point = models.ForeignKey(
        ControlPoint, on_delete=models.PROTECT, null=True, db_index=False, related_name="claims"
    )
    target_agreement = models.ForeignKey(
        Agreement, on_delete=models.PROTECT, null=True, db_index=False, related_name="claims"
    )

    stance = code_field(vocabulary.Stance, blank=False)
    is_verbatim = models.BooleanField(default=False)
    speaker_kind = code_field(vocabulary.SpeakerKind, blank=False)
    is_confidential = models.BooleanField(
        default=False, help_text="Others than staff see the speaker's kind only."
    )

    document_sha256 = models.CharField(max_length=64, blank=True, default="", db_index=True)
    said_on = models.DateField(null=True)
    reported_on = models.DateField(null=True)
    alleged_holders = models.JSONField(default=list)
    alleged_causes = models.JSONField(default=list)
    alleged_at = models.DateTimeField(null=True)
    alleged_precision = code_field(vocabulary.Precision)
    alleged_place = models.ForeignKey(
        Place, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    alleged_access = code_field(vocabulary.Access)
    alleged_order = code_field(vocabulary.Order)
    alleged_trucks = models.PositiveIntegerField(null=True)
    alleged_tonnes_low = tonnes_field()
    alleged_tonnes_high = tonnes_field()
    alleged_link = code_field(vocabulary.ConvoyLink)
    alleged_convoy = models.ForeignKey(
        Convoy, on_delete=models.PROTECT, null=True, db_index=False, related_name="linked_by"
    )

    class Meta:
        ordering = ["sequence"]
        indexes = [
            index_where_given("target_claim", name="claim_by_claim"),
            index_where_given("target_convoy", name="claim_by_convoy"),
            index_where_given("target_control_point", name="claim_by_control_point"),
            index_where_given("target_agreement", name="claim_by_agreement"),
            index_where_given("alleged_convoy", name="claim_by_alleged_convoy"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    target_event__isnull=False,
                    target_claim=None,
                    target_convoy=None,
                    target_control_point=None,
                    target_agreement=None,
                    target_item="",
                )
                | models.Q(
                    target_event=None,
                    target_claim__isnull=False,
                    target_convoy=None,
                    target_control_point=None,
                    target_agreement=None,
                    target_item="",
                )
                | models.Q(
                    target_event=None,
                    target_claim=None,
                    target_convoy__isnull=False,
                    target_control_point=None,
                    target_agreement=None,
                )
                & ~models.Q(target_item="")
                | models.Q(
                    target_event=None,
                    target_claim=None,
                    target_convoy=None,
                    target_control_point__isnull=False,
                    target_agreement=None,
                    target_item="",
                )
                | models.Q(
                    target_event=None,
                    target_claim=None,
                    target_convoy=None,
                    target_control_point=None,
                    target_agreement__isnull=False,
                    target_item="",
                ),
                name="claim_of_one_target",
            ),
            tonnage_in_order("claim_tonnage_in_order", "alleged_tonnes_low", "alleged_tonnes_high"),
            models.CheckConstraint(
                condition=models.Q(alleged_link="", alleged_convoy=None)
                & ~models.Q(target_item=vocabulary.Item.LINKS.value)
                | models.Q(alleged_convoy__isnull=False, target_item=vocabulary.Item.LINKS.value)
                & ~models.Q(alleged_link="")
                & ~models.Q(alleged_convoy=models.F("target_convoy")),
                name="claim_links_two_convoys",
            ),
            models.UniqueConstraint(fields=["supersedes"], name="claim_superseded_once"),
        ]

"""Convoys. Every column but the reference is a projection of the record, written by the timeline."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models

from accounts.models import Organisation
from convoys import vocabulary
from convoys.models.fields import code_field, index_where_given, tonnage_in_order, tonnes_field
from convoys.models.place import ControlPoint, Place
from convoys.models.route import Route
from convoys.models.states import ConvoyStates


class Convoy(ConvoyStates):
    """One aid shipment under one reference. Times are instants beside their precision."""

    reference = models.CharField(max_length=64, unique=True)
    is_exercise = models.BooleanField(default=False, editable=False)
    shared_with_all_partners = models.BooleanField(default=False, editable=False)

    # The declaration.
    origin = models.ForeignKey(Place, on_delete=models.PROTECT, null=True, related_name="+")
    destination = models.ForeignKey(Place, on_delete=models.PROTECT, null=True, related_name="+")
    route = models.ForeignKey(Route, on_delete=models.PROTECT, null=True, related_name="convoys")
    carrier = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    consignee = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    trucks = models.PositiveIntegerField(null=True)
    tonnes_low = tonnes_field()
    tonnes_high = tonnes_field()
    planned_departure_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)

    # Where its history has led.
    status_since = models.DateTimeField(null=True)
    status_precision = code_field(vocabulary.Precision)
    held_since = models.DateTimeField(null=True)
    held_precision = code_field(vocabulary.Precision)
    hold_chain = models.BigIntegerField(null=True)
    stands_at = models.ForeignKey(Place, on_delete=models.PROTECT, null=True, related_name="standing_convoys")
    held_before = models.ForeignKey(
        ControlPoint, on_delete=models.PROTECT, null=True, related_name="held_convoys"
    )
    heading = models.ForeignKey(Place, on_delete=models.PROTECT, null=True, related_name="+")
    heading_back = models.BooleanField(default=False)
    last_reported_at = models.DateTimeField(null=True)
    last_reported_precision = code_field(vocabulary.Precision)
    tracking_ended_at = models.DateTimeField(null=True)
    newest_entry = models.BigIntegerField(null=True)
    newest_mention = models.BigIntegerField(
        default=0, editable=False, help_text="Last entry about it: events, accounts of any of it, erasures."
    )
    registered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["reference"]
        constraints = [tonnage_in_order("convoy_tonnage_in_order", "tonnes_low", "tonnes_high")]
        indexes = [
            models.Index(fields=["status", "held_since"], name="convoy_by_state"),
            models.Index(fields=["route", "status"], name="convoy_by_route"),
            models.Index(fields=["last_reported_at"], name="convoy_by_last_report"),
            index_where_given("held_since", name="convoy_by_hold"),
        ]

    def __str__(self) -> str:
        return self.reference

    def refresh_from_db(
        self, using: str | None = None, fields: Iterable[str] | None = None, from_queryset: Any = None
    ) -> None:
        """Read the row anew without lifting the guard of the state column.

        Writes to `__dict__`, as loading does: the guard sits on the shared field, so that lifting
        it here would lift it for every thread.
        """
        rows = from_queryset if from_queryset is not None else type(self)._base_manager.db_manager(using)
        fresh = rows.get(pk=self.pk)
        names = {field.attname for field in self._meta.concrete_fields}
        if fields is not None:
            wanted = set(fields)
            names = {f.attname for f in self._meta.concrete_fields if f.name in wanted or f.attname in wanted}
        for name in names:
            self.__dict__[name] = getattr(fresh, name)
        for relation in self._meta.concrete_fields:
            if relation.attname in names and relation.is_relation:
                self._state.fields_cache.pop(relation.name, None)
        if fields is None:
            self._prefetched_objects_cache: dict[str, Any] = {}


class Part(models.TextChoices):
    """What an organisation is to a convoy. All but `shared` are parties to it."""

    SPONSOR = "sponsor", "sponsor"
    CARRIER = "carrier", "carrier"
    CONSIGNEE = "consignee", "consignee"
    SHARED = "shared", "shared with by name"


class ConvoyOrganisation(models.Model):
    """An organisation that sees a convoy, and why: one table answers who may see what."""

    convoy = models.ForeignKey(Convoy, on_delete=models.CASCADE, related_name="organisations")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="convoys")
    part = models.CharField(max_length=16, choices=Part)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["convoy", "part", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["convoy", "organisation", "part"], name="convoy_organisation_part_once"
            )
        ]
        indexes = [models.Index(fields=["organisation", "convoy"], name="convoy_by_organisation")]

    def __str__(self) -> str:
        return f"{self.organisation_id} ({self.part})"


class CargoLine(models.Model):
    """One kind of goods. Tonnes only where a source gives tonnes for that line."""

    convoy = models.ForeignKey(Convoy, on_delete=models.CASCADE, related_name="cargo_lines")
    line = models.PositiveSmallIntegerField()
    category = code_field(vocabulary.CargoCategory, blank=False)
    description = models.CharField(max_length=300, blank=True)
    quantity = models.DecimalField(max_digits=14, decimal_places=3, null=True)
    unit = models.CharField(max_length=40, blank=True)
    tonnes_low = tonnes_field()
    tonnes_high = tonnes_field()

    class Meta:
        ordering = ["convoy", "line"]
        constraints = [
            models.UniqueConstraint(fields=["convoy", "line"], name="cargo_line_once"),
            tonnage_in_order("cargo_tonnage_in_order", "tonnes_low", "tonnes_high"),
        ]

    def __str__(self) -> str:
        return self.description or self.get_category_display()


class OtherReference(models.Model):
    """A waybill, a sponsor's own number, a clearance: unique per issuer."""

    convoy = models.ForeignKey(Convoy, on_delete=models.CASCADE, related_name="other_references")
    issuer = models.CharField(max_length=100)
    number = models.CharField(max_length=100)

    class Meta:
        ordering = ["issuer", "number"]
        constraints = [
            models.UniqueConstraint(fields=["issuer", "number"], name="other_reference_once_per_issuer")
        ]

    def __str__(self) -> str:
        return f"{self.issuer}: {self.number}"


class StateInterval(models.Model):
    """From when to when a convoy was in a state, and from when until when that was our knowledge.

    `starts_at` and `ends_at` are the order's instants (`effective_at`); the reported ones, with
    their precision, are those of the opening and closing events.
    """

    convoy = models.ForeignKey(
        Convoy, on_delete=models.CASCADE, db_index=False, related_name="state_intervals"
    )
    state = code_field(vocabulary.State, blank=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    known_from = models.DateTimeField()
    known_until = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    opened_precision = code_field(vocabulary.Precision)
    closed_at = models.DateTimeField(null=True)
    closed_precision = code_field(vocabulary.Precision)
    opening_chain = models.BigIntegerField()
    closing_chain = models.BigIntegerField(null=True)
    ended = models.CharField(max_length=32, blank=True)
    is_end_inferred = models.BooleanField(default=False)
    stands_at = models.ForeignKey(
        Place, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    held_before = models.ForeignKey(
        ControlPoint, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )

    class Meta:
        ordering = ["convoy", "starts_at", "known_from"]
        indexes = [
            models.Index(fields=["convoy", "starts_at"], name="interval_by_convoy"),
            models.Index(fields=["state", "starts_at"], name="interval_by_state"),
            index_where_given("held_before", name="interval_by_held_before"),
        ]

    def __str__(self) -> str:
        return f"{self.state} from {self.starts_at}"

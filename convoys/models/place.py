"""Places with each party's names for them, and the control points among them."""

from __future__ import annotations

from django.db import models

from accounts.models import NamingParty
from convoys import vocabulary
from convoys.models.fields import code_field


class Place(models.Model):
    """A town, point or area. Its code is its key, since the ledger names places by it."""

    code = models.SlugField(max_length=64, primary_key=True)
    kind = code_field(vocabulary.PlaceKind, blank=False)
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166; empty at a border.")
    latitude = models.DecimalField(max_digits=8, decimal_places=5, null=True, blank=True)
    longitude = models.DecimalField(max_digits=8, decimal_places=5, null=True, blank=True)
    coordinate_source = models.CharField(max_length=200, blank=True)
    time_zone = models.CharField(max_length=64, blank=True, help_text="IANA name; empty: the instance's.")
    is_exercise = models.BooleanField("for exercises only", default=False)
    note = models.TextField("staff note", blank=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(latitude__isnull=True, longitude__isnull=True)
                | models.Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="place_on_earth",
            )
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """Every party's name, in alphabetical order: "Berdzor / Lachin". Prefetch `names` in lists."""
        shown = {
            name.name for name in self.names.all() if not name.is_alias and name.party != NamingParty.OTHER
        }
        if not shown:
            shown = {name.name for name in self.names.all() if not name.is_alias}
        return " / ".join(sorted(shown, key=str.casefold)) or self.code


class PlaceName(models.Model):
    """A name in one party's use. An alias is another spelling: searched for, never shown."""

    place = models.ForeignKey(Place, on_delete=models.CASCADE, related_name="names")
    name = models.CharField(max_length=200)
    party = models.CharField(max_length=16, choices=NamingParty)
    language = models.CharField(max_length=8, default="en")
    is_alias = models.BooleanField("other spelling", default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["place", "party", "name"], name="place_name_once")]

    def __str__(self) -> str:
        return self.name


class ControlPoint(models.Model):
    """A place that can be closed. Who operates it is a claim, so there is no operator here.

    `access` is a projection of its events, written by the timeline alone.
    """

    place = models.OneToOneField(
        Place, on_delete=models.PROTECT, primary_key=True, related_name="control_point"
    )
    type = code_field(vocabulary.ControlPointType, blank=False)
    side_a = models.ForeignKey(Place, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    side_b = models.ForeignKey(Place, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    access = code_field(vocabulary.Access, editable=False)
    access_since = models.DateTimeField(null=True, editable=False)
    access_precision = code_field(vocabulary.Precision, editable=False)
    newest_entry = models.BigIntegerField(null=True, editable=False)

    class Meta:
        ordering = ["place"]

    def __str__(self) -> str:
        return str(self.place)

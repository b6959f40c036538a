"""Routes: ordered places, some of them control points."""

from __future__ import annotations

from django.db import models

from convoys.models.place import Place


class Route(models.Model):
    """A way that convoys share. Its code is its key, since the ledger names routes by it."""

    code = models.SlugField(max_length=64, primary_key=True)
    name = models.CharField(max_length=200)
    desk_email = models.EmailField(blank=True, help_text="Where recipients of alerts may answer.")
    desk_telephone = models.CharField(max_length=40, blank=True)
    is_exercise = models.BooleanField("for exercises only", default=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class RouteStop(models.Model):
    """One place of a route, in travelling order."""

    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="stops")
    position = models.PositiveSmallIntegerField()
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="route_stops")

    class Meta:
        ordering = ["route", "position"]
        constraints = [
            models.UniqueConstraint(fields=["route", "position"], name="route_position_once"),
            models.UniqueConstraint(fields=["route", "place"], name="route_place_once"),
        ]

    def __str__(self) -> str:
        return f"{self.route_id} {self.position}"


class Agreement(models.Model):
    """Something said to have been agreed about routes. Its steps are events, each with claims."""

    code = models.SlugField(max_length=64, primary_key=True)
    title = models.CharField(max_length=200)
    routes = models.ManyToManyField(Route, related_name="agreements", blank=True)
    is_exercise = models.BooleanField("for exercises only", default=False)
    newest_entry = models.BigIntegerField(null=True, editable=False)
    note = models.TextField("staff note", blank=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.title

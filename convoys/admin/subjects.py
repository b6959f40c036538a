"""What a report can be about, seen from the desk: a convoy, a control point or an agreement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.admin.utils import quote
from django.http import Http404
from django.urls import reverse

from convoys.admin.choices import Choices, choices_for
from convoys.clocks import instance_zone, zone_named
from convoys.models import Agreement, ControlPoint, Convoy, Place
from convoys.queries.desk import desk_convoys
from convoys.queries.history import Subject as Row
from convoys.services.changes import DEFAULT_AUDIENCE, SubjectRef
from convoys.vocabulary import KINDS, Audience, Kind, SubjectType


@dataclass
class DeskSubject:
    """One subject with its addresses in the admin and what its forms offer."""

    type: SubjectType
    row: Row

    @property
    def ref(self) -> SubjectRef:
        code = self.row.reference if isinstance(self.row, Convoy) else str(self.row.pk)
        return SubjectRef(self.type, code)

    @property
    def model_name(self) -> str:
        return str(self.row._meta.model_name)

    @property
    def name(self) -> str:
        return str(self.row)

    @property
    def list_name(self) -> str:
        return str(self.row._meta.verbose_name_plural)

    @property
    def is_exercise(self) -> bool:
        return self.row.place.is_exercise if isinstance(self.row, ControlPoint) else self.row.is_exercise

    @property
    def stands_at(self) -> Place | None:
        """Where the subject is now: the convoy's last known place, the control point itself."""
        if isinstance(self.row, Convoy):
            return self.row.stands_at
        return self.row.place if isinstance(self.row, ControlPoint) else None

    @property
    def zone(self) -> ZoneInfo:
        place = self.stands_at
        return zone_named(place.time_zone) if place else instance_zone()

    def url(self, act: str, *args: Any) -> str:
        """The address of one of our pages, or of one of Django's, which escapes keys in a way of its own."""
        key = quote(self.row.pk) if act in ("change", "history", "edit") else self.row.pk
        return reverse(f"admin:convoys_{self.model_name}_{act}", args=[key, *args])

    @property
    def public_url(self) -> str:
        """Its page for readers."""
        return reverse(f"board:{self.type}", args=[self.ref.code])

    @property
    def page_url(self) -> str:
        return self.url("change")

    @property
    def list_url(self) -> str:
        return reverse(f"admin:convoys_{self.model_name}_changelist")

    def default_audience(self, kind: Kind | None = None) -> Audience:
        """Who reads a report unless its author says otherwise: of a note, staff."""
        if kind is not None and "text" in kind.allowed:
            return Audience.STAFF
        return DEFAULT_AUDIENCE[self.type]

    def choices(self) -> Choices:
        if not isinstance(self.row, Convoy):
            near = [self.row.pk] if isinstance(self.row, ControlPoint) else []
            return choices_for(self.is_exercise, near=near)
        convoy = self.row
        return choices_for(
            convoy.is_exercise,
            convoy.route_id,
            [convoy.origin_id, convoy.stands_at_id, convoy.destination_id],
        )

    def kinds(self) -> list[Kind]:
        """Every kind that can be recorded of this type of subject in this version."""
        return [kind for kind in KINDS.values() if self.type in kind.subjects]


def subject_or_404(type: SubjectType, pk: str) -> DeskSubject:
    """The subject with this key. A key that names nothing, or cannot, is not found."""
    if type == SubjectType.CONVOY:
        rows: Any = desk_convoys().select_related("carrier", "consignee")
        rows = rows.prefetch_related("cargo_lines", "other_references")
    elif type == SubjectType.CONTROL_POINT:
        rows = ControlPoint.objects.select_related("place", "side_a", "side_b")
        rows = rows.prefetch_related("place__names", "side_a__names", "side_b__names")
    else:
        rows = Agreement.objects.prefetch_related("routes")
    try:
        row = rows.filter(pk=pk).first() if "\x00" not in pk else None
    except (ValueError, OverflowError):
        row = None
    if row is None:
        raise Http404
    return DeskSubject(type, row)

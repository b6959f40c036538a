"""Where to look for entries, by what they are about: in the order of the indexes, not of the ledger.

Whoever sees one convoy among a hundred thousand must not have the whole ledger read for a page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from convoys.models import Claim, Convoy, Erasure, Event, VisibilityChange
from convoys.queries.visibility import Viewer


@dataclass(frozen=True)
class Scope:
    """Conditions on the subject of an entry, any of which it meets, as (column and lookup, value); and
    the kinds of event looked for: with any, no other type of entry is."""

    subjects: tuple[tuple[str, Any], ...]
    kinds: tuple[str, ...] = ()

    def sequences(self, after: int, upto: int, most: int) -> list[int]:
        """The first of the entries in this scope between two sequences, in order, at most so many.

        It holds what a reader may not see, too.
        """
        found: set[int] = set()
        for entries in self._sources():
            between = entries.filter(sequence__gt=after, sequence__lte=upto)
            found.update(between.order_by("sequence").values_list("sequence", flat=True)[:most])
        return sorted(found)[:most]

    def _sources(self) -> Iterator[QuerySet[Any]]:
        for column, value in self.subjects:
            events = Event.objects.filter(Q((column, value)))
            yield events.filter(kind__in=self.kinds) if self.kinds else events
            if self.kinds:
                continue
            for way in ("target_", "target_event__", "target_claim__target_", "target_claim__target_event__"):
                yield Claim.objects.filter(Q((f"{way}{column}", value)))
        if not self.kinds:
            yield Erasure.objects.all()


# What every partner may know of.
COMMON: tuple[tuple[str, Any], ...] = (("control_point__isnull", False), ("agreement__isnull", False))

EVERYTHING = (("convoy__isnull", False), *COMMON)


def ever_seen_by(viewer: Viewer) -> Scope:
    """All that this partner sees or once saw, and that it may have been told of."""
    return Scope((("convoy__in", convoys_ever_seen(viewer)), *COMMON))


def convoys_ever_seen(viewer: Viewer) -> QuerySet[Any]:
    return changes_for(viewer).order_by().values("convoy")


def changes_for(viewer: Viewer) -> QuerySet[VisibilityChange]:
    """Changes of who sees what that are about this partner, or about all that have none of their own."""
    changes = VisibilityChange.objects.all()
    if viewer.is_staff or viewer.sees_nothing:  # to staff nothing is ever shown or withdrawn
        return changes.none()
    return changes.filter(Q(organisation=viewer.organisation) | Q(organisation=None))


def exercises() -> tuple[tuple[str, Any], ...]:
    """What is about exercises."""
    return (
        ("convoy__in", Convoy.objects.filter(is_exercise=True).values("pk")),
        ("control_point__place__is_exercise", True),
        ("agreement__is_exercise", True),
    )

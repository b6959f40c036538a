"""Convoys held before the same control point as one that a mail tells of.

Read for all readers at once, and kept from batch to batch while nothing was recorded: who is held
where, and who may see it, is all of the record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice

from convoys.models import Convoy
from convoys.queries.rows import bare
from convoys.queries.sight import Sight
from convoys.queries.visibility import Viewer
from convoys.vocabulary import State

HELD = (
    "id", "reference", "is_exercise", "held_before_id", "held_since", "held_precision", "tonnes_low",
    "tonnes_high", "hold_chain",
)  # fmt: skip
Place = tuple[str, bool]  # a control point, and whether the convoys there are exercises


@dataclass(slots=True)
class _Seen:
    """Of the convoys at a place, longest held first: so many were asked about, these are seen."""

    asked: int = 0
    convoys: list[Convoy] = field(default_factory=list)


class Neighbours:
    """Held convoys by control point. Whoever asks has loaded the points, with the ledger's size."""

    def __init__(self) -> None:
        self._forget(0)

    def _forget(self, size: int) -> None:
        self._size, self._sight = size, Sight()
        self._points: set[str] = set()
        self._held: dict[Place, list[Convoy]] = defaultdict(list)
        self._seen: dict[tuple[Viewer, Place], _Seen] = {}

    def load(self, points: Collection[str], size: int) -> None:
        """Read who is held before these points. Four statements, or none while the ledger has not grown."""
        if size != self._size:
            self._forget(size)
        new = set(points) - self._points
        if not new:
            return
        self._points |= new
        rows = Convoy.objects.filter(status=State.HELD, held_before__in=new).order_by()
        held = [bare(Convoy, HELD, values) for values in rows.values_list(*HELD)]
        self._sight.load_convoys({convoy.pk for convoy in held})
        self._sight.load_events({convoy.hold_chain for convoy in held if convoy.hold_chain is not None})
        for convoy in sorted(held, key=_longest_first):
            self._held[convoy.held_before_id or "", convoy.is_exercise].append(convoy)

    def longest_held(
        self, viewer: Viewer, points: Collection[str], is_exercise: bool, but: Collection[int], most: int
    ) -> list[Convoy]:
        """So many at most that this reader may know are held there, but for these."""
        found: list[Convoy] = []
        for point in points:
            others = (one for one in self._seen_at(viewer, (point, is_exercise)) if one.id not in but)
            found += islice(others, most)
        return sorted(found, key=_longest_first)[:most] if len(points) > 1 else found

    def _seen_at(self, viewer: Viewer, place: Place) -> Iterator[Convoy]:
        """Asked of each convoy once, and of no more than anybody has come to yet: of thousands that are held
        there a mail names a dozen."""
        held = self._held.get(place, [])
        if viewer.is_staff:
            yield from held
            return
        seen = self._seen.setdefault((viewer, place), _Seen())
        yield from seen.convoys
        while seen.asked < len(held):
            convoy = held[seen.asked]
            seen.asked += 1
            if self._is_seen_by(viewer, convoy):
                seen.convoys.append(convoy)
                yield convoy

    def _is_seen_by(self, viewer: Viewer, convoy: Convoy) -> bool:
        """Whether this reader knows of the convoy, and of what it is held by."""
        knows = self._sight.knows(viewer, convoy.pk)
        return knows and self._sight.reads_event(viewer, convoy.hold_chain or 0)


def _longest_first(convoy: Convoy) -> tuple[bool, float, str]:
    since = convoy.held_since
    return (since is None, since.timestamp() if since is not None else 0, convoy.reference)

"""How many convoys were held at the end of each day, as known at a moment."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from convoys.models import StateInterval
from convoys.queries.as_of import Moment
from convoys.queries.board import real_convoys
from convoys.queries.visibility import Viewer
from convoys.vocabulary import State


def held_at(viewer: Viewer, moment: Moment, instants: Sequence[datetime]) -> list[int]:
    """Convoys held at each of these instants, given in order, without exercises. One query."""
    known_at = moment.known_at or timezone.now()
    spans = StateInterval.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=instants[0]),
        Q(known_until=None) | Q(known_until__gt=known_at),
        convoy__in=real_convoys(viewer),
        state=State.HELD,
        starts_at__lte=instants[-1],
        known_from__lte=known_at,
    ).values_list("starts_at", "ends_at")
    counts = [0] * (len(instants) + 1)
    for starts_at, ends_at in spans:
        counts[bisect_left(instants, starts_at)] += 1
        if ends_at is not None:
            counts[bisect_left(instants, ends_at)] -= 1
    for number in range(1, len(counts)):
        counts[number] += counts[number - 1]
    return counts[:-1]

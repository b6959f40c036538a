"""The headline figures of the first page, at any moment.

For now they are read from the convoys' columns. For another day the state comes from the state
intervals, and of the entries only those are folded that state tonnage or trucks, or report; a
whole replay of every open convoy would cost many times as much.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from convoys.models import Event
from convoys.queries.as_of import Moment, intervals_at, known_then
from convoys.queries.board import MOVING, real_convoys, registered
from convoys.queries.figures import Figures, OpenConvoy, figures_over
from convoys.queries.rows import is_one_of
from convoys.queries.visibility import Viewer
from convoys.vocabulary import KINDS, Act, Item, State

FIGURES = (Item.TONNES, Item.TRUCKS)
REPORTING = frozenset(code for code, kind in KINDS.items() if kind.reports)
TOLD_BY = {code for code, kind in KINDS.items() if kind.reports or kind.items.intersection(FIGURES)}


class _Entry(NamedTuple):
    """The columns that a figure needs of an entry, in the order in which they are asked for."""

    convoy: int
    chain: int
    sequence: int
    act: str
    kind: str
    effective_at: Any
    occurred_at: Any
    precision: str
    place: str | None
    zone: str | None
    # As text: one entry in eight declares anything, and reading JSON costs more than all the rest.
    declares: str


COLUMNS = (
    "convoy_id", "chain", "sequence", "act", "kind", "effective_at", "occurred_at", "precision",
    "place_id", "place__time_zone", Cast("declares", TextField()),
)  # fmt: skip
NOTHING = "{}"


def figures(viewer: Viewer, moment: Moment) -> Figures:
    """The headline figures at the moment, as known then."""
    if moment.is_now:
        return _figures_now(viewer, moment)
    mine = real_convoys(viewer)
    spans = intervals_at(moment, MOVING).filter(convoy__in=mine).order_by()
    moving = list(spans.values_list("convoy", "state", "opened_at", "opened_precision"))
    planned = intervals_at(moment, [State.PLANNED]).filter(convoy__in=mine).count()
    events = Event.objects.filter(is_one_of("convoy", {convoy for convoy, *_ in moving}))
    told = _told_of(known_then(events, moment), moment)
    rows = [
        _open_convoy(state, opened_at, precision, told[convoy])
        for convoy, state, opened_at, precision in moving
    ]
    return figures_over(rows, planned, moment.asked)


def _figures_now(viewer: Viewer, moment: Moment) -> Figures:
    rows = (
        registered(viewer)
        .filter(status__in=MOVING)
        .values_list(
            "status",
            "trucks",
            "tonnes_low",
            "tonnes_high",
            "status_since",
            "status_precision",
            "last_reported_at",
            "last_reported_precision",
            "stands_at__time_zone",
        )
    )
    planned = registered(viewer).filter(status=State.PLANNED).count()
    return figures_over((OpenConvoy(*row[:8], row[8] or "") for row in rows), planned, moment.asked)


def _told_of(events: Any, moment: Moment) -> dict[int, list[_Entry]]:
    """By convoy, the last known entry of each chain that had happened, in order of replay."""
    newest: dict[int, _Entry] = {}
    # What was said first of what came later says nothing; what was said of it again may move it to before.
    may_count = Q(effective_at__lte=moment.asked) | Q(supersedes__isnull=False)
    rows = events.filter(may_count, kind__in=TOLD_BY).order_by("sequence")
    for row in map(_Entry._make, rows.values_list(*COLUMNS)):
        newest[row.chain] = row
    told: dict[int, list[_Entry]] = defaultdict(list)
    for entry in sorted(newest.values(), key=lambda entry: (entry.effective_at, entry.chain)):
        if entry.act != Act.RETRACT and entry.effective_at <= moment.asked:
            told[entry.convoy].append(entry)
    return told


def _open_convoy(state: str, since: Any, precision: str, entries: list[_Entry]) -> OpenConvoy:
    stated: dict[str, Any] = {}
    last: _Entry | None = None
    zone = ""
    for entry in entries:
        if entry.declares != NOTHING:
            declares = orjson.loads(entry.declares)
            stated.update({item: declares[item] for item in FIGURES if item in declares})
        if entry.kind in REPORTING:
            last = entry
            zone = entry.zone or "" if entry.place else zone
    tonnes = stated.get(Item.TONNES) or {}
    return OpenConvoy(
        status=state,
        trucks=stated.get(Item.TRUCKS),
        tonnes_low=_decimal(tonnes.get("low")),
        tonnes_high=_decimal(tonnes.get("high")),
        since=since,
        since_precision=precision,
        last_reported_at=last.occurred_at if last else None,
        last_reported_precision=last.precision if last else "",
        time_zone=zone,
    )


def _decimal(text: str | None) -> Decimal | None:
    return Decimal(text) if text is not None else None

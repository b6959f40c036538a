"""Convoys held, day by day: a drawing in steps, and the same in words for those who cannot see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from django.utils.translation import gettext as _

from convoys import wording
from convoys.board.day import SLIDER_BEFORE, Day
from convoys.clocks import end_of_day, instance_zone
from convoys.queries.daily import held_at
from convoys.queries.visibility import Viewer

BASE, TOP, LEFT = 132, 26, 8  # of the drawing, in its own units
STEP = 17  # height of one convoy, while they fit
MARGIN = 26  # to the right, where the day's count stands
CHANGES_TOLD = 20
TICKS = (1, 15)


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class Drawing:
    """One drawing of the steps, `width` units wide."""

    name: str
    width: int
    edge: str
    area: str
    right: float
    height_now: float
    ticks: list[Tick]


@dataclass(frozen=True)
class Chart:
    words: str
    count: int
    drawings: list[Drawing]


def chart_of(viewer: Viewer, day: Day) -> Chart:
    """The days before the day shown, and that day; as known at its moment."""
    last = day.at.astimezone(instance_zone()).date()
    days = [last - timedelta(days=back) for back in range(SLIDER_BEFORE, -1, -1)]
    counts = held_at(viewer, day.moment, [*(end_of_day(one) for one in days[:-1]), day.at])
    drawings = [_drawing("wide", 1120, days, counts), _drawing("narrow", 358, days, counts)]
    return Chart(_words(days, counts), counts[-1], drawings)


def _drawing(name: str, width: int, days: list[date], counts: list[int]) -> Drawing:
    right = width - MARGIN
    across = (right - LEFT) / len(days)
    up = min(STEP, (BASE - TOP) / max(1, *counts))
    points = [f"M{LEFT} {BASE - up * counts[0]:.1f}"]
    for number, (before, after) in enumerate(pairwise(counts), start=1):
        if before != after:
            points.append(f"H{LEFT + across * number:.1f}V{BASE - up * after:.1f}")
    edge = "".join([*points, f"H{right}"])
    ticks = [
        Tick(round(LEFT + across * number, 1), wording.short_day(one, days[-1].year))
        for number, one in enumerate(days)
        if one.day in TICKS and LEFT + across * number < right - 2 * MARGIN
    ]
    return Drawing(name, width, edge, f"{edge}V{BASE}H{LEFT}Z", right, BASE - up * counts[-1], ticks)


def _words(days: list[date], counts: list[int]) -> str:
    head = _("Convoys held at the end of each day, %(first)s to %(last)s") % {
        "first": wording.long_day(days[0]),
        "last": wording.long_day(days[-1]),
    }
    changes = [
        _("%(count)s from %(day)s") % {"count": after, "day": wording.short_day(one, days[-1].year)}
        for one, before, after in zip(days[1:], counts, counts[1:], strict=False)
        if before != after
    ]
    if len(changes) > CHANGES_TOLD:
        return _("%(head)s: between %(least)s and %(most)s, %(count)s on the last.") % {
            "head": head, "least": min(counts), "most": max(counts), "count": counts[-1],
        }  # fmt: skip
    return f"{head}: {', '.join([str(counts[0]), *changes])}."

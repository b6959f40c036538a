"""Convoys as the desk's lists show them: clock, place, figures and flags, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from convoys import wording
from convoys.clocks import elapsed, silent_from, zone_named
from convoys.models import Convoy
from convoys.templatetags.look import moment
from convoys.vocabulary import FINAL_STATES, Bound, Precision, State

RUNNING = frozenset({State.HELD, State.STOPPED, State.DISPATCHED})


@dataclass(frozen=True)
class Row:
    """One convoy in a list. Words and `<time>` elements; empty where there is nothing to say."""

    convoy: Convoy
    sponsors: str
    elapsed: str
    since: SafeString | str
    last: SafeString | str
    ago: str
    is_silent: bool
    is_overdue: bool
    next_step: SafeString | str = ""
    is_due: bool = False
    contested: tuple[str, ...] = ()

    @property
    def is_running(self) -> bool:
        return self.convoy.status in RUNNING


def row_of(
    convoy: Convoy, now: datetime, next_step: datetime | None = None, contested: tuple[str, ...] = ()
) -> Row:
    """A convoy's row as it is at this moment, in the clock of the place where it stands."""
    zone = zone_named(convoy.stands_at.time_zone if convoy.stands_at else "")
    year = now.astimezone(zone).year

    def said(at: datetime | None, precision: str) -> SafeString | str:
        return moment(at, precision or Precision.MINUTE, Bound.AT, zone, "short", year) if at else ""

    is_final = convoy.status in FINAL_STATES
    quiet = convoy.last_reported_at and silent_from(
        convoy.last_reported_at, convoy.last_reported_precision, zone
    )
    return Row(
        convoy=convoy,
        sponsors=sponsors_of(convoy),
        elapsed=span(convoy.status_since, convoy.status_precision, now, zone),
        since=said(convoy.status_since, convoy.status_precision),
        last=said(convoy.last_reported_at, convoy.last_reported_precision),
        ago=ago(convoy.last_reported_at, convoy.last_reported_precision, now, zone),
        is_silent=bool(not is_final and convoy.tracking_ended_at is None and quiet and quiet < now),
        is_overdue=bool(not is_final and convoy.due_at and convoy.due_at < now),
        next_step=said(next_step, Precision.MINUTE),
        is_due=next_step is not None and next_step <= now,
        contested=contested,
    )


def rows_of(
    convoys: Iterable[Convoy],
    now: datetime,
    next_steps: Mapping[int, datetime] | None = None,
    contested: Mapping[int, tuple[str, ...]] | None = None,
) -> list[Row]:
    steps, points = next_steps or {}, contested or {}
    return [row_of(convoy, now, steps.get(convoy.pk), points.get(convoy.pk, ())) for convoy in convoys]


def span(since: datetime | None, precision: str, now: datetime, zone: Any) -> str:
    """How long from an instant to now, no finer than it is known; "" where nobody said since when."""
    if since is None:
        return ""
    lasted = elapsed(since, precision, now, Precision.MINUTE, zone)
    return wording.span_of_time(lasted.days, lasted.is_whole_days)


def ago(at: datetime | None, precision: str, now: datetime, zone: Any) -> str:
    """ "14 days ago", "today"."""
    if at is None:
        return ""
    lasted = elapsed(at, precision, now, Precision.MINUTE, zone)
    if lasted.is_whole_days and not lasted.days:
        return _("today")
    return _("%(span)s ago") % {"span": wording.span_of_time(lasted.days, lasted.is_whole_days)}


def sponsors_of(convoy: Convoy) -> str:
    """Sponsors by name, the first two where there are many; "" where none is known."""
    names = [link.organisation.name for link in getattr(convoy, "sponsor_links", ())]
    if len(names) > 3:
        return _("%(first)s and %(count)s more") % {"first": ", ".join(names[:2]), "count": len(names) - 2}
    return wording.listed(names)

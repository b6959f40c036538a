"""Holds as figures over many convoys read them: by few statements, without a replay.

Which holds there were, from when to when and before which point, the state intervals say. Of the
record only that is read which they leave out: in which zone a hold began, when an open one was last
reported on, and what its convoy was declared to be. The cost grows with the holds in the stretch of
time asked about, not with what is on record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Case, Count, F, OuterRef, Q, QuerySet, Subquery, When

from convoys.clocks import MICROSECOND, silent_from, zone_named
from convoys.models import Convoy, Event, StateInterval
from convoys.queries.as_of import Around, Moment, in_force_at, known_then
from convoys.vocabulary import KINDS, Item, State

REPORTING = frozenset(code for code, kind in KINDS.items() if kind.reports)
# A report takes its place within the period that it names, a month at most, or just behind one whose
# period overlaps that: so long after the day that is told can the order have it.
LONGEST_PERIODS = timedelta(days=62)
LAST_INSTANT = datetime.max.replace(tzinfo=UTC)


Tonnes = tuple[Decimal | None, Decimal | None]


class Report(NamedTuple):
    """When something was reported to have happened; `zone` is the name of its place's."""

    at: datetime
    precision: str
    zone: str


class Hold(NamedTuple):
    """One hold as it was at the moment; where it was open `closed_at` is None.

    `chain` is that of the event that opened it, `zone` the name of the zone in which it did; `last` the
    convoy's last report, of open holds alone.
    """

    convoy: int
    reference: str
    chain: int
    held_before: str | None
    opened_at: datetime
    opened_precision: str
    zone: str
    closed_at: datetime | None
    closed_precision: str
    last: Report | None

    def is_confirmed(self, asked: datetime) -> bool:
        """Whether it had ended, or somebody had reported on its convoy within the silence limit."""
        last = self.last
        return last is None or asked < silent_from(last.at, last.precision, zone_named(last.zone))


def holds_within(
    convoys: QuerySet[Convoy], moment: Moment, start: datetime | None = None, end: datetime | None = None
) -> QuerySet[StateInterval]:
    """The holds of these convoys that share an instant with the stretch of time, both ends included; those
    that had begun by the moment, as they were known then, each once."""
    if start and (start > moment.asked or (end and start > end)):
        return StateInterval.objects.none()
    holds = StateInterval.objects.filter(_known(moment), state=State.HELD, convoy__in=convoys).order_by()
    latest = min((at for at in (moment.as_of, end and end + LONGEST_PERIODS) if at), default=None)
    begun = Q(starts_at__lte=latest) if latest else Q()
    holds = holds.filter(begun, Q(opened_at__lte=end) if end else Q())
    if start is None:
        return holds
    # A closing known to the month alone may name a day before that of the opening.
    holds = holds.filter(still_open(moment) | Q(closed_at__gte=start) | Q(opened_at__gte=start))
    return holds.filter(Q(starts_at__gte=start) & begun | _stood_at(start - MICROSECOND, moment))


def still_open(moment: Moment) -> Q:
    """The condition on an interval that what it tells of had not ended at the moment."""
    return Q(ends_at=None) if moment.as_of is None else Q(ends_at=None) | Q(ends_at__gt=moment.as_of)


def read_holds(holds: QuerySet[StateInterval], moment: Moment) -> list[Hold]:
    """What `holds_within` finds, by three statements."""
    ended_at = Case(When(still_open(moment), then=None), default=F("closed_at"))
    columns = (
        "convoy_id", "convoy__reference", "opening_chain", "held_before_id", "opened_at", "opened_precision",
        "closed_precision",
    )  # fmt: skip
    rows = list(holds.values_list(ended_at, *columns))
    last = _last_reports([convoy for closed_at, convoy, *_ in rows if closed_at is None], moment)
    zones = _zones(holds, moment)
    found = []
    for closed_at, convoy, reference, chain, held_before, opened_at, precision, closed_precision in rows:
        # What was taken back between two statements is in one of them alone.
        opened = Report(opened_at, precision, zones.get(chain, ""))
        latest = None if closed_at else last.get(convoy, opened)
        found.append(
            Hold(convoy, reference, chain, held_before, *opened, closed_at, closed_precision, latest)
        )
    return found


def declared_then(
    holds: QuerySet[StateInterval], moment: Moment, items: Sequence[Item]
) -> dict[int, dict[str, Any]]:
    """These items of the declaration, as they stood at the moment, by convoy. One statement."""
    stating = [code for code, kind in KINDS.items() if kind.items.intersection(items)]
    stated = Event.objects.filter(
        kind__in=stating, declares__has_any_keys=list(items), convoy__in=holds.values("convoy")
    )
    found: dict[int, dict[str, Any]] = {}
    in_order = in_force_at(stated, moment).order_by("effective_at", "chain")
    for convoy, declares in in_order.values_list("convoy_id", "declares"):
        found.setdefault(convoy, {}).update({item: declares[item] for item in items if item in declares})
    return found


def tonnes_in(declared: Mapping[str, Any]) -> Tonnes:
    """Low and high of the tonnage in a declaration; both None where it is unknown."""
    tonnes = declared.get(Item.TONNES) or {}
    low, high = tonnes.get("low"), tonnes.get("high")
    return Decimal(low) if low is not None else None, Decimal(high) if high is not None else None


def rests_on_loaded(holds: QuerySet[StateInterval], moment: Moment) -> bool:
    """Whether any entry of these convoys was loaded afterwards. Counted, since a database that looks for
    the first one looks through every event on record."""
    events = in_force_at(Event.objects.filter(convoy__in=holds.values("convoy")), moment)
    return bool(events.aggregate(loaded=Count("pk", filter=Q(backfilled=True)))["loaded"])


def _known(moment: Moment) -> Q:
    if moment.known_at is None:
        return Q(known_until=None)
    unchanged = Q(known_until=None) | Q(known_until__gt=moment.known_at)
    return unchanged & Q(known_from__lte=moment.known_at)


def _stood_at(at: datetime, moment: Moment) -> Q:
    """The condition that a hold stood at an instant, in the form that an index answers where there is one."""
    if connection.vendor != "postgresql":
        return Q(starts_at__lte=at) & (Q(ends_at=None) | Q(ends_at__gt=at))
    is_known = Around("known_from", "known_until", moment.known_at or LAST_INSTANT)
    return Q(Around("starts_at", "ends_at", at)) & Q(is_known)


def _zones(holds: QuerySet[StateInterval], moment: Moment) -> dict[int, str]:
    """In which zone each hold began: its chain's last known entry says so."""
    entries = known_then(Event.objects.filter(chain__in=holds.values("opening_chain")), moment)
    return dict(entries.order_by("sequence").values_list("chain", "time_zone"))


def _last_reports(convoys: Sequence[int], moment: Moment) -> dict[int, Report]:
    """The last report on each of these convoys."""
    reports = in_force_at(Event.objects.filter(convoy=OuterRef("pk"), kind__in=REPORTING), moment)
    last = Subquery(reports.order_by("-effective_at", "-chain").values("sequence")[:1])
    found = Event.objects.filter(sequence__in=Convoy.objects.filter(pk__in=convoys).values(last=last))
    rows = found.values_list("convoy_id", "occurred_at", "precision", "time_zone").order_by()
    return {convoy: Report(*report) for convoy, *report in rows}

"""What is held at a moment, by whatever one asks for: how many convoys, how many tonnes, since when.

Where nobody has reported for the silence limit a convoy is listed apart as not confirmed. Unknown
tonnage is counted, never taken as 0; a floor has no upper end. Exercises are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from convoys.clocks import zone_named
from convoys.models import Convoy
from convoys.queries.as_of import Moment, intervals_at
from convoys.queries.hold_groups import ITEM_OF, Keys, grouped, keys_of
from convoys.queries.holds import Hold, Tonnes, declared_then, read_holds, rests_on_loaded, tonnes_in
from convoys.queries.visibility import Viewer
from convoys.vocabulary import Item, State

COUNTING_RULE = (
    "Convoys that were held at the moment asked, with the tonnes declared for them by then. Unknown tonnage "
    "is counted apart and never taken as 0; “more than” has no upper end. Convoys without a report for the "
    "silence limit are listed apart as not confirmed. Groups by sponsor, cause or alleged holder overlap. "
    "Exercises are left out."
)


@dataclass
class Group:
    """Convoys of one group; `high` is None where a tonnage among them has no upper end.

    `first` is the hold that has lasted longest.
    """

    key: str
    convoys: int = 0
    low: Decimal = Decimal(0)
    high: Decimal | None = Decimal(0)
    unknown_tonnage: int = 0
    first: Hold | None = None

    def add(self, hold: Hold, tonnes: Tonnes) -> None:
        """Add one held convoy."""
        self.convoys += 1
        if self.first is None or hold.opened_at < self.first.opened_at:
            self.first = hold
        low, high = tonnes
        if low is None:
            self.unknown_tonnage += 1
            return
        self.low += low
        self.high = None if self.high is None or high is None else self.high + high

    @property
    def zone(self) -> ZoneInfo:
        """That of the place where the longest hold began."""
        return zone_named(self.first.zone if self.first else "")


@dataclass(frozen=True)
class HeldNow:
    """The answer: totals and groups of confirmed holds, and those that are not confirmed, apart."""

    total: Group
    groups: list[Group]
    not_confirmed_total: Group
    not_confirmed: list[Group]
    is_backfilled: bool = False  # of another day: whether it rests on history that was loaded afterwards
    counting_rule: str = COUNTING_RULE


def held_now(convoys: QuerySet[Convoy], viewer: Viewer, group_by: str, moment: Moment) -> HeldNow:
    """What of these convoys (visible to the viewer) was held at the moment, by one of GROUPINGS."""
    asked = moment.asked
    holds = intervals_at(moment, [State.HELD]).filter(convoy__in=convoys.filter(is_exercise=False)).order_by()
    declared = declared_then(holds, moment, [Item.TONNES, *ITEM_OF.get(group_by, ())])
    keys = keys_of(group_by, holds, declared, viewer, moment)
    tonnes = {convoy: tonnes_in(items) for convoy, items in declared.items()}
    found = read_holds(holds, moment)
    confirmed = [hold for hold in found if hold.is_confirmed(asked)]
    silent = [hold for hold in found if not hold.is_confirmed(asked)]
    return HeldNow(
        _sum("total", confirmed, tonnes), _grouped(confirmed, keys, tonnes),
        _sum("total", silent, tonnes), _grouped(silent, keys, tonnes),
        not moment.is_now and rests_on_loaded(holds, moment),
    )  # fmt: skip


def _sum(key: str, holds: Iterable[Hold], tonnes: Mapping[int, Tonnes]) -> Group:
    group = Group(key)
    for hold in holds:
        group.add(hold, tonnes.get(hold.convoy, (None, None)))
    return group


def _grouped(holds: Iterable[Hold], keys: Keys, tonnes: Mapping[int, Tonnes]) -> list[Group]:
    groups = grouped(holds, lambda hold: hold, keys)
    found = [_sum(key, heap, tonnes) for key, heap in groups.items()]
    return sorted(found, key=lambda group: (-group.convoys, -group.low, group.key))

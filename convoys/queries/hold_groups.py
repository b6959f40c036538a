"""What figures over holds are grouped by: the convoy, its route, the control point, causes, sponsors,
alleged holders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any, TypeVar

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from convoys.models import Claim, StateInterval
from convoys.queries.as_of import Moment, last_known
from convoys.queries.holds import Hold
from convoys.queries.visibility import Viewer, visible_claims
from convoys.vocabulary import Item

GROUPINGS = ("convoy", "route", "control_point", "cause", "sponsor", "holder")
# A hold may have several of these: figures by them overlap.
OVERLAPPING = frozenset({"cause", "sponsor", "holder"})
UNKNOWN = "unknown"
# Where a grouping is found: an item of the declaration, or a column of the accounts of a hold.
ITEM_OF = {"route": (Item.ROUTE,), "sponsor": (Item.SPONSORS,)}
# How a claim leads to the event that opened a hold.
ABOUT_HOLDS = ("target_event", "target_claim__target_event")
ALLEGED = {"cause": "alleged_causes", "holder": "alleged_holders"}

Row = TypeVar("Row")
Keys = Callable[[Hold], Iterable[str]]


def keys_of(
    group_by: str,
    holds: QuerySet[StateInterval],
    declared: Mapping[int, Mapping[str, Any]],
    viewer: Viewer,
    moment: Moment,
) -> Keys:
    """What a hold is counted under, by one of GROUPINGS; nothing: it is not known."""
    if group_by in ALLEGED:
        alleged = _alleged(ALLEGED[group_by], holds, viewer, moment)
        return lambda hold: alleged.get(hold.chain, ())
    by: dict[str, Keys] = {
        "convoy": lambda hold: [hold.reference],
        "control_point": lambda hold: [hold.held_before] if hold.held_before else [],
        "route": lambda hold: [code] if (code := declared.get(hold.convoy, {}).get(Item.ROUTE)) else [],
        "sponsor": lambda hold: declared.get(hold.convoy, {}).get(Item.SPONSORS) or [],
    }
    return by[group_by]


def grouped(rows: Iterable[Row], hold_of: Callable[[Row], Hold], keys: Keys) -> dict[str, list[Row]]:
    """Rows by what their hold is counted under; UNKNOWN where that is nothing."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        for key in sorted(set(keys(hold_of(row))) or {UNKNOWN}):
            groups.setdefault(key, []).append(row)
    return groups


def held_for(
    holds: QuerySet[StateInterval], viewer: Viewer, moment: Moment, causes: Sequence[str]
) -> QuerySet[StateInterval]:
    """Of these holds those for which an account that the viewer may read, or an answer to one, alleges one
    of the causes."""
    # A list is kept as JSON text, in which a code stands between quotation marks.
    fits = reduce(or_, (Q(said__contains=f'"{cause}"') for cause in causes))
    alleging = _accounts(viewer, moment).annotate(said=Cast("alleged_causes", TextField())).filter(fits)
    named = Q()
    for target in ABOUT_HOLDS:
        chains = alleging.filter(**{f"{target}__isnull": False}).values(target)
        named |= Q(opening_chain__in=chains)
    return holds.filter(named)


def _accounts(viewer: Viewer, moment: Moment) -> QuerySet[Claim]:
    """Claims in force, known then, that answer none which was not."""
    known = last_known(visible_claims(viewer), moment).order_by()
    return known.exclude(target_claim__known_from__gt=moment.known_at) if moment.known_at else known


def _alleged(
    column: str, holds: QuerySet[StateInterval], viewer: Viewer, moment: Moment
) -> dict[int, set[str]]:
    """What accounts of these holds and answers to them allege, by the hold's chain."""
    alleging = _accounts(viewer, moment).exclude(**{column: []})
    found: dict[int, set[str]] = {}
    # One statement each: of both together no index finds the few that are meant.
    for target in ABOUT_HOLDS:
        said = alleging.filter(**{f"{target}__in": holds.values("opening_chain")})
        for hold, codes in said.values_list(target, column):
            found.setdefault(hold, set()).update(codes)
    return found

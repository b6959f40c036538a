"""Which convoys fit a question, now or at another moment, beyond what a column or a code says.

Each function narrows a list of convoys. What it asks of another day is asked of what was so then.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import (
    BooleanField,
    DecimalField,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast
from django.utils import timezone

from convoys.models import Claim, Convoy, Event
from convoys.queries import desk
from convoys.queries.as_of import Moment, in_force_at, intervals_at, known_then
from convoys.queries.day_filters import FiltersOfADay, Search, other_references
from convoys.queries.hold_groups import held_for
from convoys.queries.holds import holds_within
from convoys.queries.periods import surely_before
from convoys.queries.visibility import Viewer, visible_claims, visible_events
from convoys.vocabulary import Act, Item, Stance, State

# Whether a convoy is contested is worked out from its claims: of so many convoys at most.
MOST_COMPARED = 20_000
OPPOSING = (Stance.DISPUTES, Stance.DENIES)


class TooManyError(ValueError):
    """More convoys than can be compared in one answer."""


def held_longer_than(convoys: QuerySet[Convoy], moment: Moment, hours: int) -> QuerySet[Convoy]:
    """Held at the moment, and for more than so many hours for certain: from the end of the period in which
    the hold is known to have begun."""
    limit = moment.asked - timedelta(hours=hours)
    if moment.is_now:
        return convoys.filter(surely_before("held_since", "held_precision", limit))
    holds = intervals_at(moment, [State.HELD]).filter(surely_before("opened_at", "opened_precision", limit))
    return convoys.filter(Exists(holds.filter(convoy=OuterRef("pk"))))


def silent(convoys: QuerySet[Convoy], moment: Moment, wanted: bool) -> QuerySet[Convoy]:
    """Open at the moment, still tracked, and without a report for the silence limit; or all others."""
    condition = desk.silent(timezone.now()) if moment.is_now else FiltersOfADay(moment).silent()
    return convoys.filter(condition if wanted else ~condition)


def found_by(convoys: QuerySet[Convoy], moment: Moment, words: str) -> QuerySet[Convoy]:
    """By reference, other references, sponsors, origin, destination and the place where it stands."""
    return convoys.filter(Search(words).now() if moment.is_now else FiltersOfADay(moment).found_by(words))


def referred_to_as(
    convoys: QuerySet[Convoy], moment: Moment, numbers: Collection[str], issuer: str | None = None
) -> QuerySet[Convoy]:
    """By a waybill or another number of an issuer's, or of anybody's."""
    if moment.is_now:
        return convoys.filter(pk__in=other_references(numbers, issuer).values("convoy"))
    return convoys.filter(FiltersOfADay(moment).referred_to_as(numbers, issuer))


def tonnes_at_least(convoys: QuerySet[Convoy], moment: Moment, tonnes: Decimal) -> QuerySet[Convoy]:
    """Declared at so many tonnes or more, for certain."""
    return (
        convoys.filter(tonnes_low__gte=tonnes)
        if moment.is_now
        else _declared(convoys, moment, "low", gte=tonnes)
    )


def tonnes_at_most(convoys: QuerySet[Convoy], moment: Moment, tonnes: Decimal) -> QuerySet[Convoy]:
    """Declared at so many tonnes or fewer, for certain: “more than” has no upper end."""
    return (
        convoys.filter(tonnes_high__lte=tonnes)
        if moment.is_now
        else _declared(convoys, moment, "high", lte=tonnes)
    )


def _declared(convoys: QuerySet[Convoy], moment: Moment, end: str, **compared: Decimal) -> QuerySet[Convoy]:
    stated = Event.objects.filter(convoy=OuterRef("pk"), declares__has_key=Item.TONNES.value)
    text = KeyTextTransform(end, KeyTransform(Item.TONNES.value, "declares"))
    stated = stated.annotate(stated=Cast(text, DecimalField(max_digits=12, decimal_places=3)))
    ((how, tonnes),) = compared.items()
    fits = ExpressionWrapper(Q(**{f"stated__{how}": tonnes}), BooleanField())
    last = in_force_at(stated, moment).order_by("-effective_at", "-chain").values(fits=fits)[:1]
    return convoys.filter(Subquery(last, output_field=BooleanField()))


def registered_within(
    convoys: QuerySet[Convoy], moment: Moment, start: datetime | None, end: datetime | None
) -> QuerySet[Convoy]:
    """Entered by the desk within the stretch, both ends included."""
    return convoys.filter(_between("registered_at", start, end))


def departed_within(
    convoys: QuerySet[Convoy], moment: Moment, start: datetime | None, end: datetime | None
) -> QuerySet[Convoy]:
    """Reported to have left its origin within the stretch, both ends included."""
    departures = Event.objects.filter(
        _between("occurred_at", start, end), convoy=OuterRef("pk"), kind="departed"
    )
    return convoys.filter(Exists(in_force_at(departures, moment)))


def held_within(
    convoys: QuerySet[Convoy], moment: Moment, start: datetime | None, end: datetime | None
) -> QuerySet[Convoy]:
    """With a hold that shares an instant with the stretch, both ends included."""
    return convoys.filter(pk__in=holds_within(Convoy.objects.all(), moment, start, end).values("convoy"))


def said_held_for(
    convoys: QuerySet[Convoy], viewer: Viewer, moment: Moment, causes: Sequence[str]
) -> QuerySet[Convoy]:
    """With a hold, begun by the moment, for which an account in force that the viewer may read, or an answer
    to one, alleges one of the causes."""
    holds = held_for(holds_within(Convoy.objects.all(), moment), viewer, moment, causes)
    return convoys.filter(pk__in=holds.values("convoy"))


def _between(column: str, start: datetime | None, end: datetime | None) -> Q:
    since = Q(**{f"{column}__gte": start}) if start else Q()
    return since & Q(**{f"{column}__lte": end}) if end else since


def updated_since(convoys: QuerySet[Convoy], viewer: Viewer, at: datetime) -> QuerySet[Convoy]:
    """With an event that the viewer may read and that was recorded, corrected or taken back since."""
    # Entries stand in the order of their recording, so that the last one before bounds all the others.
    before = Event.objects.filter(recorded_at__lt=at).order_by("-sequence").values_list("sequence", flat=True)
    news = visible_events(viewer).filter(sequence__gt=before.first() or 0, convoy__isnull=False)
    return convoys.filter(pk__in=news.order_by().values("convoy"))


def contested(convoys: QuerySet[Convoy], viewer: Viewer, moment: Moment, wanted: bool) -> QuerySet[Convoy]:
    """Where claims that the viewer may read contradict each other, or all others. Raises TooManyError."""
    if convoys.order_by().values("pk")[: MOST_COMPARED + 1].count() > MOST_COMPARED:
        raise TooManyError
    claims = known_then(visible_claims(viewer), moment)
    found = desk.contested_among(_may_be_contested(claims, convoys), moment, claims)
    return convoys.filter(pk__in=found) if wanted else convoys.exclude(pk__in=found)


def _may_be_contested(claims: QuerySet[Claim], convoys: QuerySet[Convoy]) -> set[int]:
    """Convoys of which somebody disputes something, or two accounts allege something."""
    alleging = ~Q(alleged_holders=[]) | ~Q(alleged_causes=[]) | ~Q(alleged_access="") | ~Q(alleged_order="")
    for column in ("at", "place", "trucks", "tonnes_low", "convoy"):
        alleging |= Q(**{f"alleged_{column}__isnull": False})
    telling = claims.exclude(act=Act.RETRACT).filter(alleging | Q(stance__in=OPPOSING)).order_by()
    chains: dict[int, set[int]] = {}
    opposed: set[int] = set()
    among = convoys.order_by().values("pk")
    # Target by target: each is a join that an index serves.
    for target in desk.TO_CONVOY:
        rows: Any = telling.filter(**{f"{target}__in": among}).values_list(target, "chain", "stance")
        for convoy, chain, stance in rows:
            chains.setdefault(convoy, set()).add(chain)
            if stance in OPPOSING:
                opposed.add(convoy)
    return opposed | {convoy for convoy, said in chains.items() if len(said) > 1}

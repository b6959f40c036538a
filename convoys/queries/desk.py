"""What the desk reads first: what needs somebody now, what is contested, and how the system does.
Staff see all, so nothing here is narrowed; doors check the role first.

Every function runs a fixed number of queries, however many rows there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, F, FilteredRelation, Min, Prefetch, Q, QuerySet
from django.db.models.functions import Coalesce

from convoys.models import Claim, ControlPoint, Convoy, ConvoyOrganisation, Event, Part
from convoys.models.alerting import Deadline, DeadlineState, Sweep, Watch
from convoys.models.messaging import Message, MessageState
from convoys.models.subscription import Channel
from convoys.models.webhook import OFF_BY_HAND, Webhook
from convoys.queries.as_of import Moment, answering, known_then
from convoys.queries.contested import contested_points, convoy_points, in_order
from convoys.queries.history import claims_in_force, words_of
from convoys.queries.owed import owed_now
from convoys.queries.periods import surely_before
from convoys.replay import in_force
from convoys.vocabulary import OPEN_STATES, State

PLACES = ("stands_at", "origin", "destination", "heading", "held_before__place")
SPONSORS = Prefetch(
    "organisations",
    queryset=ConvoyOrganisation.objects.filter(part=Part.SPONSOR)
    .select_related("organisation")
    .order_by("position"),
    to_attr="sponsor_links",
)
NOW = Moment()
# How a claim leads to the convoy that it is about.
TO_CONVOY = (
    "target_convoy", "target_event__convoy", "target_claim__target_convoy",
    "target_claim__target_event__convoy",
)  # fmt: skip
# A sweep is late when three of its turns have passed.
LATE_AFTER_TURNS = 3


def desk_convoys() -> QuerySet[Convoy]:
    """Convoys with all that a row of the desk shows of them."""
    return (
        Convoy.objects.exclude(status="")
        .select_related(*PLACES, "route")
        .prefetch_related(*(f"{place}__names" for place in PLACES), SPONSORS)
    )


def desk_convoys_at(moment: Moment) -> QuerySet[Convoy]:
    """The convoys that were on record at the moment, each joined to its state interval of then.

    `of_then__state` and its neighbours are for filters and order; the rows themselves must be set back
    before they are shown (`board.load_at`).
    """
    of_then = FilteredRelation("state_intervals", condition=answering(moment, "state_intervals__"))
    return desk_convoys().annotate(of_then=of_then).filter(of_then__isnull=False)


def contested_among(
    convoys: Iterable[int], moment: Moment = NOW, claims_read: QuerySet[Claim] | None = None
) -> dict[int, tuple[str, ...]]:
    """Which of these convoys' records contradict themselves, and on what. Three queries.

    Of another day: by what had happened by then, as it was known then. For whoever does not read all
    claims: by those in `claims_read` alone.
    """
    ids = list(convoys)
    readable = Claim.objects.all() if claims_read is None else claims_read
    answered = {"target_claim__known_from__gt": moment.known_at} if moment.known_at else {"pk": None}
    known = known_then(readable.exclude(**answered), moment).annotate(
        of_event=F("target_event"), of_answered_event=F("target_claim__target_event"),
        of_convoy=F("target_convoy"), of_answered_convoy=F("target_claim__target_convoy"),
    )  # fmt: skip
    # Each has one target, and of each kind an index finds those that are meant; of all at once none does.
    first, *rest = (known.filter(**{f"{target}__in": ids}).order_by() for target in TO_CONVOY)
    claims = claims_in_force(first.union(*rest, all=True).order_by("sequence"))
    words = words_of(claim.sequence for claim in claims)
    events = in_force(known_then(Event.objects.filter(convoy__in=ids), moment).order_by("sequence"))
    if moment.as_of is not None:
        events = [event for event in events if event.effective_at <= moment.as_of]
    by_chain: dict[int, list[Claim]] = defaultdict(list)
    of_convoy: dict[int, list[Claim]] = defaultdict(list)
    for claim in claims:
        chain = claim.of_event or claim.of_answered_event  # type: ignore[attr-defined]
        if chain:
            by_chain[chain].append(claim)
        else:
            of_convoy[claim.of_convoy or claim.of_answered_convoy].append(claim)  # type: ignore[attr-defined]
    points: dict[int, dict[str, None]] = defaultdict(dict)
    for event in events:
        if event.convoy_id is None:
            continue
        of_convoy[event.convoy_id] += by_chain.get(event.chain, [])
        points[event.convoy_id] |= dict.fromkeys(
            contested_points(by_chain.get(event.chain, []), words, event)
        )
    for convoy, said in of_convoy.items():
        points[convoy] |= dict.fromkeys(convoy_points(said, words))
    return {convoy: in_order(found) for convoy, found in points.items() if found}


# --- what needs somebody now


def silence_limit() -> timedelta:
    return timedelta(hours=settings.SILENT_AFTER_HOURS)


def silent(now: datetime) -> Q:
    """Open convoys on which nobody has reported for the silence limit, by the end of the period named."""
    late = surely_before("last_reported_at", "last_reported_precision", now - silence_limit())
    return late & Q(status__in=OPEN_STATES, tracking_ended_at=None)


def overdue(now: datetime) -> Q:
    """Open convoys that were due by now."""
    return Q(status__in=OPEN_STATES, due_at__lt=now)


def open_in(state: State, is_exercise: bool = False) -> QuerySet[Convoy]:
    """Open convoys in a state, longest there first."""
    rows = desk_convoys().filter(status=state, is_exercise=is_exercise)
    return rows.order_by(F("status_since").asc(nulls_last=True), "reference")


def stopped_too_long() -> QuerySet[Convoy]:
    """Stopped convoys that have passed the first step of their policy."""
    reached = Deadline.objects.filter(watch=Watch.STOPPED, state=DeadlineState.OPEN, last_step__gt=0)
    return open_in(State.STOPPED).filter(pk__in=reached.values("convoy"))


def next_steps(convoys: Iterable[int]) -> dict[int, datetime]:
    """When the next alert is due, by convoy, where one is."""
    rows = Deadline.objects.filter(convoy__in=list(convoys), state=DeadlineState.OPEN, step_at__isnull=False)
    return dict(rows.values_list("convoy").annotate(soonest=Min("step_at")))


def points_with_convoys() -> list[tuple[ControlPoint, int]]:
    """Control points before which open convoys stand, most first, with how many."""
    points = (
        ControlPoint.objects.filter(held_convoys__status=State.HELD)
        .annotate(standing=Count("held_convoys", distinct=True))
        .select_related("place")
        .prefetch_related("place__names")
        .order_by("place__is_exercise", "-standing", "pk")
    )
    return [(point, point.standing) for point in points]


def standing_before(point: str) -> list[Convoy]:
    """Open convoys held before a control point, longest first."""
    rows = desk_convoys().filter(held_before=point, status=State.HELD)
    return list(rows.order_by(F("held_since").asc(nulls_last=True), "reference"))


def failed_messages(limit: int = 20) -> list[Message]:
    """Messages that were given up, newest first. A webhook's test is its owner's own concern."""
    return list(_failed().select_related("recipient", "webhook").order_by("-frozen_at")[:limit])


def _failed() -> QuerySet[Message]:
    return Message.objects.filter(state=MessageState.FAILED).exclude(channel=Channel.WEBHOOK, telling="")


def disabled_webhooks(limit: int = 20) -> list[Webhook]:
    """Those that are called no more although nobody switched them off by hand, newest first."""
    disabled = Webhook.objects.filter(ended_at=None, disabled_at__isnull=False)
    by_itself = disabled.exclude(disabled_because=OFF_BY_HAND)
    return list(by_itself.select_related("user").order_by("-disabled_at")[:limit])


# --- how the system does


@dataclass(frozen=True)
class Health:
    """When alerts were last looked for, and since when the oldest message waits, written or not."""

    last_sweep_at: datetime | None
    is_late: bool
    oldest_unsent_at: datetime | None
    waiting: int
    failed: int


def health(now: datetime) -> Health:
    """Read at the request, never cached. What is owed and in no message yet waits too.

    What a partner's own program did not accept yet is no delay of ours.
    """
    last = Sweep.objects.filter(name="detect").values_list("last_success_at", flat=True).first()
    late = timedelta(seconds=LATE_AFTER_TURNS * settings.ALERT_SWEEP_SECONDS)
    unsent = Message.objects.filter(state__in=[MessageState.PENDING, MessageState.SENDING])
    unsent = unsent.exclude(channel=Channel.WEBHOOK, attempts__gt=0)
    frozen = unsent.aggregate(at=Min("frozen_at"), n=Count("pk"))
    owed = owed_now(now).aggregate(at=Min(Coalesce("not_before", "created_at")), n=Count("pk"))
    return Health(
        last_sweep_at=last,
        is_late=last is None or now - last > late,
        oldest_unsent_at=min((at for at in (frozen["at"], owed["at"]) if at is not None), default=None),
        waiting=frozen["n"] + owed["n"],
        failed=_failed().count(),
    )

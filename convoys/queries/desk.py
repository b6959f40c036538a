"""What the desk reads: a subject's whole record with its accounts, what needs somebody now, and how
the system does. Staff see all, so nothing here is narrowed; doors check the role first.

Every function runs a fixed number of queries, however many rows there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Max, Min, Prefetch, Q, QuerySet

from accounts.models import Organisation
from convoys.models import Claim, ControlPoint, Convoy, ConvoyOrganisation, Event, Part
from convoys.models.alerting import Alert, Deadline, DeadlineState, Sweep, Watch
from convoys.models.messaging import Message, MessageState
from convoys.queries.contested import POINTS, contested_points, figures_contested
from convoys.queries.history import Subject, claims_in_force, claims_of, events_of, words_of
from convoys.queries.routes import route_positions
from convoys.queries.visibility import Viewer
from convoys.replay import History, Step, in_force, replay
from convoys.vocabulary import OPEN_STATES, Act, Precision, State

DESK = Viewer(is_staff=True)
PLACES = ("stands_at", "origin", "destination", "heading", "held_before__place")
SPONSORS = Prefetch(
    "organisations",
    queryset=ConvoyOrganisation.objects.filter(part=Part.SPONSOR)
    .select_related("organisation")
    .order_by("position"),
    to_attr="sponsor_links",
)
LAST_DAY = date.max
# A sweep is late when three of its turns have passed.
LATE_AFTER_TURNS = 3


@dataclass
class Account:
    """One chain of claims as it stands, with its words, what it replaced, and the answers to it."""

    claim: Claim
    words: Mapping[str, Any]
    speaker: str
    publisher: str
    holders: list[str]
    answers: list[Account] = field(default_factory=list)
    reason: str = ""

    @property
    def is_retracted(self) -> bool:
        return bool(self.claim.act == Act.RETRACT)

    @property
    def causes(self) -> Sequence[str]:
        return self.claim.alleged_causes or ()

    @property
    def order(self) -> tuple[date, str, int]:
        return (self.claim.said_on or LAST_DAY, self.speaker.casefold(), self.claim.sequence)


@dataclass
class Line:
    """One line of a subject's record: an event's chain as it stands, or a step that it implies."""

    event: Event
    kind: str
    before: str = ""
    after: str = ""
    is_inferred: bool = False
    words: Mapping[str, Any] = field(default_factory=dict)
    accounts: list[Account] = field(default_factory=list)
    contested: tuple[str, ...] = ()
    reason: str = ""

    @property
    def is_retracted(self) -> bool:
        return bool(self.event.act == Act.RETRACT)


@dataclass
class Told:
    """A subject's record, newest first, and the accounts of the subject itself (figures, operators)."""

    lines: list[Line]
    accounts: list[Account]
    history: History | None


def desk_convoys() -> QuerySet[Convoy]:
    """Convoys with all that a row of the desk shows of them."""
    return (
        Convoy.objects.exclude(status="")
        .select_related(*PLACES, "route")
        .prefetch_related(*(f"{place}__names" for place in PLACES), SPONSORS)
    )


def record_of(subject: Subject) -> Told:
    """The whole record of a convoy, control point or agreement, retracted entries included."""
    events = list(
        events_of(subject, DESK).prefetch_related(
            "place__names", "held_before__place__names", "heading__names"
        )
    )
    claims = list(claims_of(subject, DESK).prefetch_related("alleged_place__names"))
    words = words_of([event.sequence for event in events] + [claim.sequence for claim in claims])
    by_event, direct = _accounts(claims, words)
    standing = in_force(events)
    history = replay(standing, route_positions()) if isinstance(subject, Convoy) else None
    lines = _lines(standing, history, words)
    lines += [_retracted(chain, words) for chain in _chains(events) if chain[-1].act == Act.RETRACT]
    for line in lines:
        if line.is_inferred:
            continue
        line.accounts = by_event.get(line.event.chain, [])
        line.contested = _contested(line.accounts, words, line.event)
    lines.sort(key=lambda line: (line.event.effective_at, line.event.chain), reverse=True)
    return Told(lines, direct, history)


def _lines(
    standing: Sequence[Event], history: History | None, words: Mapping[int, Mapping[str, Any]]
) -> list[Line]:
    steps = history.steps if history else [Step(event, event.kind, False, "", "") for event in standing]
    return [
        Line(
            s.event,
            s.kind,
            s.before,
            s.after,
            s.is_inferred,
            {} if s.is_inferred else words.get(s.event.sequence, {}),
        )
        for s in reversed(steps)
    ]


def _chains(events: Iterable[Event]) -> list[list[Event]]:
    chains: dict[int, list[Event]] = {}
    for event in events:
        chains.setdefault(event.chain, []).append(event)
    return list(chains.values())


def _retracted(chain: list[Event], words: Mapping[int, Mapping[str, Any]]) -> Line:
    """A chain that was taken back: shown as it read before, with the reason."""
    last = chain[-1]
    before = words.get(chain[-2].sequence, {}) if len(chain) > 1 else {}
    return Line(last, last.kind, words=before, reason=str(words.get(last.sequence, {}).get("reason", "")))


def _accounts(
    claims: Iterable[Claim], words: Mapping[int, Mapping[str, Any]]
) -> tuple[dict[int, list[Account]], list[Account]]:
    """Accounts by the event chain they are about, and those about the subject itself, oldest said first."""
    chains: dict[int, list[Claim]] = {}
    for claim in sorted(claims, key=lambda claim: claim.sequence):
        chains.setdefault(claim.chain, []).append(claim)
    names = _names(claims, words)
    accounts = {chain: _account(entries, words, names) for chain, entries in chains.items()}
    by_event: dict[int, list[Account]] = defaultdict(list)
    direct: list[Account] = []
    for account in accounts.values():
        claim = account.claim
        if claim.target_claim_id in accounts:
            accounts[claim.target_claim_id].answers.append(account)
        elif claim.target_event_id is not None:
            by_event[claim.target_event_id].append(account)
        else:
            direct.append(account)
    for group in [*by_event.values(), direct, *(account.answers for account in accounts.values())]:
        group.sort(key=lambda account: account.order)
    return by_event, direct


def _names(claims: Iterable[Claim], words: Mapping[int, Mapping[str, Any]]) -> dict[str, str]:
    codes = {code for claim in claims for code in claim.alleged_holders}
    for said in words.values():
        codes.update(said[key] for key in ("speaker_organisation", "publisher_organisation") if key in said)
    return dict(Organisation.objects.filter(code__in=codes).values_list("code", "name"))


def _account(
    entries: list[Claim], words: Mapping[int, Mapping[str, Any]], names: Mapping[str, str]
) -> Account:
    last = entries[-1]
    taken_back = last.act == Act.RETRACT and len(entries) > 1
    said = words.get(entries[-2].sequence if taken_back else last.sequence, {})

    def named(key: str) -> str:
        code = said.get(f"{key}_organisation", "")
        return names.get(code, code) or str(said.get(key, ""))

    return Account(
        claim=last,
        words=said,
        speaker=named("speaker"),
        publisher=named("publisher"),
        holders=[names.get(code, code) for code in last.alleged_holders],
        reason=str(words.get(last.sequence, {}).get("reason", "")) if taken_back else "",
    )


def _contested(
    accounts: Iterable[Account], words: Mapping[int, Mapping[str, Any]], event: Event
) -> tuple[str, ...]:
    standing: list[Claim] = []
    for account in accounts:
        if not account.is_retracted:
            standing.append(account.claim)
            standing += [answer.claim for answer in account.answers if not answer.is_retracted]
    return contested_points(standing, words, event)


def in_order(points: Iterable[str]) -> tuple[str, ...]:
    """Points of a contest, each once, in the order in which they are always said."""
    found = set(points)
    return tuple(point for point in POINTS if point in found)


def contested_among(convoys: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Which of these convoys' records contradict themselves, and on what. Three queries."""
    ids = list(convoys)
    about = Q(target_convoy__in=ids) | Q(target_event__convoy__in=ids)
    about |= Q(target_claim__target_convoy__in=ids) | Q(target_claim__target_event__convoy__in=ids)
    claims = claims_in_force(
        Claim.objects.filter(about)
        .annotate(
            of_event=F("target_event"), of_answered_event=F("target_claim__target_event"),
            of_convoy=F("target_convoy"), of_answered_convoy=F("target_claim__target_convoy"),
        )
        .order_by("sequence")
    )  # fmt: skip
    words = words_of(claim.sequence for claim in claims)
    events = in_force(Event.objects.filter(convoy__in=ids).order_by("sequence"))
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
        if figures_contested(said, words):
            points[convoy]["how much"] = None
    return {convoy: in_order(found) for convoy, found in points.items() if found}


# --- what needs somebody now


def silence_limit() -> timedelta:
    return timedelta(hours=settings.SILENT_AFTER_HOURS)


def silent(now: datetime) -> Q:
    """Open convoys on which nobody has reported for the silence limit, by the end of the period named."""
    limit = now - silence_limit()
    longest = {Precision.MINUTE: 0, Precision.HOUR: 1 / 24, Precision.DAY: 1, Precision.MONTH: 31}
    late = Q()
    for precision, days in longest.items():
        late |= Q(last_reported_precision=precision, last_reported_at__lt=limit - timedelta(days=days))
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
    """Messages that were given up, newest first."""
    return list(
        Message.objects.filter(state=MessageState.FAILED)
        .select_related("recipient")
        .order_by("-frozen_at")[:limit]
    )


def alerts_for_nobody(limit: int = 20) -> list[Alert]:
    """Alerts of episodes that still run and that nobody is subscribed to, newest of each convoy first."""
    alerts = Alert.objects.filter(
        nobody_to_tell=True, deadline__state=DeadlineState.OPEN, deadline__convoy__is_exercise=False
    )
    newest = alerts.values("deadline").annotate(last=Max("pk")).values("last")
    return list(
        Alert.objects.filter(pk__in=newest).select_related("deadline__convoy").order_by("-raised_at")[:limit]
    )


# --- how the system does


@dataclass(frozen=True)
class Health:
    """When alerts were last looked for, and since when the oldest message waits to be sent."""

    last_sweep_at: datetime | None
    is_late: bool
    oldest_unsent_at: datetime | None
    waiting: int
    failed: int


def health(now: datetime) -> Health:
    """Read at the request, never cached."""
    last = Sweep.objects.filter(name="detect").values_list("last_success_at", flat=True).first()
    late = timedelta(seconds=LATE_AFTER_TURNS * settings.ALERT_SWEEP_SECONDS)
    unsent = Message.objects.filter(state__in=[MessageState.PENDING, MessageState.SENDING])
    oldest = unsent.aggregate(at=Min("frozen_at"), n=Count("pk"))
    return Health(
        last_sweep_at=last,
        is_late=last is None or now - last > late,
        oldest_unsent_at=oldest["at"],
        waiting=oldest["n"],
        failed=Message.objects.filter(state=MessageState.FAILED).count(),
    )

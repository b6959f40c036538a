"""Whatever is reported, in whatever order, the lists and intervals say what a replay from scratch says."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convoys.cargo import cargo_account
from convoys.errors import ConvoyError, IllegalHistory, InvalidInput
from convoys.models import Convoy, LedgerHead, StateInterval
from convoys.queries.history import history_of
from convoys.queries.routes import route_positions
from convoys.queries.verification import verify
from convoys.replay import History, in_force, legal_kinds, replay
from convoys.services.changes import Record, Retract, SubjectRef, When
from convoys.vocabulary import KINDS, Precision, State
from tests import factories as make

pytestmark = pytest.mark.django_db

PLACES = ["", "harbour", "junction", "bridge", "hamlet", "gate", "valley", "elsewhere"]
ON_THE_WAY = [
    *("seen", "passed", "arrived", "inspected", "rerouted", "tracking_ended", "amended", "action"),
    *("handed_over", "part_lost", "part_delivered"),
]
# Holds and their ends most of all: a story that is soon over proves little.
LIKELY = [
    *["held"] * 6, *["released", "stopped"] * 3, *["resumed", "turned_back", "passed"] * 2, "departed",
    "cancelled", "delivered", "returned", "lost", "seen", "arrived", "rerouted", "tracking_ended",
    *["handed_over"] * 2, "part_lost",
]  # fmt: skip
FIRST = make.utc(2026, 3, 1)
NUMBERS = itertools.count(1)


@st.composite
def times(draw: st.DrawFn, after: datetime) -> When:
    """Mostly some hours after the last report, sometimes anywhere in the first week; of any precision."""
    if draw(st.integers(0, 3)):
        at = after + timedelta(minutes=draw(st.integers(0, 36 * 60)))
    else:
        at = FIRST + timedelta(minutes=draw(st.integers(0, 7 * 24 * 60)))
    precision = draw(st.sampled_from(list(Precision)))
    cut: dict[str, dict[str, int]] = {
        "minute": {},
        "hour": {"minute": 0},
        "day": {"hour": 0, "minute": 0},
        "month": {"day": 1, "hour": 0, "minute": 0},
    }
    return When(at.replace(**cut[precision]), precision)  # type: ignore[arg-type]


@st.composite
def reports(draw: st.DrawFn, ref: SubjectRef, history: History, after: datetime) -> Record:
    """A report of any kind; two in three are of a kind that would be legal at the end of the history."""
    legal = legal_kinds(history.facts)
    likely = [kind for kind in LIKELY if kind in legal or kind in ON_THE_WAY]
    unlikely = [code for code, kind in KINDS.items() if kind.group == "state" and code != "registered"]
    kind = draw(st.sampled_from(likely if draw(st.integers(0, 2)) else unlikely + ON_THE_WAY))
    place = draw(st.sampled_from(PLACES[1:] if "place" in KINDS[kind].required else PLACES))
    fields: dict[str, Any] = {"place": place if "place" in KINDS[kind].allowed else ""}
    if kind == "held":
        fields["held_before"] = draw(st.sampled_from(["", "bridge", "gate"]))
    if "decided_by" in KINDS[kind].required:
        fields["decided_by"] = "own_side"
    if "loss_mode" in KINDS[kind].required:
        fields["loss_mode"] = "armed"
    if "next_carrier" in KINDS[kind].required:
        fields["next_carrier"] = "aid_society"
    if KINDS[kind].accounts_for and draw(st.booleans()):
        fields["tonnes_low"] = draw(st.integers(0, 30))
    if kind == "amended":
        fields["declares"] = {"trucks": draw(st.integers(1, 9))}
    if not KINDS[kind].desk_act:
        day = draw(st.none() | st.integers(1, 20))
        reported = make.utc(2026, 3, day).date() if day else None
        fields["claims"] = [make.account(reported_on=reported)]
    return Record(ref, kind, draw(times(after)), **fields)


@settings(max_examples=50)
@given(data=st.data())
def test_any_sequence_of_reports(data: st.DataObject) -> None:
    ref = make.make_convoy(f"P-{next(NUMBERS)}", when="2026-03-01")
    for _ in range(data.draw(st.integers(2, 8))):
        row = Convoy.objects.get(reference=ref.code)
        history = history_of(row)
        last = history.facts.state_since
        after = last.occurred_at if last else FIRST
        retractable = [e.sequence for e in in_force(row.events.all()) if e.kind != "registered"]
        steps: list[Record | Retract] = []
        if retractable and data.draw(st.integers(0, 4)) == 0:
            steps.append(Retract(data.draw(st.sampled_from(retractable)), "a slip"))
        steps += data.draw(st.lists(reports(ref, history, after), min_size=0 if steps else 1, max_size=2))
        before = everything(ref)
        try:
            make.apply(*steps, backfilled=data.draw(st.booleans()))
        except IllegalHistory:
            assert everything(ref) == before
        except InvalidInput as error:
            # The only thing that these reports can have wrong: "at least so much" is beyond all declared.
            if "too much" not in error.message:
                raise
            assert everything(ref) == before
        except ConvoyError as error:
            raise AssertionError(f"{error.code}: {error.message}") from error
        check_projection(ref)
    check_intervals(ref)
    account = cargo_account(history_of(Convoy.objects.get(reference=ref.code)))
    assert not (account.closed_by and account.excess), "what is closed adds up"
    assert verify().flaw is None


def everything(ref: SubjectRef) -> tuple[object, ...]:
    row = Convoy.objects.get(reference=ref.code)
    intervals = list(StateInterval.objects.filter(convoy=row).order_by("pk").values())
    return LedgerHead.objects.get().size, Convoy.objects.filter(pk=row.pk).values().get(), intervals


def check_projection(ref: SubjectRef) -> None:
    """The convoy's row against a strict replay of all that is on record."""
    row = Convoy.objects.get(reference=ref.code)
    facts = replay(in_force(row.events.all()), route_positions(), strict=True).facts
    hold, report, since = facts.hold, facts.last_report, facts.state_since
    assert row.status == facts.state
    assert row.departed == facts.departed
    assert row.status_since == (since.occurred_at if since else None)
    assert row.held_since == (hold.opening.occurred_at if hold else None)
    assert row.hold_chain == (hold.opening.chain if hold else None)
    assert (row.held_since is not None) == (row.status == State.HELD)
    assert row.stands_at_id == facts.stands_at
    assert row.held_before_id == facts.held_before
    assert (row.heading_id, row.heading_back) == (facts.heading, facts.heading_back)
    assert row.last_reported_at == (report.occurred_at if report else None)
    assert row.newest_entry == row.events.latest("sequence").sequence
    open_rows = list(StateInterval.objects.filter(convoy=row, ends_at=None, known_until=None))
    assert [interval.state for interval in open_rows] == [row.status]


def check_intervals(ref: SubjectRef) -> None:
    """At every instant that can tell a difference: one look-up in the intervals against one replay."""
    row = Convoy.objects.get(reference=ref.code)
    events = list(row.events.all())
    intervals = list(StateInterval.objects.filter(convoy=row))
    routes = route_positions()
    step = timedelta(microseconds=1)
    knowledge = {event.known_from for event in events}
    instants = {event.effective_at for event in events}
    for known_at in sorted(knowledge | {at - step for at in knowledge}):
        known = in_force(events, known_at)
        for as_of in sorted(instants | {at - step for at in instants}):
            happened = [event for event in known if event.effective_at <= as_of]
            told = replay(happened, routes).facts.state
            found = [
                interval.state
                for interval in intervals
                if interval.known_from <= known_at
                and (interval.known_until is None or known_at < interval.known_until)
                and interval.starts_at <= as_of
                and (interval.ends_at is None or as_of < interval.ends_at)
            ]
            assert found == ([told] if told else []), (as_of, known_at)
        assert history_of(row, as_of=max(instants), known_at=known_at).facts.state == told

"""Whatever is recorded, by whom and in whatever order, six things hold after every step.

1. What lists and pages read of now is what a replay from nothing gives.
2. No illegal history is ever stored; what is refused leaves nothing behind.
3. As of now, as known now, is now.
4. An answer as known at a moment uses nothing that became known later: no later step changes it.
5. The ledger verifies.
6. State intervals cover a convoy's life without gap or overlap, for every moment of knowledge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import User
from convoys import projection
from convoys.cargo import cargo_account
from convoys.errors import ConvoyError
from convoys.models import (
    Agreement,
    Claim,
    ControlPoint,
    Convoy,
    Deadline,
    Event,
    LedgerHead,
    StateInterval,
    Words,
)
from convoys.projection import projected_columns
from convoys.queries.api_record import tell_subject
from convoys.queries.as_of import Moment, intervals_at, set_back
from convoys.queries.desk_record import record_of
from convoys.queries.history import Subject, history_of
from convoys.queries.routes import route_positions
from convoys.queries.tonne_days import Window, tonne_days
from convoys.queries.verification import verify
from convoys.queries.visibility import Viewer
from convoys.replay import History, in_force, replay
from convoys.services import timeline
from convoys.services.changes import ChangeSet, Correct, Retract, SubjectRef, convoy
from convoys.services.erasing import erase_words
from convoys.vocabulary import State
from tests import factories as make
from tests.services import histories

pytestmark = pytest.mark.django_db

STAFF = Viewer(is_staff=True)
INSTANT = timedelta(microseconds=1)
# What a desk can run into, beside cargo that does not add up. Anything else is a fault.
REFUSALS = {"illegal_history", "conflict", "not_permitted"}
SUMS = ("too much", "short. Say why")


class Desk(RuleBasedStateMachine):
    """Two convoys, a control point and an agreement; an officer, a coordinator, an importer."""

    def __init__(self) -> None:
        super().__init__()
        # Each history is undone at its end, so that the next begins with an empty ledger.
        self.undone = transaction.atomic()
        vars(self.undone)["_from_testcase"] = True
        self.undone.__enter__()
        self.authors: list[User | None] = [make.officer(), make.coordinator(), None]
        self.convoys = ["P-1", "P-2"]
        self.remembered: dict[tuple[Any, ...], Any] = {}
        self.has_erased = False

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undone.__exit__(None, None, None)

    @initialize()
    def two_convoys_are_planned(self) -> None:
        make.agreement("passage")
        for code in self.convoys:
            make.make_convoy(code, when="2026-03-01")

    # --- what people do

    @rule(data=st.data())
    def somebody_reports(self, data: st.DataObject) -> None:
        self.submit(data, [data.draw(histories.reports(self.one(data), self.convoys))])

    @rule(data=st.data())
    def somebody_reports_again(self, data: st.DataObject) -> None:
        self.submit(data, [data.draw(histories.reports(self.one(data), self.convoys))])

    @rule(data=st.data())
    def somebody_corrects_or_takes_back(self, data: st.DataObject) -> None:
        self.submit(data, [data.draw(histories.revisions(self.one(data), self.convoys))])

    @rule(data=st.data())
    def somebody_amends_and_says_then_that_it_was_otherwise(self, data: st.DataObject) -> None:
        ref = self.one(data)
        first, then = (data.draw(histories.reports(ref, self.convoys, "amended")) for _ in range(2))
        if self.submit(data, [first]):
            amended = Event.objects.filter(kind="amended").latest("sequence")
            self.submit(data, [Correct(amended.sequence, replace(then, when=first.when), "misread")])

    @rule(data=st.data())
    def somebody_submits_several_acts(self, data: st.DataObject) -> None:
        ref = self.one(data)
        kinds = [histories.reports(ref, self.convoys), histories.revisions(ref, self.convoys)]
        self.submit(data, [data.draw(data.draw(st.sampled_from(kinds))) for _ in range(2)])

    @rule(data=st.data())
    def somebody_says_more_or_tells_of_roads_and_talks(self, data: st.DataObject) -> None:
        said = data.draw(histories.claims(self.one(data)))
        self.submit(data, [said, data.draw(histories.roads_and_talks())])

    @precondition(lambda self: len(self.convoys) < 3)
    @rule(data=st.data())
    def a_part_is_split_off_into_a_new_convoy(self, data: st.DataObject) -> None:
        new = f"P-{len(self.convoys) + 1}"
        if self.submit(data, data.draw(histories.split_with_its_new_convoy(self.one(data), new))):
            self.convoys.append(new)

    @precondition(lambda self: not self.has_erased and Claim.objects.exists())
    @rule(data=st.data())
    def an_administrator_erases_words(self, data: st.DataObject) -> None:
        erasable = Words.objects.exclude(fields={}).order_by("sequence").values_list("sequence", flat=True)
        erase_words(data.draw(st.sampled_from(list(erasable))), "asked for", make.administrator())
        self.has_erased = True

    def one(self, data: st.DataObject) -> SubjectRef:
        return convoy(data.draw(st.sampled_from(self.convoys)))

    def submit(self, data: st.DataObject, steps: list[Any]) -> bool:
        """Send it as somebody, now and then with a stale look at the record; True where it was written."""
        # An officer's hand is refused at corrections and at loading history: now and then that is tried.
        is_tried = data.draw(st.integers(0, 9)) == 9
        revises = any(isinstance(step, Correct | Retract) for step in steps)
        author = data.draw(st.sampled_from(self.authors[1:] if revises and not is_tried else self.authors))
        may_load = author != self.authors[0] or is_tried
        seen = {}
        if author is not None:
            for ref in histories.subjects_of(steps):
                newest = newest_entry(ref)
                seen[ref] = newest - 1 if newest and data.draw(st.integers(0, 9)) == 9 else newest
        loads = may_load and data.draw(st.booleans())
        change_set = ChangeSet(steps, author=author, seen=seen, backfilled=loads, door="test")
        before = everything()
        try:
            written = timeline.apply(change_set)
        except ConvoyError as error:
            if error.code not in REFUSALS and not any(words in error.message for words in SUMS):
                raise AssertionError(f"{error.code}: {error.message}") from error
            assert everything() == before, "what is refused leaves nothing behind"
            return False
        after = everything()
        again = timeline.apply(change_set)
        assert (again.is_repeat, again.sequences) == (True, written.sequences)
        assert everything() == after, "sent twice, written once"
        self.forget_what_may_change(before[0])
        return True

    # --- what holds after every step

    @invariant()
    def now_is_what_a_replay_gives(self) -> None:
        for row in Convoy.objects.all():
            history = replay(in_force(row.events.all()), route_positions(), strict=True)
            for column, value in projected_columns(history).items():
                assert getattr(row, column) == value, column
            for rows, projected in PROJECTED_ROWS:
                told = [comparable(one) for one in getattr(row, rows).order_by("pk")]
                assert told == [comparable(one) for one in projected(row, history)], rows
            assert row.newest_entry == row.events.latest("sequence").sequence
            assert (row.held_since is not None) == (row.status == State.HELD)
            assert row.shared_with_all_partners is False
            account = cargo_account(history)
            assert not (account.closed_by and account.excess), "what is closed adds up"
            open_holds = Deadline.objects.filter(convoy=row, watch="held", state="open")
            ended = history.facts.tracking_ended is not None
            hold = [row.hold_chain] if row.status == State.HELD and not ended else []
            assert [deadline.opening_chain for deadline in open_holds] == hold
        point = ControlPoint.objects.get(pk="bridge")
        changes = in_force(point.events.filter(kind="access_changed"))
        assert point.access == (changes[-1].access if changes else "")

    @invariant()
    def as_of_now_as_known_now_is_now(self) -> None:
        moment = Moment(timezone.now(), timezone.now())
        for row in Convoy.objects.all():
            then = Convoy.objects.get(pk=row.pk)
            set_back([then], moment)
            columns = projected_columns(history_of(row))
            assert {name: getattr(then, name) for name in columns} == {n: getattr(row, n) for n in columns}
            assert [one.state for one in intervals_at(moment).filter(convoy=row)] == (
                [row.status] if row.status else []
            )

    @invariant()
    def no_answer_uses_what_became_known_later(self) -> None:
        """Answers of earlier moments stay as they were, and name nothing that was not known by then."""
        for row in Convoy.objects.all():
            moments = sorted({event.known_from for event in row.events.all()})
            for known_at in {moments[0], moments[len(moments) // 2], moments[-1]}:
                self.compare(row, Moment(None, known_at))
            self.compare(row, Moment(FIRST_WEEK, moments[len(moments) // 2]))
        for subject in (ControlPoint.objects.get(pk="bridge"), Agreement.objects.get(pk="passage")):
            self.compare(subject, Moment(None, FIRST_WEEK))

    @invariant()
    def the_ledger_verifies(self) -> None:
        verdict = verify()
        assert verdict.flaw is None
        assert verdict.size == LedgerHead.objects.get().size

    @invariant()
    def intervals_cover_a_life_once(self) -> None:
        for row in Convoy.objects.all():
            check_intervals(row)

    # --- how answers are compared

    def compare(self, subject: Subject, moment: Moment) -> None:
        entries, answer = answer_of(subject, moment)
        assert all(known_from <= moment.known_at for known_from in entries if moment.known_at)
        key = (type(subject), subject.pk, moment.as_of, moment.known_at)
        assert self.remembered.setdefault(key, answer) == answer

    def forget_what_may_change(self, size_before: int) -> None:
        """What a step adds may change answers as known from when the first of it became known."""
        new = Event.objects.filter(sequence__gt=size_before).values_list("known_from", flat=True)
        said = Claim.objects.filter(sequence__gt=size_before).values_list("known_from", flat=True)
        first = min([*new, *said])
        self.remembered = {key: kept for key, kept in self.remembered.items() if key[3] < first}


# Rows beside a convoy's own that its declaration comes to, and what makes them.
PROJECTED_ROWS: list[tuple[str, Callable[[Convoy, History], Sequence[Model]]]] = [
    ("cargo_lines", projection.cargo_lines),
    ("other_references", projection.other_references),
    ("organisations", projection.organisations),
]


def comparable(row: Model) -> dict[str, object]:
    return {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if not field.primary_key
    }


FIRST_WEEK = make.utc(2026, 3, 8)


def test_six_things_hold_after_every_step_of_any_history() -> None:
    make.road()
    make.organisation()
    for person in (make.officer, make.coordinator, make.administrator):
        person()
    run_state_machine_as_test(Desk, settings=settings(max_examples=12, stateful_step_count=12))


def newest_entry(ref: Any) -> Any:
    rows: dict[str, Any] = {
        "convoy": Convoy.objects.filter(reference=ref.code),
        "control_point": ControlPoint.objects.filter(pk=ref.code),
        "agreement": Agreement.objects.filter(code=ref.code),
    }
    return rows[ref.type].values_list("newest_entry", flat=True).first()


def everything() -> tuple[Any, ...]:
    """All that a change set could leave behind, the size of the ledger first."""
    return (
        LedgerHead.objects.get().size,
        *(
            list(model._default_manager.order_by("pk").values())
            for model in (Convoy, ControlPoint, Agreement, StateInterval, Deadline)
        ),
        Event.objects.count(), Claim.objects.count(), Words.objects.count(),
    )  # fmt: skip


def answer_of(subject: Subject, moment: Moment) -> tuple[list[datetime], Any]:
    """When each entry that an answer names became known, and the answer as the API and the desk give it."""
    told = tell_subject(STAFF, subject, moment)
    claims = [claim for row in told.events for claim in row.claims] + told.claims
    named = [row.event for row in told.events] + [claim.claim for claim in claims]
    answered = [one.claim.target_claim.known_from for one in claims if one.claim.target_claim is not None]
    desk = record_of(subject, moment)
    lines = [(line.event.sequence, line.kind, line.is_retracted, len(line.accounts)) for line in desk.lines]
    told_as = [(row.event.sequence, row.event.kind, row.is_inferred) for row in told.events]
    answer: list[Any] = [told_as, sorted(claim.claim.sequence for claim in claims), lines]
    if isinstance(subject, Convoy):
        then = Convoy.objects.get(pk=subject.pk)
        history = set_back([then], moment)[then.pk]
        answer.append({name: getattr(then, name) for name in projected_columns(history)})
        answer.append([one.state for one in intervals_at(moment).filter(convoy=subject)])
        if moment.as_of is not None:  # to the moment asked; without one that moves on
            days = tonne_days(Convoy.objects.filter(pk=subject.pk), STAFF, "convoy", moment, Window())
            answer.append((days.total.low, days.total.high, days.total.unknown_tonnage))
    return [entry.known_from for entry in named] + answered, answer


def check_intervals(row: Convoy) -> None:
    """At every instant that can tell a difference: one look-up in the intervals against one replay; and
    the intervals of one moment of knowledge meet end to end, the last without an end."""
    events = list(row.events.all())
    intervals = list(StateInterval.objects.filter(convoy=row).order_by("starts_at"))
    routes = route_positions()
    knowledge = {event.known_from for event in events}
    instants = {event.effective_at for event in events}
    by_state: dict[datetime, list[StateInterval]] = defaultdict(list)
    for known_at in sorted(knowledge | {at - INSTANT for at in knowledge}):
        known = in_force(events, known_at)
        mine = by_state[known_at]
        mine += [
            interval
            for interval in intervals
            if interval.known_from <= known_at
            and (interval.known_until is None or known_at < interval.known_until)
        ]
        # A hold that another hold ended at the same instant has no duration.
        lasting = [interval for interval in mine if interval.starts_at != interval.ends_at]
        if lasting:
            assert [one.ends_at for one in lasting[:-1]] == [one.starts_at for one in lasting[1:]]
            assert lasting[-1].ends_at is None
        for as_of in sorted(instants | {at - INSTANT for at in instants}):
            told = replay([event for event in known if event.effective_at <= as_of], routes).facts.state
            found = [
                one.state
                for one in mine
                if one.starts_at <= as_of and (one.ends_at is None or as_of < one.ends_at)
            ]
            assert found == ([told] if told else []), (as_of, known_at)

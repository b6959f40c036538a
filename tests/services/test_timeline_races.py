"""Several at once, with true connections and locks: one wins, the others are told, nothing forks."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections, transaction

from convoys.errors import Busy, Conflict, ConvoyError, InvalidInput
from convoys.models import ChangeSet as ChangeSetRow
from convoys.models import Convoy, Event, LedgerEntry, LedgerHead
from convoys.queries.verification import verify
from convoys.services import timeline
from convoys.services.changes import ChangeSet, Claim, Record, SubjectRef, Target, convoy
from tests import factories as make

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
THREADS = 10


def at_once(work: Callable[[int], Any], count: int = THREADS) -> list[Any]:
    """Run `work(0)`, `work(1)` ... at the same moment, each on a connection of its own.

    Returns what each returned or raised. No thread starts before all are there.
    """
    gate = threading.Barrier(count)
    results: list[Any] = [None] * count

    def run(number: int) -> None:
        try:
            connection.ensure_connection()
            gate.wait(timeout=30)
            results[number] = work(number)
        except Exception as error:
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    return results


def outcomes(results: list[Any]) -> Counter[str]:
    return Counter(type(result).__name__ for result in results)


def sound() -> None:
    """Sequences without a gap, no fork, and every leaf as its rows say."""
    sequences = list(LedgerEntry.objects.order_by("sequence").values_list("sequence", flat=True))
    assert sequences == list(range(1, len(sequences) + 1))
    assert LedgerHead.objects.get().size == len(sequences)
    assert verify().flaw is None


def test_ten_officers_race_for_one_transition_and_one_wins() -> None:
    ref = make.make_held_convoy()
    seen = Convoy.objects.get(reference="C-1").newest_entry
    officers = [make.officer(f"officer_{number}") for number in range(THREADS)]

    def release(number: int) -> Any:
        step = make.record(ref, "released", "2026-03-03T10:00")
        return timeline.apply(ChangeSet([step], author=officers[number], seen={ref: seen}))

    results = at_once(release)
    assert outcomes(results) == {"Written": 1, "Conflict": 9}
    assert Event.objects.filter(kind="released").count() == 1
    assert Convoy.objects.get(reference="C-1").status == "dispatched"
    sound()


def test_ten_imports_that_saw_nothing_race_and_nine_are_told_why_it_cannot_be() -> None:
    ref = make.make_held_convoy()
    results = at_once(lambda number: make.apply(make.record(ref, "released", "2026-03-03T10:00")))
    assert outcomes(results) == {"Written": 1, "IllegalHistory": 9}
    assert Event.objects.filter(kind="released").count() == 1
    sound()


def test_one_change_set_sent_ten_times_at_once_is_written_once() -> None:
    ref = make.make_held_convoy()
    same = uuid.uuid4()
    step = make.record(ref, "released", "2026-03-03T10:00")
    results = at_once(lambda number: make.apply(step, uuid=same))
    assert outcomes(results) == {"Written": 10}
    assert len({tuple(map(tuple, result.sequences)) for result in results}) == 1
    assert Counter(result.is_repeat for result in results) == {True: 9, False: 1}
    assert Event.objects.filter(kind="released").count() == 1
    sound()


def test_one_registration_sent_ten_times_at_once_is_written_once() -> None:
    make.road()
    make.organisation()
    same = uuid.uuid4()
    step = Record(convoy("C-1"), "registered", make.at("2026-03-01"), declares=make.DECLARATION)
    results = at_once(lambda number: make.apply(step, uuid=same))
    assert outcomes(results) == {"Written": 10}
    assert Convoy.objects.count() == 1
    assert ChangeSetRow.objects.count() == 1
    sound()


def test_ten_registrations_of_one_reference_race_and_one_wins() -> None:
    make.road()
    make.organisation()
    step = Record(convoy("C-1"), "registered", make.at("2026-03-01"), declares=make.DECLARATION)
    results = at_once(lambda number: make.apply(step))
    lost = [result for result in results if isinstance(result, ConvoyError)]
    assert len(lost) == 9
    assert all(isinstance(error, (Conflict, InvalidInput)) for error in lost)
    assert Convoy.objects.count() == 1
    sound()


def test_ten_writers_on_ten_convoys_all_succeed_without_a_gap_or_a_deadlock() -> None:
    refs = [make.make_convoy(f"C-{number}") for number in range(THREADS)]
    results = at_once(lambda number: make.tell(refs[number], "departed", "2026-03-02"))
    assert outcomes(results) == {"int": 10}
    assert len(set(results)) == 10
    sound()


def test_change_sets_over_the_same_convoys_in_opposite_order_do_not_wait_for_each_other() -> None:
    refs = [make.make_convoy(f"C-{number}") for number in range(4)]
    for ref in refs:
        make.tell(ref, "departed", "2026-03-01T08:00")

    def daily_round(number: int) -> Any:
        order = refs if number % 2 else refs[::-1]
        return make.apply(*[make.record(ref, "seen", "2026-03-02") for ref in order])

    assert outcomes(at_once(daily_round)) == {"Written": 10}
    assert Event.objects.filter(kind="seen").count() == 40
    sound()


def test_entries_are_dated_in_the_order_in_which_they_were_committed() -> None:
    refs = [make.make_convoy(f"C-{number}") for number in range(THREADS)]
    at_once(lambda number: [make.tell(refs[number], "seen", "2026-03-02") for _ in range(5)])
    entries = list(Event.objects.order_by("sequence").values_list("recorded_at", flat=True))
    assert entries == sorted(entries)
    assert Event.objects.filter(kind="seen").count() == 50
    sound()


def test_who_cannot_have_the_lock_in_time_is_told_and_loses_nothing() -> None:
    ref = make.make_convoy()
    held, done = threading.Event(), threading.Event()

    def sit_on_it() -> None:
        try:
            with transaction.atomic():
                Convoy.objects.select_for_update().get(reference="C-1")
                held.set()
                done.wait(timeout=30)
        finally:
            connections.close_all()

    sitter = threading.Thread(target=sit_on_it)
    sitter.start()
    try:
        assert held.wait(timeout=30)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 200")
        with pytest.raises(Busy):
            make.tell(ref, "departed", "2026-03-02")
    finally:
        done.set()
        sitter.join(timeout=30)
        connection.close()
    make.tell(ref, "departed", "2026-03-02")
    sound()


def legal_twice(name: str, ref: SubjectRef) -> list[Any]:
    """Change sets that a replay would take a second time: nothing but the UUID stops a repeat."""
    held = Event.objects.filter(kind="held").order_by("sequence")[0].sequence
    new = Record(convoy("C-9"), "registered", make.at("2026-03-02"), declares={"tonnes": {"low": 1}})
    sets: dict[str, list[Any]] = {
        "still there": [make.record(ref, "seen", "2026-03-03T10:00")],
        "a note": [Record(ref, "note", make.at("2026-03-03T10:00"), text="n")],
        "an account": [Claim(Target(chain=held), make.account())],
        "a split": [new, make.record(ref, "split_off", "2026-03-03T10:00", other_convoy="C-9", tonnes_low=1)],
    }
    return sets[name]


@pytest.mark.parametrize("name", ["still there", "a note", "an account", "a split"])
def test_one_submission_sent_ten_times_is_written_once_and_answered_alike_for_ever(name: str) -> None:
    ref = make.make_held_convoy()
    steps, author, same = legal_twice(name, ref), make.coordinator(), uuid.uuid4()

    def send(_number: int = 0) -> timeline.Written:
        return timeline.apply(ChangeSet(steps, author=author, uuid=same))

    results = at_once(send)
    assert outcomes(results) == {"Written": THREADS}, results
    assert Counter(one.is_repeat for one in results) == {True: THREADS - 1, False: 1}
    assert len({str(one.sequences) for one in results}) == 1
    make.tell(ref, "delivered", "2026-03-05", place="valley")
    size = LedgerHead.objects.get().size
    again = send()
    assert (again.is_repeat, again.sequences) == (True, results[0].sequences)
    assert LedgerHead.objects.get().size == size
    sound()

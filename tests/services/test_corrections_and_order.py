"""Late reports find their place in the day; corrections supersede and stay readable."""

from __future__ import annotations

import pytest

from convoys.errors import Conflict, IllegalHistory, InvalidInput, NotPermitted
from convoys.models import Claim, Convoy, Event, Words
from convoys.queries.history import history_of
from convoys.queries.verification import verify
from convoys.services.changes import Correct, Retract
from convoys.vocabulary import Act, State
from tests import factories as make

pytestmark = pytest.mark.django_db


def convoy() -> Convoy:
    return Convoy.objects.get(reference="C-1")


def kinds_in_order() -> list[str]:
    return [step.kind for step in history_of(convoy()).steps if not step.is_inferred]


def test_a_late_report_that_opens_and_closes_a_hold_is_written_as_one_change_set() -> None:
    make.make_convoy()
    make.tell("C-1", "departed", "2026-03-01")
    make.tell("C-1", "delivered", "2026-03-09", place="valley")

    make.apply(
        make.record("C-1", "held", "2026-03-03T10:00", place="junction", held_before="bridge"),
        make.record("C-1", "released", "2026-03-04T10:00", place="junction"),
    )

    assert convoy().status == State.DELIVERED
    (hold,) = history_of(convoy()).episodes
    assert hold.ended == "released"


def test_a_report_of_the_same_day_goes_before_the_one_that_it_must_precede() -> None:
    make.make_convoy()
    make.tell("C-1", "departed", "2026-03-01")
    make.tell("C-1", "stopped", "2026-03-05", place="junction")
    make.tell("C-1", "delivered", "2026-03-06", place="valley")
    delivered = Event.objects.get(kind="delivered")

    make.tell("C-1", "resumed", "2026-03-06", place="junction")

    assert kinds_in_order() == ["registered", "departed", "stopped", "resumed", "delivered"]
    moved = Event.objects.get(chain=delivered.chain, act=Act.CORRECT)
    assert (moved.occurred_at, moved.precision) == (delivered.occurred_at, delivered.precision)
    assert Words.objects.get(pk=moved.pk).fields["reason"] == "Order within the period."
    assert verify().flaw is None


def test_a_report_that_fits_nowhere_names_both_events_and_writes_nothing() -> None:
    make.make_convoy()
    make.tell("C-1", "departed", "2026-03-01")
    make.tell("C-1", "delivered", "2026-03-06", place="valley")
    before = Event.objects.count()

    with pytest.raises(IllegalHistory) as refused:
        make.tell("C-1", "resumed", "2026-03-06")

    assert refused.value.event.kind == "resumed"
    assert refused.value.earlier is not None
    assert Event.objects.count() == before


def test_a_correction_supersedes_and_the_superseded_stays() -> None:
    make.make_convoy()
    held = make.tell("C-1", "held", "2026-03-02", place="junction", held_before="bridge")
    right = make.record("C-1", "held", "2026-03-03", place="hamlet", held_before="gate", claims=[])

    make.apply(Correct(held, right, "wrong day and place"), author=make.coordinator())

    assert convoy().held_since == make.at("2026-03-03").at
    assert convoy().held_before_id == "gate"
    first, second = Event.objects.filter(chain=held).order_by("sequence")
    assert (first.place_id, second.place_id) == ("junction", "hamlet")
    assert (second.act, second.supersedes) == (Act.CORRECT, first.sequence)
    assert verify().flaw is None


def test_a_correction_that_keeps_the_period_keeps_its_place_in_the_order() -> None:
    make.make_convoy()
    make.tell("C-1", "departed", "2026-03-02")
    stopped = make.tell("C-1", "stopped", "2026-03-02", place="junction")
    make.tell("C-1", "held", "2026-03-02", place="junction")
    right = make.record("C-1", "stopped", "2026-03-02", place="hamlet", claims=[])

    make.apply(Correct(stopped, right, "another place"), author=make.coordinator())

    assert kinds_in_order() == ["registered", "departed", "stopped", "held"]


def test_an_account_is_corrected_like_an_event() -> None:
    make.make_convoy()
    held = make.tell("C-1", "held", "2026-03-02", place="junction")
    claim = Claim.objects.get(target_event=held)

    make.apply(Correct(claim.pk, make.account(statement="Better."), "misread"), author=make.coordinator())

    newest = Claim.objects.filter(chain=claim.chain).latest("sequence")
    assert (newest.act, newest.target_event_id) == (Act.CORRECT, held)
    assert Words.objects.get(pk=newest.pk).fields["statement"] == "Better."


def test_correcting_needs_a_coordinator_the_newest_entry_and_the_same_kind() -> None:
    make.make_convoy()
    held = make.tell("C-1", "held", "2026-03-02", place="junction")
    right = make.record("C-1", "held", "2026-03-03", place="hamlet", claims=[])

    with pytest.raises(NotPermitted):
        make.apply(Correct(held, right, "slip"), author=make.officer())
    with pytest.raises(InvalidInput):
        make.apply(Correct(held, make.record("C-1", "stopped", "2026-03-03"), "slip"))
    make.apply(Correct(held, right, "slip"), author=make.coordinator())
    with pytest.raises(Conflict):
        make.apply(Correct(held, right, "slip"), author=make.coordinator())


def test_loaded_history_stands_in_one_order_whatever_day_of_knowledge_is_asked() -> None:
    """The event that makes room is known to have moved when the one it makes room for is known."""
    make.make_convoy()
    told = make.account(reported_on=make.utc(2026, 3, 3).date())
    make.apply(make.record("C-1", "held", "2026-03-02", place="harbour", claims=[told]), backfilled=True)
    make.apply(make.record("C-1", "released", "2026-03-02", place="harbour", claims=[told]), backfilled=True)
    later = make.account(reported_on=make.utc(2026, 3, 5).date())
    make.apply(make.record("C-1", "departed", "2026-03-02", place="harbour", claims=[later]), backfilled=True)
    make.apply(make.record("C-1", "stopped", "2026-03-02", place="harbour", claims=[later]), backfilled=True)
    make.apply(make.record("C-1", "resumed", "2026-03-02", place="harbour", claims=[later]), backfilled=True)
    late = make.account(reported_on=make.utc(2026, 3, 6).date())
    make.apply(make.record("C-1", "held", "2026-03-02", place="junction", claims=[late]), backfilled=True)
    make.apply(make.record("C-1", "released", "2026-03-02", place="junction", claims=[late]), backfilled=True)

    moved = Event.objects.filter(act=Act.CORRECT)
    for day in (3, 4, 5, 6, 7):
        known = history_of(convoy(), known_at=make.utc(2026, 3, day, 23))
        now = [step.event.chain for step in history_of(convoy()).steps if not step.is_inferred]
        then = [step.event.chain for step in known.steps if not step.is_inferred]
        assert then == [chain for chain in now if chain in then], day
    assert all(event.known_from.month == 3 for event in moved)


def test_what_makes_room_in_loaded_history_is_known_with_what_it_makes_room_for() -> None:
    make.make_convoy(when="2026-03-01")
    told = make.account(reported_on=make.utc(2026, 3, 3).date())
    make.apply(make.record("C-1", "delivered", "2026-03-02", place="valley", claims=[told]), backfilled=True)
    late = make.account(reported_on=make.utc(2026, 3, 5).date())
    make.apply(make.record("C-1", "held", "2026-03-02", place="junction", claims=[late]), backfilled=True)

    (moved,) = Event.objects.filter(act=Act.CORRECT)
    held = Event.objects.get(kind="held")
    assert (moved.kind, moved.known_from) == ("delivered", held.known_from)
    assert history_of(convoy(), known_at=make.utc(2026, 3, 7)).facts.state == State.DELIVERED
    assert history_of(convoy(), known_at=make.utc(2026, 3, 4)).facts.state == State.DELIVERED


@pytest.mark.parametrize(
    ("stated", "rows"),
    [
        ({"cargo": [{"category": "food", "description": "Flour"}]}, "cargo_lines"),
        ({"references": [{"issuer": "Port", "number": "17"}]}, "other_references"),
        ({"carrier": "hauliers"}, "organisations"),
    ],
)
@pytest.mark.parametrize("way", ["corrected", "taken back"])
def test_what_an_amendment_no_longer_states_is_gone_from_what_lists_read(
    stated: dict[str, object], rows: str, way: str
) -> None:
    make.make_convoy()
    make.organisation("hauliers")
    before = getattr(convoy(), rows).count()
    amended = make.tell("C-1", "amended", "2026-03-02", declares={"trucks": 3, **stated}, claims=[])
    assert getattr(convoy(), rows).count() == before + 1

    if way == "corrected":
        contents = make.record("C-1", "amended", "2026-03-02", declares={"trucks": 3}, claims=[])
        make.apply(Correct(amended, contents, "That was another convoy's."))
    else:
        make.apply(Retract(amended, "That was another convoy's."))

    assert getattr(convoy(), rows).count() == before

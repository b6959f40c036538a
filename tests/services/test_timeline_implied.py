"""Steps that a report proves and nobody reported: shown as inferred, never stored."""

from __future__ import annotations

import pytest

from convoys.errors import IllegalHistory
from convoys.models import Convoy, Event, StateInterval
from convoys.queries.history import history_of
from convoys.replay import History
from convoys.services.changes import SubjectRef
from tests import factories as make

pytestmark = pytest.mark.django_db


def history(ref: SubjectRef) -> History:
    return history_of(Convoy.objects.get(reference=ref.code))


def inferred(ref: SubjectRef) -> list[str]:
    return [step.kind for step in history(ref).steps if step.is_inferred]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("held", {"place": "junction"}),
        ("stopped", {"place": "junction"}),
        ("delivered", {"place": "valley"}),
        ("delivered", {}),
        ("returned", {"place": "elsewhere"}),
        ("returned", {}),
        ("lost", {"place": "hamlet", "loss_mode": "armed"}),
        ("lost", {"loss_mode": "armed"}),
        ("passed", {"place": "bridge"}),
    ],
)
def test_what_happens_away_from_the_origin_implies_the_departure(kind: str, fields: dict[str, str]) -> None:
    ref = make.make_convoy()
    sequence = make.tell(ref, kind, "2026-03-02T10:00", **fields)
    assert inferred(ref) == ["departed"]
    step = next(step for step in history(ref).steps if step.is_inferred)
    assert step.event.sequence == sequence
    assert step.event.occurred_at == make.utc(2026, 3, 2, 10)
    assert not Event.objects.filter(kind="departed").exists()


@pytest.mark.parametrize("kind", ["delivered", "lost", "returned"])
def test_at_the_origin_itself_these_prove_no_departure_and_are_refused(kind: str) -> None:
    ref = make.make_convoy()
    more = {"loss_mode": "armed"} if kind == "lost" else {}
    with pytest.raises(IllegalHistory):
        make.tell(ref, kind, "2026-03-02T10:00", place="harbour", **more)


def test_arriving_somewhere_does_not_by_itself_imply_a_departure() -> None:
    ref = make.make_convoy()
    make.tell(ref, "arrived", "2026-03-02T10:00", place="junction")
    assert inferred(ref) == []


def test_a_hold_where_nobody_says_where_it_stands_proves_no_departure() -> None:
    ref = make.make_convoy()
    make.tell(ref, "held", "2026-03-02T10:00")
    assert inferred(ref) == []
    assert not history(ref).facts.departed


@pytest.mark.parametrize("place", ["bridge", "hamlet", "gate", "valley"])
def test_passing_the_point_it_was_held_before_or_one_beyond_implies_the_release(place: str) -> None:
    ref = make.make_held_convoy()
    sequence = make.tell(ref, "passed", "2026-03-03T10:00", place=place)
    assert inferred(ref) == ["released"]
    (episode,) = history(ref).episodes
    assert (episode.ended, episode.is_end_inferred) == ("released", True)
    assert episode.closing is not None
    assert episode.closing.sequence == sequence
    assert Convoy.objects.get(reference="C-1").status == "dispatched"


@pytest.mark.parametrize("place", ["harbour", "junction", "elsewhere"])
def test_passing_a_place_before_that_point_or_off_the_route_proves_nothing(place: str) -> None:
    ref = make.make_held_convoy()
    make.tell(ref, "passed", "2026-03-03T10:00", place=place)
    assert inferred(ref) == []
    assert Convoy.objects.get(reference="C-1").status == "held"


def test_on_the_way_back_beyond_means_towards_the_origin() -> None:
    ref = make.make_convoy()
    make.tell(ref, "departed", "2026-03-01T08:00")
    make.tell(ref, "turned_back", "2026-03-02T08:00", decided_by="other", place="hamlet")
    make.tell(ref, "held", "2026-03-02T09:00", place="hamlet", held_before="bridge")
    make.tell(ref, "passed", "2026-03-02T10:00", place="valley")
    assert history(ref).facts.state == "held"
    make.tell(ref, "passed", "2026-03-02T11:00", place="junction")
    assert history(ref).facts.state == "dispatched"
    assert inferred(ref) == ["released"]


def test_delivered_elsewhere_than_the_hold_implies_the_release() -> None:
    ref = make.make_held_convoy()
    make.tell(ref, "delivered", "2026-03-03T10:00", place="valley")
    assert inferred(ref) == ["released"]
    assert history(ref).episodes[0].ended == "released"


@pytest.mark.parametrize("place", ["junction", ""])
def test_delivered_where_it_was_held_ends_the_hold_by_the_delivery(place: str) -> None:
    ref = make.make_held_convoy()
    make.tell(ref, "delivered", "2026-03-03T10:00", place=place)
    assert inferred(ref) == []
    assert (history(ref).episodes[0].ended, history(ref).episodes[0].is_end_inferred) == ("delivered", False)


@pytest.mark.parametrize(
    ("kind", "place", "goes_on"),
    [("passed", "bridge", True), ("arrived", "hamlet", True), ("arrived", "junction", False)],
)
def test_a_stopped_convoy_that_turns_up_elsewhere_has_resumed(kind: str, place: str, goes_on: bool) -> None:
    ref = make.make_convoy()
    make.tell(ref, "stopped", "2026-03-02T08:00", place="junction")
    make.tell(ref, kind, "2026-03-02T09:00", place=place)
    assert ("resumed" in inferred(ref)) is goes_on
    assert history(ref).facts.state == ("dispatched" if goes_on else "stopped")


@pytest.mark.parametrize(
    ("kind", "fields", "ended"),
    [
        ("released", {}, "released"),
        ("turned_back", {"decided_by": "own_side"}, "turned back"),
        ("stopped", {"place": "junction"}, "eased to stopped"),
        ("returned", {"place": "harbour"}, "returned"),
        ("lost", {"place": "junction", "loss_mode": "theft"}, "lost"),
    ],
)
def test_the_end_of_a_hold_says_how_and_only_a_release_is_called_one(
    kind: str, fields: dict[str, str], ended: str
) -> None:
    ref = make.make_held_convoy()
    make.tell(ref, kind, "2026-03-03T10:00", **fields)
    (episode,) = history(ref).episodes
    assert (episode.ended, episode.is_end_inferred) == (ended, False)
    row = StateInterval.objects.get(state="held", known_until=None)
    assert (row.ended, row.closed_at) == (ended, make.utc(2026, 3, 3, 10))


@pytest.mark.parametrize("departed", [True, False])
def test_a_handover_ends_the_hold_by_its_name_and_the_convoy_is_held_still(departed: bool) -> None:
    if departed:
        ref = make.make_held_convoy()
    else:
        ref = make.make_convoy()
        make.tell(ref, "held", "2026-03-02T08:00", place="harbour", held_before="bridge")
    make.tell(ref, "handed_over", "2026-03-03T10:00", next_carrier="aid_society")
    first, second = history(ref).episodes
    assert (first.ended, first.is_end_inferred, second.ended) == ("handed over", False, "")
    assert (second.stands_at, second.held_before) == (first.stands_at, "bridge")
    row = Convoy.objects.get(reference="C-1")
    assert (row.status, row.departed, row.held_before_id) == ("held", departed, "bridge")
    assert (row.held_since, row.hold_chain) == (make.utc(2026, 3, 3, 10), second.opening.chain)
    held = StateInterval.objects.filter(state="held", known_until=None).order_by("starts_at")
    assert [(row.ended, row.ends_at is None) for row in held] == [("handed over", False), ("", True)]
    assert held[0].ends_at == held[1].starts_at
    make.tell(ref, "released", "2026-03-03T12:00")
    assert [one.ended for one in history(ref).episodes] == ["handed over", "released"]
    assert Convoy.objects.get(reference="C-1").status == ("dispatched" if departed else "planned")


@pytest.mark.parametrize("state", ["dispatched", "stopped"])
def test_a_handover_of_a_convoy_that_is_not_held_opens_no_hold(state: str) -> None:
    ref = make.make_convoy()
    make.tell(ref, "departed", "2026-03-01T08:00", place="harbour")
    if state == "stopped":
        make.tell(ref, "stopped", "2026-03-02T08:00", place="junction")
    make.tell(ref, "handed_over", "2026-03-03T10:00", next_carrier="aid_society")
    assert history(ref).episodes == []
    assert Convoy.objects.get(reference="C-1").status == state


def test_a_second_hold_is_a_second_episode() -> None:
    ref = make.make_held_convoy()
    make.tell(ref, "released", "2026-03-03T10:00")
    make.tell(ref, "held", "2026-03-03T12:00", place="hamlet", held_before="gate")
    first, second = history(ref).episodes
    assert (first.held_before, second.held_before) == ("bridge", "gate")
    row = Convoy.objects.get(reference="C-1")
    assert (row.held_since, row.held_before_id, row.stands_at_id) == (
        make.utc(2026, 3, 3, 12),
        "gate",
        "hamlet",
    )
    assert row.hold_chain == second.opening.chain


@pytest.mark.parametrize(
    ("kind", "fields", "is_over"),
    [
        ("returned", {"place": "harbour"}, True),
        ("delivered", {"place": "elsewhere"}, True),
        ("rerouted", {"place": "junction"}, True),
        ("seen", {"place": "junction"}, False),
        ("stopped", {"place": "junction"}, False),
    ],
)
def test_heading_back_lasts_until_returned_delivered_or_rerouted(
    kind: str, fields: dict[str, str], is_over: bool
) -> None:
    ref = make.make_held_convoy()
    make.tell(ref, "turned_back", "2026-03-03T10:00", decided_by="own_side", heading="harbour")
    assert Convoy.objects.get(reference="C-1").heading_id == "harbour"
    make.tell(ref, kind, "2026-03-03T12:00", **fields)
    row = Convoy.objects.get(reference="C-1")
    assert row.heading_back is not is_over
    assert row.heading_id == (None if is_over else "harbour")


def test_a_real_report_takes_the_place_of_the_inferred_step() -> None:
    """A departure that is reported later, but happened before, is no second departure."""
    ref = make.make_convoy()
    make.tell(ref, "held", "2026-03-02T10:00", place="junction", held_before="bridge")
    assert inferred(ref) == ["departed"]
    make.tell(ref, "departed", "2026-03-01T08:00", place="harbour")
    assert inferred(ref) == []
    assert [step.kind for step in history(ref).steps] == ["registered", "departed", "held"]
    assert Convoy.objects.get(reference="C-1").status == "held"


def test_a_step_of_no_duration_is_no_answer_to_what_was_so() -> None:
    """The departure that a hold proves takes the hold's instant, and leaves no stretch on the road."""
    ref = make.make_convoy()
    make.tell(ref, "held", "2026-03-02T10:00", place="junction")
    assert [span.state for span in history(ref).spans] == ["planned", "held"]

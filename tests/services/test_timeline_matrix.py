"""Every kind of event in every state: what it leads to, and what is refused. The table of the design."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from convoys.errors import IllegalHistory, InvalidInput, UnknownReference
from convoys.models import Convoy, Event, LedgerHead
from convoys.services.changes import SubjectRef, agreement, control_point, convoy
from convoys.vocabulary import KINDS, SubjectType
from tests import factories as make

pytestmark = pytest.mark.django_db

NOON = "2026-03-02T12:00"


def planned() -> SubjectRef:
    return make.make_convoy()


def held_at_origin() -> SubjectRef:
    ref = make.make_convoy()
    make.tell(ref, "held", "2026-03-01T07:00", place="harbour", held_before="bridge")
    return ref


def dispatched() -> SubjectRef:
    ref = make.make_convoy()
    make.tell(ref, "departed", "2026-03-01T08:00", place="harbour")
    return ref


def _then(kind: str, **fields: Any) -> Callable[[], SubjectRef]:
    def state() -> SubjectRef:
        ref = dispatched()
        make.tell(ref, kind, "2026-03-02T08:00", **fields)
        return ref

    return state


def cancelled() -> SubjectRef:
    ref = make.make_convoy()
    make.tell(ref, "cancelled", "2026-03-01T07:00", decided_by="own_side")
    return ref


STATES: dict[str, Callable[[], SubjectRef]] = {
    "planned": planned,
    "held at origin": held_at_origin,
    "dispatched": dispatched,
    "stopped": _then("stopped", place="junction"),
    "held": _then("held", place="junction", held_before="bridge"),
    "delivered": _then("delivered", place="valley"),
    "returned": _then("returned", place="harbour"),
    "lost": _then("lost", place="junction", loss_mode="armed"),
    "cancelled": cancelled,
}
FINAL = ("delivered", "returned", "lost", "cancelled")

# What each kind leads to, by the state before it; a state that is missing refuses it. Away from the
# origin where it matters: what a planned convoy does away from its origin implies that it departed.
LEADS_TO: dict[str, dict[str, str]] = {
    "registered": {},
    "departed": {"planned": "dispatched"},
    "stopped": {
        "planned": "stopped", "dispatched": "stopped", "held": "stopped", "held at origin": "stopped",
    },
    "resumed": {"stopped": "dispatched"},
    "held": {"planned": "held", "dispatched": "held", "stopped": "held"},
    "released": {"held": "dispatched", "held at origin": "planned"},
    "turned_back": {
        "dispatched": "dispatched", "stopped": "dispatched", "held": "dispatched",
        "held at origin": "dispatched",
    },
    "delivered": {
        "planned": "delivered", "dispatched": "delivered", "stopped": "delivered", "held": "delivered",
        "held at origin": "delivered",
    },
    "returned": {
        "planned": "returned", "dispatched": "returned", "stopped": "returned", "held": "returned",
        "held at origin": "returned",
    },
    "lost": {
        "planned": "lost", "dispatched": "lost", "stopped": "lost", "held": "lost", "held at origin": "lost",
    },
    "cancelled": {"planned": "cancelled", "held at origin": "cancelled"},
}  # fmt: skip
FIELDS: dict[str, dict[str, Any]] = {
    "stopped": {"place": "hamlet"},
    "held": {"place": "hamlet", "held_before": "gate"},
    "turned_back": {"decided_by": "other"},
    "delivered": {"place": "valley"},
    "returned": {"place": "elsewhere"},
    "lost": {"place": "hamlet", "loss_mode": "theft"},
    "cancelled": {"decided_by": "own_side"},
    "arrived": {"place": "junction"},
    "passed": {"place": "junction"},
    "handed_over": {"next_carrier": "next_carrier"},
    "split_off": {"other_convoy": "C-2"},
    "part_lost": {"loss_mode": "crowd"},
    "visibility_changed": {"visible_to": "all_partners", "claims": []},
    "note": {"text": "Telephoned the driver.", "claims": []},
    "amended": {"declares": {"trucks": 5}, "claims": []},
}
CHANGING = [kind.code for kind in KINDS.values() if kind.group == "state"]
KEEPING = [
    kind.code for kind in KINDS.values() if SubjectType.CONVOY in kind.subjects and kind.group != "state"
]


def test_the_table_names_every_kind_that_changes_the_state() -> None:
    assert set(CHANGING) == set(LEADS_TO)
    assert len(CHANGING) == 11


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", CHANGING)
def test_a_kind_leads_where_the_design_says_or_is_refused(kind: str, state: str) -> None:
    ref = STATES[state]()
    before = Convoy.objects.filter(reference="C-1").values().get()
    size = LedgerHead.objects.get().size
    after = LEADS_TO[kind].get(state)
    if after is not None:
        make.tell(ref, kind, NOON, **FIELDS.get(kind, {}))
        assert Convoy.objects.get(reference="C-1").status == after
        return
    error = InvalidInput if kind == "registered" else IllegalHistory
    with pytest.raises(error):
        make.tell(ref, kind, NOON, **FIELDS.get(kind, {}))
    assert Convoy.objects.filter(reference="C-1").values().get() == before
    assert LedgerHead.objects.get().size == size
    assert Event.objects.count() <= size


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", KEEPING)
def test_the_other_kinds_are_taken_in_every_state_and_change_none_on_the_spot(kind: str, state: str) -> None:
    """But for what a passage proves: a planned convoy has departed, a stopped one goes again."""
    ref = STATES[state]()
    make.organisation("next_carrier")
    make.make_convoy("C-2")
    before = Convoy.objects.get(reference="C-1").status
    make.tell(ref, kind, NOON, **FIELDS.get(kind, {}))
    moved = {"planned": "dispatched", "stopped": "dispatched"} if kind == "passed" else {}
    assert Convoy.objects.get(reference="C-1").status == moved.get(state, before)


@pytest.mark.parametrize("state", FINAL)
def test_after_a_final_state_nothing_that_changes_it_is_offered(state: str) -> None:
    ref = STATES[state]()
    with pytest.raises(IllegalHistory) as refused:
        make.tell(ref, "stopped", NOON, place="hamlet")
    assert refused.value.legal == ()
    assert refused.value.state == state


def test_a_refusal_names_the_two_reports_that_clash_and_what_would_be_legal() -> None:
    ref = STATES["stopped"]()
    with pytest.raises(IllegalHistory) as refused:
        make.tell(ref, "released", NOON)
    error = refused.value
    assert (error.event.kind, error.event.occurred_at, error.event.sequence) == (
        "released",
        "2026-03-02 12:00",
        None,
    )
    assert error.earlier is not None
    assert error.earlier.kind == "stopped"
    assert error.earlier.sequence == Event.objects.get(kind="stopped").sequence
    assert set(error.legal) == {"resumed", "held", "turned_back", "delivered", "returned", "lost"}
    assert "resumed" in error.message
    assert "stopped of 2026-03-02 08:00" in error.message


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "registered"])
def test_nothing_is_taken_of_a_convoy_that_was_never_registered(kind: str) -> None:
    make.road()
    if SubjectType.CONVOY not in KINDS[kind].subjects:
        expected: type[Exception] = InvalidInput
    else:
        expected = UnknownReference
    with pytest.raises((expected, UnknownReference)):
        make.tell(convoy("C-9"), kind, NOON, **FIELDS.get(kind, {}))
    assert not Event.objects.exists()


@pytest.mark.parametrize("kind", ["stopped", "held"])
@pytest.mark.parametrize("place", ["harbour", ""])
def test_before_departure_a_hold_is_told_from_a_stop(kind: str, place: str) -> None:
    """At the origin, or nobody says where, nothing proves that it left: it may be held, not stopped."""
    ref = planned()
    if kind == "held":
        make.tell(ref, kind, NOON, place=place)
        row = Convoy.objects.get(reference="C-1")
        assert (row.status, row.departed) == ("held", False)
    else:
        with pytest.raises(IllegalHistory):
            make.tell(ref, kind, NOON, place=place)


def test_a_control_point_and_an_agreement_have_kinds_of_their_own() -> None:
    make.road()
    make.agreement()
    make.tell(control_point("bridge"), "access_changed", NOON, access="closed")
    make.tell(agreement("passage"), "agreed", NOON, decided_by="other")
    with pytest.raises(InvalidInput, match="held"):
        make.tell(control_point("bridge"), "held", NOON)
    with pytest.raises(InvalidInput, match="access_changed"):
        make.tell(agreement("passage"), "access_changed", NOON, access="open")

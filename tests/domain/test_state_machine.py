"""The state machine: one declaration, one table built from it, one picture drawn from it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
from django_fsm import TransitionNotAllowed, can_proceed

from convoys.models import Convoy
from convoys.state_picture import state_machine_svg
from convoys.transitions import METHOD_OF, TRANSITIONS, next_state
from convoys.vocabulary import KINDS, UNREGISTERED, State

STATES = [UNREGISTERED, *State.values]
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("departed", [False, True], ids=["at its origin", "departed"])
@pytest.mark.parametrize("kind", list(TRANSITIONS))
@pytest.mark.parametrize("state", STATES)
def test_replay_table_agrees_with_the_fsm_methods(state: str, kind: str, departed: bool) -> None:
    convoy = Convoy(status=state, departed=departed)
    method = getattr(convoy, METHOD_OF.get(kind, kind))

    expected = next_state(kind, state, convoy)

    assert can_proceed(method) is (expected is not None)
    if expected is None:
        with pytest.raises(TransitionNotAllowed):
            method()
    else:
        method()
        assert convoy.status == expected


def test_every_kind_that_changes_the_state_is_declared_and_no_other() -> None:
    convoy: Any = Convoy(status=State.PLANNED)

    declared = {method.name for method in convoy.get_all_status_transitions()}

    assert declared == {METHOD_OF.get(kind, kind) for kind in TRANSITIONS}
    assert {kind for kind, row in KINDS.items() if row.group == "state"} == set(TRANSITIONS)


def test_state_cannot_be_assigned_and_a_refresh_does_not_lift_the_guard() -> None:
    convoy = Convoy(status=State.PLANNED)

    with pytest.raises(AttributeError):
        convoy.status = State.DELIVERED


@pytest.mark.django_db
def test_refreshing_a_deleted_convoy_leaves_every_convoy_guarded() -> None:
    gone = Convoy.objects.create(reference="GONE")
    kept = Convoy.objects.create(reference="KEPT")
    Convoy.objects.filter(pk=gone.pk).delete()

    with pytest.raises(Convoy.DoesNotExist):
        gone.refresh_from_db()

    kept.refresh_from_db()
    with pytest.raises(AttributeError):
        kept.status = State.DELIVERED


def test_the_unmaintained_django_fsm_is_not_installed_beside_ours() -> None:
    with pytest.raises(PackageNotFoundError):
        distribution("django-fsm")


def test_the_picture_in_the_docs_is_the_one_that_the_code_draws() -> None:
    committed = (ROOT / "docs" / "state-machine.svg").read_text(encoding="utf-8")

    assert committed == state_machine_svg(), "run `make docs`"

"""An edit that governs very many clocks is worked off by a worker, in batches, whatever dies meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest

from convoys.models import Deadline, Sweep
from convoys.services.alerting import governing
from convoys.services.alerting.governing import Target, redate_left_over
from convoys.services.alerting.policies import HOUR, Ladder, Rung
from convoys.services.alerting.policy_editing import mark_of, policy_for, save_policy
from tests import factories
from tests.alerting.conftest import START, default_held_policy

pytestmark = pytest.mark.django_db
HOLDS = 5
EVERYWHERE = Target("held")


def save(hours: int) -> int | None:
    ladder = Ladder((Rung(hours * HOUR, "notice"),))
    return save_policy(EVERYWHERE, ladder, mark_of(policy_for(EVERYWHERE))).moved


def due() -> set[timedelta]:
    clocks = Deadline.objects.filter(watch="held").values_list("step_at", flat=True)
    return {at - START for at in clocks if at is not None}


@pytest.fixture
def many(clock, monkeypatch):
    """Five holds, where two are as many as an edit re-dates itself."""
    default_held_policy()
    for number in range(HOLDS):
        factories.make_held_convoy(f"C-{number}")
    monkeypatch.setattr(governing, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(governing, "BATCH", 2)


def test_an_edit_leaves_many_clocks_to_a_worker_who_redates_all_of_them(many):
    before = due()
    assert save(hours=5) is None
    assert due() == before
    assert redate_left_over() == HOLDS
    assert {round(at.total_seconds() / HOUR) for at in due()} == {5}
    assert redate_left_over() == 0
    assert not Sweep.objects.filter(name__startswith="redate").exists()


def test_a_worker_killed_half_way_is_followed_by_another(many, monkeypatch):
    save(hours=5)
    real, calls = governing._redate_rows, []

    def dies(clocks):
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("killed")
        return real(clocks)

    with monkeypatch.context() as broken:
        broken.setattr(governing, "_redate_rows", dies)
        with pytest.raises(RuntimeError):
            redate_left_over()
    assert redate_left_over() == HOLDS - 2
    assert {round(at.total_seconds() / HOUR) for at in due()} == {5}


def test_an_edit_while_a_worker_redates_is_worked_off_too(many, monkeypatch, clock):
    save(hours=5)
    edits = [7]

    def edited_meanwhile():
        if edits:
            clock.shift(timedelta(seconds=1))
            save(hours=edits.pop())

    monkeypatch.setattr(governing, "_wait_for_change_sets", edited_meanwhile)
    redate_left_over()
    assert Sweep.objects.filter(name="redate held").exists()
    redate_left_over()
    assert {round(at.total_seconds() / HOUR) for at in due()} == {7}
    assert not Sweep.objects.filter(name="redate held").exists()


def test_a_batch_is_one_transaction_of_few_queries(many, django_assert_max_num_queries):
    save(hours=5)
    batches = HOLDS // 2 + 2  # the last finds nothing
    with django_assert_max_num_queries(4 + batches * 7):
        redate_left_over()

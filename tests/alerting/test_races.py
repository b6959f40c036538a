"""Several workers at once, on real connections: alerts exactly once, messages once, no deadlock.

On PostgreSQL rows are locked and skipped; on SQLite an IMMEDIATE transaction lets one writer in at a
time. The same tests hold on both, since a unique constraint decides in the end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from convoys.models import Alert, Deadline, Message, Notification, Sweep
from convoys.services.alerting.detect import raise_due_alerts
from convoys.services.messaging.deliver import deliver
from tests import factories
from tests.alerting.conftest import subscribe

pytestmark = pytest.mark.django_db(transaction=True)
HOLDS = 12


@pytest.fixture
def due(transactional_db: Any) -> None:
    """Holds whose first step is due, and two people to tell."""
    subscribe(factories.partner())
    subscribe(factories.officer())
    since = (timezone.now() - timedelta(hours=25)).strftime("%Y-%m-%dT%H:%M")
    for number in range(HOLDS):
        factories.make_held_convoy(f"C-{number}", since=since)


def together(*jobs: Callable[[], Any]) -> list[Any]:
    """Run each in a thread with a connection of its own, all starting at once; returns their results."""
    gate = threading.Barrier(len(jobs))
    results: list[Any] = [None] * len(jobs)

    def run(number: int, job: Callable[[], Any]) -> None:
        try:
            gate.wait(10)
            results[number] = job()
        except Exception as problem:
            results[number] = problem
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number, job)) for number, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_sweeps_at_once_raise_each_step_exactly_once(due):
    results = together(*[raise_due_alerts] * 4)
    assert [result for result in results if isinstance(result, Exception)] == []
    assert sum(result.alerts for result in results) == HOLDS
    assert Alert.objects.filter(watch="held").count() == HOLDS
    assert Notification.objects.count() == 2 * HOLDS
    assert raise_due_alerts().alerts == 0


def test_a_sweep_whose_transaction_fails_leaves_nothing_and_the_next_raises_all(due, monkeypatch):
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(Notification.objects, "bulk_create", fail)
        assert len(raise_due_alerts().failed) == HOLDS
    assert not Alert.objects.exists()
    assert raise_due_alerts().alerts == HOLDS


def test_deliveries_at_once_make_one_message_a_person(due, mailoutbox):
    raise_due_alerts()
    results = together(*[deliver] * 4)
    assert [result for result in results if isinstance(result, Exception)] == []
    assert sum(result.sent for result in results) == Message.objects.filter(state="sent").count() == 2
    assert Notification.objects.filter(state="sent").count() == 2 * HOLDS
    assert len({mail.extra_headers["Message-ID"] for mail in mailoutbox}) == len(mailoutbox) == 2


def test_the_desk_and_the_sweep_do_not_wait_for_each_other(due):
    def record() -> None:
        for number in range(HOLDS):
            factories.tell(f"C-{number}", "seen", place="junction")

    results = together(record, raise_due_alerts, raise_due_alerts, deliver)
    assert [result for result in results if isinstance(result, Exception)] == []
    raise_due_alerts()
    assert Alert.objects.filter(watch="held").count() == HOLDS
    assert not Deadline.objects.filter(next_at__lte=timezone.now()).exists()


def test_sweep_rows_survive_two_first_runs(transactional_db):
    from convoys.services.alerting.sweeps import note_success

    results = together(*[lambda: note_success("detect")] * 3)
    assert [result for result in results if isinstance(result, Exception)] == []
    assert Sweep.objects.count() == 1

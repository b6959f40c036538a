"""The bell never waits and never raises; the tasks note their success, and not their failures."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from unittest.mock import Mock

import pytest
import time_machine
from celery import current_app
from django.db import connection

from convoys import bell, tasks
from convoys.models import Alert, Deadline, Subscription, Sweep
from convoys.services.alerting import detect
from convoys.services.alerting.detect import raise_due_alerts
from tests import factories
from tests.alerting.conftest import START, default_held_policy, subscribe


@pytest.fixture(autouse=True)
def unrung(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bell, "_quiet_until", 0.0)


@pytest.fixture
def stalled_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server that accepts connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        url = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        monkeypatch.setattr(current_app.conf, "broker_url", url)
        monkeypatch.setattr(current_app.conf, "broker_write_url", url)
        yield


def test_a_stalled_broker_costs_seconds_once_and_then_nothing_for_half_a_minute(stalled_broker, monkeypatch):
    began = time.monotonic()
    assert bell.ring("convoys.tasks.detect") is False
    assert time.monotonic() - began < 4
    began = time.monotonic()
    assert bell.ring("convoys.tasks.detect") is False
    assert time.monotonic() - began < 0.2
    assert bell._quiet_until > time.monotonic() + 20


def test_it_rings_by_name(monkeypatch):
    rung = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **more: rung.append((name, more["retry"])))
    assert bell.ring("convoys.tasks.detect") is True
    assert rung == [("convoys.tasks.detect", False)]


@pytest.mark.django_db
def test_each_task_notes_its_success(monkeypatch):
    for name in ("detect", "deliver", "deliver_webhooks", "recover"):
        getattr(tasks, name)()
    assert set(Sweep.objects.values_list("name", flat=True)) == {
        "detect", "deliver", "deliver_webhooks", "recover",
    }  # fmt: skip


@pytest.mark.django_db
def test_a_sweep_that_failed_in_part_is_not_a_success_and_does_the_rest(sweep, monkeypatch):
    factories.make_held_convoy("C-1")
    factories.make_held_convoy("C-2")
    bad = Deadline.objects.filter(watch="held").order_by("pk").values_list("pk", flat=True)[0]
    real = detect.plan_for

    def plan_for(rows, now):
        if any(row.pk == bad for row in rows):
            raise RuntimeError("cannot be raised")
        return real(rows, now)

    monkeypatch.setattr(detect, "plan_for", plan_for)
    raised = sweep(hours=24)
    assert (raised.alerts, raised.failed) == (1, [bad])
    with pytest.raises(tasks.SweepFailedError):
        tasks.detect()
    assert not Sweep.objects.filter(name="detect").exists()


@pytest.fixture
def three_due_holds(clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch) -> None:
    """An officer is to be told of each, and each is a batch of its own."""
    monkeypatch.setattr(detect, "FIRST_BATCH", 1)
    monkeypatch.setattr(detect, "BATCH", 1)
    default_held_policy()
    subscribe(factories.officer())
    for number in range(3):
        factories.make_held_convoy(f"C-{number}")
    clock.move_to(START + timedelta(hours=24, seconds=1))


@pytest.mark.django_db(transaction=True)
def test_delivery_is_woken_as_soon_as_the_first_alerts_are_committed(three_due_holds):
    raised = []

    def note() -> None:
        assert not connection.in_atomic_block
        raised.append(Alert.objects.count())

    raise_due_alerts(when_owed=note)
    assert raised == [1, 2, 3]


@pytest.mark.django_db(transaction=True)
def test_nobody_is_woken_where_nobody_is_owed_anything(three_due_holds):
    Subscription.objects.all().delete()
    rung = []
    raised = raise_due_alerts(when_owed=lambda: rung.append(True))
    assert (raised.alerts, raised.nobody_to_tell, rung) == (3, 3, [])


@pytest.mark.django_db(transaction=True)
def test_the_task_rings_for_mails_and_webhooks_before_the_rest_is_raised(three_due_holds, monkeypatch):
    rung = []
    monkeypatch.setattr(tasks, "ring", lambda name: rung.append((name, Alert.objects.count())))
    tasks.detect()
    assert rung[:2] == [("convoys.tasks.deliver", 1), ("convoys.tasks.deliver_webhooks", 1)]


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_keeps_no_alert_from_being_raised(three_due_holds, monkeypatch):
    monkeypatch.setattr(current_app, "send_task", Mock(side_effect=ConnectionError))
    tasks.detect()
    assert Alert.objects.count() == 3
    assert Sweep.objects.filter(name="detect").exists()


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_fails_in_part_wakes_delivery_for_what_was_raised(three_due_holds, monkeypatch):
    monkeypatch.setattr(detect, "FIRST_BATCH", 3)
    bad, real, rung = Deadline.objects.filter(watch="held").order_by("pk")[0].pk, detect.plan_for, []

    def plan_for(rows, now):
        if any(row.pk == bad for row in rows):
            raise RuntimeError("cannot be raised")
        return real(rows, now)

    monkeypatch.setattr(detect, "plan_for", plan_for)
    raised = raise_due_alerts(when_owed=lambda: rung.append(Alert.objects.count()))
    assert (raised.failed, rung) == ([bad], [2])

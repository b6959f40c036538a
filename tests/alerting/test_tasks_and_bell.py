"""The bell never waits and never raises; the tasks note their success, and not their failures."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from celery import current_app

from convoys import bell, tasks
from convoys.models import Deadline, Sweep
from tests import factories


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
    from convoys.services.alerting import detect

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

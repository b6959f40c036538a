"""Beat goes on sending its tasks when the machine's clock is set back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from celery import Celery

from convoytracker.pulse import PulsingScheduler
from tests.factories import utc

EVERY = 30


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr(
        PulsingScheduler, "apply_entry", lambda self, entry, producer=None: names.append(entry.task)
    )
    return names


@pytest.fixture
def app() -> Celery:
    app = Celery("test-of-beat", set_as_current=False)
    app.conf.beat_schedule = {"detect": {"task": "detect", "schedule": EVERY}}
    return app


def rounds(scheduler: PulsingScheduler) -> None:
    while not scheduler.tick():
        pass


def test_a_clock_set_back_by_a_week_delays_no_task_by_more_than_its_interval(
    app: Celery, sent: list[str], tmp_path: Path
):
    with time_machine.travel(utc(2026, 3, 10, 12), tick=False) as clock:
        scheduler = PulsingScheduler(app, schedule_filename=str(tmp_path / "schedule"), lazy=False)
        clock.shift(EVERY)
        rounds(scheduler)
        assert sent == ["detect"]
        clock.shift(-timedelta(days=7))
        rounds(scheduler)
        clock.shift(EVERY)
        rounds(scheduler)
        assert sent == ["detect", "detect"]


def test_a_beat_that_finds_notes_from_the_future_begins_anew(app: Celery, sent: list[str], tmp_path: Path):
    file = str(tmp_path / "schedule")
    with time_machine.travel(utc(2026, 3, 10, 12), tick=False) as clock:
        PulsingScheduler(app, schedule_filename=file, lazy=False).close()
        clock.shift(-timedelta(days=7))
        scheduler = PulsingScheduler(app, schedule_filename=file, lazy=False)
        rounds(scheduler)
        clock.shift(EVERY)
        rounds(scheduler)
        assert sent == ["detect"]

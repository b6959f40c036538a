"""Redis carries doorbells and nothing else: without it staff record, and alerts go out when it is back."""

from __future__ import annotations

import time
from datetime import timedelta
from unittest import mock

import pytest

from convoys import bell
from tests import factories
from tests.admin import desk
from tests.chaos.audit import steps
from tests.chaos.world import World

# Seconds that a form may wait for a Redis that is away: once, and then not again for half a minute.
FIRST_WAIT, NEXT_WAITS = 5.0, 0.8


def record_holds_at_the_desk(world: World, *references: str) -> list[float]:
    """An officer reports, in the admin, that each is held since yesterday. Returns how many seconds
    each form waited for the bell: its other time is the page's own.
    """
    officer, since = desk.signed_in(factories.officer()), world.now() - timedelta(hours=25)
    waited: list[float] = []
    real_ring = bell.ring

    def ring(task: str) -> bool:
        began = time.monotonic()
        rung = real_ring(task)
        waited.append(time.monotonic() - began)
        return rung

    for reference in references:
        url = desk.act(reference, "record", "held")
        form = desk.opened(officer, url) | desk.SOURCE
        form |= {"place": "junction", "held_before": "bridge"}
        form |= {"day": f"{since:%Y-%m-%d}", "time": f"{since:%H:%M}"}
        with mock.patch("convoys.admin.writing.bell.ring", ring):
            response = officer.post(url, form)
        assert response.status_code == 302, desk.problems_of(response)
    return waited


def said(waited: list[float], world: World) -> str:
    again = "; a worker ended and was started again" if world.restarts else ""
    return f"three forms sent meanwhile waited {', '.join(f'{one:.1f}' for one in waited)} s for it{again}"


def on_the_road(world: World, *references: str) -> None:
    started = world.now() - timedelta(hours=30)
    for reference in references:
        factories.make_convoy(reference, when=f"{started:%Y-%m-%dT%H:%M}")
        factories.tell(reference, "departed", f"{started:%Y-%m-%dT%H:%M}", place="harbour")


@pytest.mark.parametrize(
    ("broken", "mended"), [("stop", "start"), ("stall", "go_on")], ids=["stopped", "stalled"]
)
def test_while_redis_is_away_staff_record_and_alerts_go_out_when_it_is_back(
    world: World, broken: str, mended: str
):
    on_the_road(world, "C-1", "C-2", "C-3", "C-4")
    worker = world.up()
    record_holds_at_the_desk(world, "C-1")
    world.until_told(steps(world.people, ["C-1"]))

    getattr(world.redis, broken)()
    if broken == "stop":
        world.until(lambda: "onnection to broker lost" in worker.said(), "the worker has noticed")
    world.clock.step(hours=49)
    waited = record_holds_at_the_desk(world, "C-2", "C-3", "C-4")
    assert waited[0] < FIRST_WAIT
    assert max(waited[1:]) < NEXT_WAITS

    getattr(world.redis, mended)()
    world.mended()
    expected = steps(world.people, ["C-1"], hours=[24, 72]) | steps(world.people, ["C-2", "C-3", "C-4"])
    world.until_told(expected)
    scenario = {"stop": "Redis stopped", "stall": "Redis stalled"}[broken]
    figures = world.keeps_the_promise(expected, scenario, said(waited, world))
    assert (figures.duplicates, figures.uncertain) == (0, 0)


def test_a_worker_and_a_beat_that_start_before_redis_does_wait_for_it(world: World):
    on_the_road(world, "C-1")
    world.mail_server.open()
    world.beat()
    worker = world.worker()
    record_holds_at_the_desk(world, "C-1")
    world.until(lambda: "Cannot connect to redis" in worker.said(), "the worker has looked for Redis")
    world.redis.start()
    world.mended()
    expected = steps(world.people, ["C-1"])
    world.until_told(expected)
    figures = world.keeps_the_promise(expected, "no Redis at the start", "worker and beat started first")
    assert (figures.duplicates, figures.uncertain) == (0, 0)

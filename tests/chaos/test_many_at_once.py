"""More workers and beats than needed, by mistake or by plan: each step once, each mail once."""

from __future__ import annotations

import threading
from collections import Counter

from django.db import connection, connections

from convoys.models import Alert, Severity, Sweep, Watch
from convoys.services.alerting.governing import Target
from convoys.services.alerting.policies import Ladder
from convoys.services.alerting.policy_editing import ladder_from, mark_of, policy_for, save_policy
from tests import factories
from tests.chaos.audit import steps
from tests.chaos.gates import Point, gate
from tests.chaos.world import World

HOLDS, SWEEPERS, DELIVERERS, PEOPLE = 300, 6, 3, 40


def test_two_beats_by_mistake_change_nothing(world: World):
    names = [f"C-{number}" for number in range(5)]
    world.hold(*names)
    world.up()
    world.beat()
    world.until_told(steps(world.people, names))
    world.clock.step(hours=49)
    world.mended()
    expected = steps(world.people, names, hours=[24, 72])
    world.until_told(expected)
    figures = world.keeps_the_promise(expected, "two beats", "two steps of five holds")
    assert (figures.duplicates, figures.uncertain) == (0, 0)


def test_six_sweepers_over_three_hundred_holds_raise_each_step_once(world: World):
    names = [f"C-{number:03}" for number in range(HOLDS)]
    world.hold(*names)
    world.redis.start()
    world.mail_server.open()
    with gate(Point.ALERTS_INSERTED) as shut:
        workers = [world.worker() for _ in range(SWEEPERS)]
        for _ in range(3 * SWEEPERS):
            world.ask_for("detect")
        shut.until_somebody_waits()
        world.until(Sweep.objects.filter(name="detect").exists, "another one had nothing to do")
    world.mended()
    world.until(lambda: Alert.objects.count() == HOLDS, "all are raised")
    expected = steps(world.people, names)
    world.ask_for("deliver")
    world.until_told(expected)
    assert all(worker.lives for worker in workers)
    figures = world.keeps_the_promise(expected, "six sweepers at once", f"{HOLDS} holds due")
    assert (figures.duplicates, figures.uncertain) == (0, 0)


def test_three_deliverers_at_once_send_each_mail_once(world: World):
    names = ["C-1", "C-2"]
    world.hold(*names)
    world.subscribers(*(factories.officer(f"officer_{number}") for number in range(PEOPLE)))
    world.redis.start()
    world.mail_server.open()
    with gate(Point.ATTEMPT_BEGINNING) as shut:
        workers = [world.worker() for _ in range(DELIVERERS)]
        world.ask_for("detect")
        world.until(lambda: Alert.objects.count() == 2, "both are raised")
        for _ in range(2 * DELIVERERS):
            world.ask_for("deliver")
        shut.until_somebody_waits()
    world.mended()
    expected = steps(world.people, names)
    world.until_told(expected)
    assert all(worker.lives for worker in workers)
    figures = world.keeps_the_promise(expected, "three deliverers at once", f"{len(world.people)} people")
    assert (figures.duplicates, figures.uncertain) == (0, 0)
    assert set(Counter(mail.to for mail in world.mail_server.mails).values()) == {1}


def test_a_policy_that_is_edited_during_a_sweep_repeats_and_loses_no_step(world: World):
    world.hold("C-1", "C-2")
    default = Target(Watch.HELD)
    saved = save_policy(default, ladder_of_hours(24), seen=mark_of(policy_for(default)))
    faults: list[Exception] = []

    def edit() -> None:
        try:
            save_policy(default, ladder_of_hours(20, 24, 26), seen=mark_of(saved.policy))
        except Exception as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    editing = threading.Thread(target=edit)
    with gate(Point.ALERTS_INSERTED) as shut:
        world.up()
        shut.until_somebody_waits()
        editing.start()
        world.until(_waits_for_a_row, "the edit waits for the sweep")
    editing.join(30)
    assert faults == []
    world.until_told(steps(world.people, ["C-1", "C-2"]))
    world.clock.step(hours=2)
    world.mended()
    expected = steps(world.people, ["C-1", "C-2"], hours=[24, 26])
    world.until_told(expected)
    figures = world.keeps_the_promise(expected, "policy edited during a sweep", "20 h and 26 h added to 24 h")
    assert (figures.duplicates, figures.uncertain) == (0, 0)


def ladder_of_hours(*hours: int) -> Ladder:
    return ladder_from([(hour * 3600, Severity.WARNING) for hour in hours], None, staff_only=False)


def _waits_for_a_row() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock' AND wait_event IN ('transactionid', 'tuple')"
        )
        return cursor.fetchone() is not None

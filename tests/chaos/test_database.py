"""The database cuts its connections in the middle of the work: nothing stays half done."""

from __future__ import annotations

from django.db import connection

from convoys.models import Alert
from tests.chaos.audit import steps
from tests.chaos.gates import Point, gate
from tests.chaos.mail_server import STALL, Stage
from tests.chaos.world import World


def cut_connections_of(name: str) -> int:
    """Cut all that this process has, as a database that is restarted does; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = %s",
            [name],
        )
        return len(cursor.fetchall())


def test_cut_in_the_middle_of_a_sweep_leaves_nothing_and_the_next_raises_all(world: World):
    world.hold("C-1", "C-2")
    with gate(Point.ALERTS_INSERTED) as shut:
        worker = world.up()
        shut.until_somebody_waits()
        assert cut_connections_of(worker.name) >= 1
    world.mended()
    expected = steps(world.people, ["C-1", "C-2"])
    world.until_told(expected)
    assert worker.lives
    figures = world.keeps_the_promise(expected, "database cuts a sweep", "pg_terminate_backend")
    assert (figures.duplicates, figures.uncertain) == (0, 0)


def test_cut_while_a_mail_is_on_its_way_settles_it_over_a_new_connection(world: World):
    world.hold("C-1", "C-2")
    world.mail_server.on(Stage.ACCEPTED, STALL, times=1)
    worker = world.up()
    world.until(lambda: world.mail_server.reached[Stage.ACCEPTED] == 1, "a mail is on its way")
    assert cut_connections_of(worker.name) >= 1
    world.mail_server.well()
    world.mended()
    expected = steps(world.people, ["C-1", "C-2"])
    world.until_told(expected)
    assert worker.lives
    figures = world.keeps_the_promise(expected, "database cuts a delivery", "while the server answers")
    assert figures.duplicates == 0


def test_cut_again_and_again_all_are_told(world: World):
    names = [f"C-{number}" for number in range(20)]
    world.hold(*names)
    worker = world.up()
    expected = steps(world.people, names)
    for _ in range(5):
        world.until(lambda: cut_connections_of(worker.name) > 0, "something was cut")
    world.mended()
    world.let_leases_run_out()
    world.until_told(expected)
    assert Alert.objects.filter(watch="held").count() == len(names)
    world.keeps_the_promise(expected, "database cuts all connections five times", "one after the other")

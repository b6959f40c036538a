"""A worker that is killed (kill -9) at any point loses nothing, and another one finishes its work.

The clock then runs on until the lease that the dead worker held has run out.
"""

from __future__ import annotations

from convoys.models import Alert, Message, Notification
from tests import factories
from tests.chaos.audit import Figures, steps
from tests.chaos.gates import Point, gate
from tests.chaos.mail_server import STALL, Stage
from tests.chaos.processes import Process
from tests.chaos.world import World

MANY = 58
BEGUN_AHEAD = 40  # at most 20 mails by each of the two runs that a worker may have under way


def another_worker_finishes(world: World, killed: Process, when: str) -> Figures:
    assert not killed.lives
    expected = steps(world.people, ["C-1", "C-2"])
    world.mended()
    world.let_leases_run_out()
    world.worker()
    world.until_told(expected)
    return world.keeps_the_promise(expected, f"a worker killed {when}", "kill -9, then another worker")


def test_killed_with_alerts_inserted_and_not_committed(world: World):
    world.hold("C-1", "C-2")
    with gate(Point.ALERTS_INSERTED) as shut:
        worker = world.up()
        shut.until_somebody_waits()
        worker.kill()
        shut.undo()
    assert not Alert.objects.exists()
    figures = another_worker_finishes(world, worker, "with alerts inserted, before the commit")
    assert (figures.duplicates, figures.uncertain) == (0, 0)


def test_killed_with_alerts_committed_and_the_bell_not_rung(world: World):
    world.hold("C-1", "C-2")
    with gate(Point.ALERTS_COMMITTING) as shut:
        worker = world.up()
        shut.until_somebody_waits()
        worker.kill()
    world.until(Alert.objects.exists, "the database has finished the commit of the dead worker")
    assert Notification.objects.filter(state="open").count() == 4
    figures = another_worker_finishes(world, worker, "after the commit, before the bell")
    assert (figures.duplicates, figures.uncertain) == (0, 0)


def test_killed_with_messages_frozen_and_no_attempt_begun(world: World):
    world.hold("C-1", "C-2")
    with gate(Point.ATTEMPT_BEGINNING) as shut:
        worker = world.up()
        shut.until_somebody_waits()
        worker.kill()
        shut.undo()
    frozen = set(Message.objects.values_list("message_id", flat=True))
    assert len(frozen) == 2
    assert world.mail_server.mails == []
    figures = another_worker_finishes(world, worker, "after freezing, before the attempt")
    assert {mail.message_id for mail in world.mail_server.mails} == frozen
    assert (figures.duplicates, figures.uncertain) == (0, 0)


def test_killed_with_the_attempt_begun_and_not_connected(world: World):
    world.hold("C-1", "C-2")
    figures = killed_at(world, Stage.CONNECT, "while it connects")
    assert figures.duplicates == 0


def test_killed_in_the_middle_of_a_mail(world: World):
    world.hold("C-1", "C-2")
    figures = killed_at(world, Stage.DATA, "in the middle of DATA")
    assert (figures.duplicates, figures.uncertain) == (0, 1)


def test_killed_after_the_server_accepted_and_before_it_said_so(world: World):
    world.hold("C-1", "C-2")
    figures = killed_at(world, Stage.ACCEPTED, "after the server accepted, before its answer")
    assert (figures.duplicates, figures.uncertain) == (1, 1)


def test_killed_after_the_server_said_that_it_accepted_and_before_that_is_settled(world: World):
    world.hold("C-1", "C-2")
    with gate(Point.SETTLING) as shut:
        worker = world.up()
        shut.until_somebody_waits()
        worker.kill()
        shut.undo()
    accepted = len(world.mail_server.mails)
    figures = another_worker_finishes(world, worker, "after the answer, before settling")
    assert 1 <= figures.duplicates == accepted <= figures.uncertain


def test_killed_in_the_middle_of_many_mails_repeats_no_more_than_it_had_begun(world: World):
    world.hold("C-1", "C-2")
    world.subscribers(*(factories.officer(f"officer_{number}") for number in range(MANY)))
    worker = world.up()
    world.until(lambda: len(world.mail_server.mails) >= MANY // 2, "half of the mails are accepted")
    worker.kill()
    figures = another_worker_finishes(world, worker, "in the middle of sixty mails")
    assert figures.duplicates <= figures.uncertain <= BEGUN_AHEAD


def killed_at(world: World, stage: Stage, when: str) -> Figures:
    """Kill the worker while the mail server keeps it waiting at this stage."""
    world.mail_server.on(stage, STALL)
    worker = world.up()
    world.until(lambda: world.mail_server.reached[stage] > 0, f"the mail server is met {stage}")
    worker.kill()
    world.mail_server.well()
    return another_worker_finishes(world, worker, when)

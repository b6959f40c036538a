"""The recurring work, as tasks: thin over the services, safe to run twice and by several workers."""

from __future__ import annotations

import logging

from celery import shared_task

from convoys.bell import ring
from convoys.one_at_a_time import one_at_a_time
from convoys.services.alerting.detect import raise_due_alerts
from convoys.services.alerting.governing import redate_left_over
from convoys.services.alerting.sweeps import note_success
from convoys.services.messaging.deliver import Delivered
from convoys.services.messaging.deliver import deliver as deliver_mails
from convoys.services.messaging.deliver import deliver_webhooks as call_webhooks
from convoys.services.messaging.recover import return_expired_leases

logger = logging.getLogger(__name__)


class SweepFailedError(Exception):
    """Part of a sweep failed; what could be done was done, and the next one tries again."""


def wake_delivery() -> None:
    """Ask for one run over each channel."""
    ring("convoys.tasks.deliver")
    ring("convoys.tasks.deliver_webhooks")


@shared_task(name="convoys.tasks.detect")
def detect() -> None:
    """Raise the alerts that are due, and wake who delivers them as soon as the first are there."""
    raised = raise_due_alerts(when_owed=wake_delivery)
    if raised.alerts or raised.notifications:
        logger.info("raised %s alerts, %s notifications owed", raised.alerts, raised.notifications)
    if raised.failed:
        raise SweepFailedError(f"{len(raised.failed)} deadlines could not be raised")
    note_success("detect")


# Two runs over one channel in one process would fight for the interpreter and write the same mails; and a
# mail server or a webhook that stalls holds one thread of a worker and no more, so that detection always
# finds one.
@shared_task(name="convoys.tasks.deliver")
@one_at_a_time(again=lambda: ring("convoys.tasks.deliver"))
def deliver() -> None:
    """Send the mails that are owed and those that are due again."""
    _log(deliver_mails(), "mails")
    note_success("deliver")


@shared_task(name="convoys.tasks.deliver_webhooks")
@one_at_a_time(again=lambda: ring("convoys.tasks.deliver_webhooks"))
def deliver_webhooks() -> None:
    """Call the webhooks that are owed something."""
    _log(call_webhooks(), "webhook calls")
    note_success("deliver_webhooks")


def _log(done: Delivered, what: str) -> None:
    if done.sent or done.postponed or done.failed or done.dropped:
        counts = (done.sent, what, done.postponed, done.failed, done.dropped)
        logger.info("sent %s %s, %s wait, %s failed, %s dropped", *counts)


@shared_task(name="convoys.tasks.recover")
def recover() -> None:
    """Return what killed workers held and wake who delivers; then do what edits of policies left over."""
    returned = return_expired_leases()
    if returned:
        logger.warning("%s messages were left behind by a worker; they are tried again", returned)
        wake_delivery()
    if redated := redate_left_over():
        logger.info("re-dated %s clocks after an edit of a policy", redated)
        ring("convoys.tasks.detect")
    note_success("recover")

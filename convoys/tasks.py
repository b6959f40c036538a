"""The recurring work, as tasks: thin over the services, safe to run twice and by several workers."""

from __future__ import annotations

import logging

from celery import shared_task

from convoys.bell import ring
from convoys.services.alerting.detect import raise_due_alerts
from convoys.services.alerting.sweeps import note_success
from convoys.services.messaging.deliver import deliver as deliver_due
from convoys.services.messaging.recover import return_expired_leases

logger = logging.getLogger(__name__)


class SweepFailedError(Exception):
    """Part of a sweep failed; what could be done was done, and the next one tries again."""


@shared_task(name="convoys.tasks.detect")
def detect() -> None:
    """Raise the alerts that are due, then wake the mail room."""
    raised = raise_due_alerts()
    if raised.alerts or raised.notifications:
        logger.info("raised %s alerts, %s notifications owed", raised.alerts, raised.notifications)
        ring("convoys.tasks.deliver")
    if raised.failed:
        raise SweepFailedError(f"{len(raised.failed)} deadlines could not be raised")
    note_success("detect")


@shared_task(name="convoys.tasks.deliver")
def deliver() -> None:
    """Send what is owed and what is due again."""
    done = deliver_due()
    if done.sent or done.postponed or done.failed or done.dropped:
        logger.info(
            "sent %s messages, %s wait, %s failed, %s dropped",
            done.sent,
            done.postponed,
            done.failed,
            done.dropped,
        )
    note_success("deliver")


@shared_task(name="convoys.tasks.recover")
def recover() -> None:
    """Return what killed workers held, then wake the mail room."""
    returned = return_expired_leases()
    if returned:
        logger.warning("%s messages were left behind by a worker; they are tried again", returned)
        ring("convoys.tasks.deliver")
    note_success("recover")

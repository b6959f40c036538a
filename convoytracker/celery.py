"""The task queue. What runs and when stands in settings; the tasks in convoys/tasks.py."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import celeryd_init, setup_logging, task_postrun, task_prerun, worker_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "convoytracker.settings")

app = Celery("convoytracker")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """Being connected is enough: Celery then leaves LOGGING as Django has set it up."""
    from logging.config import dictConfig

    from django.conf import settings

    dictConfig(settings.LOGGING)


@celeryd_init.connect
def _watch_the_pulse(**_: Any) -> None:
    """A worker's signs of life; beat's come from its scheduler."""
    import convoytracker.pulse  # noqa: F401 - connects itself


@worker_init.connect
def _warm_up(**_: Any) -> None:
    from convoytracker.warm import warm_up

    warm_up()


@worker_ready.connect
def _sweep_at_once(**_: Any) -> None:
    """What fell due while no worker ran waits no longer: beat's first round comes half a minute later."""
    for entry in app.conf.beat_schedule.values():
        app.send_task(entry["task"], expires=entry["options"]["expires"], ignore_result=True)


@task_prerun.connect
def _enter_task(task_id: str, **_: Any) -> None:
    from convoytracker.logs import request_id

    request_id.set(task_id[:16])


@task_postrun.connect
def _leave_task(**_: Any) -> None:
    from convoytracker.logs import request_id

    request_id.set("-")

"""What a process of the chaos tests runs: a command of Celery's, as a deployment starts it."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys

from tests.chaos import clock

TELL_WHERE = signal.SIGRTMIN  # what no other part of a worker listens to


def run(arguments: list[str], name: str, log: str, clock_file: str) -> None:
    """Become `celery ARGUMENTS`, with its output in a file and the test's clock as its own."""
    with open(log, "ab", buffering=0) as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    faulthandler.register(TELL_WHERE, all_threads=True)
    os.environ["PGAPPNAME"] = name  # by which the database knows whose connection is whose
    from tests.chaos import preloaded  # noqa: F401 - is there already, where the fork server loaded it

    clock.follow(clock_file)
    from celery.bin.celery import main

    sys.argv = ["celery", *arguments]
    sys.exit(main())

"""What a process of the chaos tests runs: a command of Celery's, as a deployment starts it."""

from __future__ import annotations

import os
import sys

from tests.chaos import clock


def run(arguments: list[str], name: str, log: str, clock_file: str) -> None:
    """Become `celery ARGUMENTS`, with its output in a file and the test's clock as its own."""
    with open(log, "ab", buffering=0) as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    os.environ["PGAPPNAME"] = name  # by which the database knows whose connection is whose
    from tests.chaos import preloaded  # noqa: F401 - is there already, where the fork server loaded it

    clock.follow(clock_file)
    from celery.bin.celery import main

    sys.argv = ["celery", *arguments]
    sys.exit(main())

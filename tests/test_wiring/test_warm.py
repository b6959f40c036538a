"""A worker has read what its first mail needs before its first task."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import django

django.setup()
from convoytracker.warm import warm_up

warm_up()
from convoys.services.messaging.sections import page_of

before = set(sys.modules)
print(page_of("C-1"))
print(sorted(set(sys.modules) - before))
"""


def test_the_first_link_of_the_first_mail_imports_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    address, imported = done.stdout.splitlines()
    assert address.endswith("/C-1")
    assert imported == "[]"

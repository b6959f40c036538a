"""Run as a program: a supervisor over four small children, for the tests to start and to end.

    python -m tests.test_wiring.family FOLDER [stubborn] [parent]

stubborn: `worker` does not end when asked. parent: `web` has a child of its own. Each child prints its id.
"""

from __future__ import annotations

import sys
from pathlib import Path

from convoytracker.supervisor.child import Spec
from convoytracker.supervisor.supervise import Supervisor

POLITE = """
import os, signal, sys
def bye(*_):
    print("bye", flush=True)
    os._exit(0)
signal.signal(signal.SIGTERM, bye)
print("pid", os.getpid(), flush=True)
while True:
    signal.pause()
"""
STUBBORN = POLITE.replace("os._exit(0)", "return")
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("grandchild", child.pid, flush=True)
""" + POLITE.replace('    print("bye"', '    child.kill()\n    print("bye"')


def main(folder: str, *traits: str) -> None:
    def spec(name: str, code: str = POLITE) -> Spec:
        return Spec(name, [sys.executable, "-c", code], grace=1.0)

    supervisor = Supervisor(
        [
            spec("broker"),
            spec("web", PARENT if "parent" in traits else POLITE),
            spec("worker", STUBBORN if "stubborn" in traits else POLITE),
            spec("beat"),
        ],
        stop_order=("beat", "worker", "web", "broker"),
        folder=Path(folder),
        is_up=lambda: True,
        announce=lambda: print("up     | announced", flush=True),
    )
    supervisor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Run as a program on Linux: ties its life to the supervisor's, then becomes the program that is to run.

    python -I -S tether.py PARENT PROGRAM ARGUMENTS...

The system sends it SIGTERM when the supervisor dies, even by SIGKILL, and keeps to that across exec. A
program of its own instead of a `preexec_fn`, which is not safe in a process that has threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: str, *argv: str) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit("the supervisor ended before this could start")
    os.execv(argv[0], argv)  # noqa: S606 - our own programs, by argument list


if __name__ == "__main__":
    main(*sys.argv[1:])

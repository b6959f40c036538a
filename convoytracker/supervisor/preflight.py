"""What can be known before anything is started: one sentence for each reason not to."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

MEGABYTE = 1_000_000
LEAST_FREE_AT_START = 100 * MEGABYTE


class Refusal(Exception):
    """Why this instance does not start: a sentence for the reader, a code for scripts."""

    BAD_SETTING = 2
    PORT_IN_USE = 3
    RUNNING_ALREADY = 4
    DISK_FULL = 5
    NO_BROKER = 6

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


def check_port(host: str, port: int) -> None:
    """Refuse a port that another program listens on, or that is none."""
    if not 0 < port < 65536:
        raise Refusal(f"PORT is {port}; it may be 1 to 65535.", Refusal.BAD_SETTING)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EACCES:
                sentence = f"Port {port} is not ours to use: take one above 1023, as in PORT=8123 make run."
                raise Refusal(sentence, Refusal.PORT_IN_USE) from None
            sentence = f"Port {port} is in use by another program. Take another: PORT=8123 make run."
            raise Refusal(sentence, Refusal.PORT_IN_USE) from None


def free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def check_disk(folder: Path) -> None:
    """Refuse to begin where there is no room for the database, the broker's log and some mail."""
    free = free_bytes(folder)
    if free < LEAST_FREE_AT_START:
        raise Refusal(
            f"The disk that holds {folder} is full: {free // MEGABYTE} MB are free, "
            f"{LEAST_FREE_AT_START // MEGABYTE} MB are needed.",
            Refusal.DISK_FULL,
        )


@contextlib.contextmanager
def only_copy(folder: Path, address: str) -> Iterator[None]:
    """Hold the folder's lock while the block runs; refuse where another copy holds it.

    The system lets go of the lock when its holder dies, however it dies; the text in it only helps to
    find the other copy.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.read(descriptor, 200).decode(errors="replace").strip() or "which is just starting"
            raise Refusal(
                f"Another copy is running on {folder} already ({other}). Stop it with Ctrl-C, "
                "or give this one a folder and a port of its own: VAR_DIR=var2 PORT=8123 make run.",
                Refusal.RUNNING_ALREADY,
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()}, {address}\n".encode())
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)

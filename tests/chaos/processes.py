"""The processes of a deployment, to be started, killed, stalled and started again."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from multiprocessing import forkserver
from pathlib import Path
from unittest import mock

import redis

from convoytracker.supervisor.broker import find_server
from tests.chaos import program
from tests.test_wiring.waiting import until

PATIENCE = 120.0  # seconds: the machine may do ten other things
WORKER = "worker --pool threads --concurrency 4 --without-gossip --without-mingle --loglevel INFO"
BEAT = "beat --pidfile= --loglevel INFO"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Nursery:
    """Forks workers and beats off one process that has loaded everything, with one environment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        with mock.patch.dict(os.environ, environment):
            forkserver.set_forkserver_preload(["tests.chaos.preloaded"])
            forkserver.ensure_running()
        self._context = multiprocessing.get_context("forkserver")

    def fork(self, command: str, name: str, folder: Path, clock_file: Path) -> Process:
        started = Process(command, name, folder / f"{name}.log", clock_file)
        self.revive(started)
        return started

    def revive(self, process: Process) -> None:
        """Start it, for the first time or once more."""
        arguments = ["--quiet", "--app", "convoytracker", *process.command.split()]
        forked = self._context.Process(
            target=program.run,
            args=(arguments, process.name, str(process.log), str(process.clock_file)),
            daemon=True,
        )
        forked.start()
        process.forked = forked


class Process:
    """One worker or beat."""

    def __init__(self, command: str, name: str, log: Path, clock_file: Path) -> None:
        self.command, self.name, self.log, self.clock_file = command, name, log, clock_file
        self.forked: multiprocessing.process.BaseProcess | None = None
        self.was_killed = False

    def kill(self) -> None:
        """kill -9."""
        self.was_killed = True
        if self.forked is not None:
            self.forked.kill()
            self.forked.join(10)
        assert not self.lives

    @property
    def lives(self) -> bool:
        return self.forked is not None and self.forked.is_alive()

    def tell_where_it_is(self) -> None:
        """Have it write what each of its threads is at into its log."""
        if self.lives and self.forked is not None and self.forked.pid:
            os.kill(self.forked.pid, program.TELL_WHERE)

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""


class RedisServer:
    """A Redis of the test's own, which keeps nothing on disk."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = {"port": str(self.port), "bind": "127.0.0.1", "save": "", "appendonly": "no"}
        options |= {"dir": str(self._folder), "daemonize": "no", "loglevel": "warning"}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen([find_server(), *words], stdout=subprocess.DEVNULL)
        until(self._answers, "Redis answers", PATIENCE)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stall(self) -> None:
        """It keeps its connections and accepts more, and answers nobody."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            with redis.Redis(port=self.port, socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

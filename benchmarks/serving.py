"""A server of its own process, as in production, and a program that keeps its connection to it open."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from http.client import HTTPMessage
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from django.db import connection

from benchmarks.timing import Cost, cpu_of_database

STARTS_WITHIN = 30.0


class Server:
    """An application under granian with one worker, while `with` it."""

    def __init__(self, application: str, interface: str = "wsgi", **environment: str) -> None:
        self.application, self.interface, self.environment = application, interface, environment

    def __enter__(self) -> Self:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        command = [
            sys.executable, "-m", "granian", "--interface", self.interface, "--host", "127.0.0.1",
            "--port", str(self.port), "--http", "1", "--no-ws", "--workers", "1", self.application,
        ]  # fmt: skip
        if self.interface == "wsgi":
            command[-1:-1] = ["--blocking-threads", "4", "--backpressure", "16"]
        quiet = subprocess.DEVNULL
        environment = os.environ | {"DATABASE_URL": database_address()} | self.environment
        self._process = subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet)
        self._wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(10)

    def _wait(self) -> None:
        give_up_at = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < give_up_at and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        self.__exit__(None, None, None)
        raise RuntimeError(f"{self.application} does not start")

    @property
    def cpu(self) -> float:
        """Seconds of its processes so far."""
        return sum(_seconds(pid) for pid in (self._process.pid, *_children(self._process.pid)))


class Program:
    """Asks one address of a server again and again, over one connection."""

    def __init__(
        self, server: Server, path: str, headers: Mapping[str, str] | None = None, status: int = 200
    ) -> None:
        self.server, self.path, self.headers, self.status = server, path, dict(headers or {}), status
        self._line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

    def open(self) -> None:
        """Connect anew: while others have their turn a server closes what is idle."""
        self._line.close()
        self._line.connect()

    def ask(self) -> tuple[bytes, HTTPMessage]:
        self._line.request("GET", self.path, headers=self.headers)
        answer = self._line.getresponse()
        body = answer.read()
        if answer.status != self.status:
            raise RuntimeError(f"{self.path} answered {answer.status}: {body[:300]!r}")
        return body, answer.headers

    def cost(self, times: int) -> Cost:
        """Seconds that one answer takes, on average: on the clock, and of the server and its database."""
        self.open()
        self.ask()
        before, wall = self.server.cpu + cpu_of_database(), time.perf_counter()
        for _ in range(times):
            self.ask()
        wall = time.perf_counter() - wall
        return Cost(wall / times, (self.server.cpu + cpu_of_database() - before) / times)


def in_turn(programs: Mapping[str, Program], times: Mapping[str, int], rounds: int) -> dict[str, list[Cost]]:
    """Each some times, round after round, the first to go changing; once unmeasured before."""
    names = list(programs)
    for name in names:
        programs[name].cost(2)
    costs: dict[str, list[Cost]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names if number % 2 else reversed(names):
            costs[name].append(programs[name].cost(times[name]))
    return costs


def database_address() -> str:
    """Of the database that is measured on, for other processes."""
    settings = connection.settings_dict
    who = ":".join(quote(settings[key], safe="") for key in ("USER", "PASSWORD") if settings[key])
    return f"postgres://{who}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _seconds(pid: int) -> float:
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9

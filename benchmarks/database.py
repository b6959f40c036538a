"""The benchmark's own database beside the one that DATABASE_URL names: made, filled, kept or dropped."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import django
import psycopg
from psycopg import sql

from benchmarks.results import Options


class BenchmarkDatabase:
    """Sets Django up on a database of its own, named for the size; `with` it the measures run.

    A kept one is filled with what its comment says, and used again where that is what is asked for.
    `is_multiplied`: a few convoys told and copied, for measures that only read.
    """

    def __init__(self, options: Options, keep: bool = False, is_multiplied: bool = False) -> None:
        self.options, self.keep, self.is_multiplied = options, keep, is_multiplied
        self.server = os.environ.get("DATABASE_URL", "")
        if not self.server.startswith("postgres"):
            sys.exit("Set DATABASE_URL to a PostgreSQL server: postgres://postgres@127.0.0.1:5432/postgres")
        parts = urlsplit(self.server)
        kind = "bench_api" if is_multiplied else "bench"
        self.name = f"{parts.path.strip('/') or 'convoys'}_{kind}_{options.convoys}"
        self.address = urlunsplit(parts._replace(path=f"/{self.name}"))
        self.filled_with = f"{options.convoys} convoys, seed {options.seed}"

    def __enter__(self) -> Self:
        is_filled = self._comment() == self.filled_with
        if not is_filled:
            self._drop()
            self._on_server("CREATE DATABASE {}")
        os.environ["DATABASE_URL"] = self.address
        django.setup()
        from django.core.management import call_command

        _calm_connections()
        call_command("migrate", verbosity=0)
        if not is_filled:
            from benchmarks.generator import fill
            from benchmarks.multiplied import fill_by_multiplying

            make = fill_by_multiplying if self.is_multiplied else fill
            try:
                make(self.options.convoys, self.options.seed, progress=sys.stderr.isatty())
            except BaseException:
                self.keep = False
                self.__exit__(None, None, None)
                raise
            self._on_server(f"COMMENT ON DATABASE {{}} IS '{self.filled_with}'")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from django.db import connection

        connection.close()
        if not self.keep:
            self._drop()

    def _on_server(self, statement: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as server:
            server.execute(sql.SQL(statement).format(sql.Identifier(self.name)))

    def _drop(self) -> None:
        self._on_server("DROP DATABASE IF EXISTS {} WITH (FORCE)")

    def _comment(self) -> str | None:
        query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
        with psycopg.connect(self.server, autocommit=True) as server:
            row = server.execute(query, [self.name]).fetchone()
        return row[0] if row else None


def _calm_connections() -> None:
    """One server process per question, so that its CPU time can be read and two cores do not blur it.

    Threads keep theirs, as a deployment's pool does: the time of one that has ended cannot be read.
    """
    from django.db import connection

    connection.settings_dict["CONN_MAX_AGE"] = None
    connection.settings_dict["OPTIONS"]["options"] += " -c max_parallel_workers_per_gather=0"

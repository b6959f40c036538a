"""What settings name as the database's engine.

Replay, sweeps and mail read instants by the ten thousand. Django reads each through the driver's
Python, which parses it by a regular expression and then looks up its zone; the standard library does
the same in C.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import BaseTzLoader
from psycopg.adapt import AdaptersMap, Buffer


class InstantLoader(BaseTzLoader):
    """Reads an instant as Django does; what is not in UTC and in ISO's order goes Django's way."""

    timezone = UTC

    def load(self, data: Buffer) -> Any:
        try:
            at = datetime.fromisoformat(str(data, "ascii"))
        except ValueError:
            return super().load(data)
        return at if at.tzinfo is UTC else super().load(data)


class DatabaseWrapper(base.DatabaseWrapper):
    """Its connections read instants by `InstantLoader`."""

    def get_connection_params(self) -> dict[str, Any]:
        parameters: dict[str, Any] = super().get_connection_params()
        if self.timezone is UTC:
            parameters["context"] = _with_fast_instants(parameters["context"])
        return parameters


def _with_fast_instants(adapters: AdaptersMap) -> AdaptersMap:
    adapters = AdaptersMap(adapters)
    adapters.register_loader("timestamptz", InstantLoader)
    return adapters

"""System checks: the record must be guarded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from convoys.models import triggers


@register(Tags.database)
def guards_are_in_place(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Fails where a trigger that refuses edits is missing: `manage.py check --database default`."""
    problems: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if "convoys_event" not in connection.introspection.table_names():
            continue
        if missing := triggers.missing(connection):
            problems.append(
                Error(
                    f"The record is not guarded: {', '.join(missing)} missing.",
                    hint="Run `manage.py guard_record`; see docs/operations.md.",
                    id="convoys.E001",
                )
            )
    return problems

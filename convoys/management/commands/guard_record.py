"""Put the record's triggers back in place."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from convoys.models import triggers


class Command(BaseCommand):
    help = "Install every trigger that refuses edits and deletions on the record; safe to repeat."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        missing = triggers.missing(connection)
        triggers.install(connection)
        self.stdout.write(f"Guarded; {len(missing)} triggers had been missing.")

"""Django's flush, with the guards of the record lifted around it. Refused in production."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands import flush
from django.db import connections

from convoys.models import triggers


class Command(flush.Command):
    def handle(self, **options: Any) -> None:
        if settings.ENVIRONMENT == "production":
            raise CommandError("The record is append-only: flush is refused in production.")
        connection = connections[options["database"]]
        guarded = not triggers.missing(connection)
        triggers.remove(connection)
        try:
            super().handle(**options)
        finally:
            if guarded:
                triggers.install(connection)

"""`manage.py load_case [folder]`: loads a case's coded files as backfilled history, once."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from convoys.services import demo
from convoys.services.importing.case import load_case
from convoys.services.importing.tables import BadCase, read_case


class Command(BaseCommand):
    help = "Load a case (a folder of CSV files) as history. A second run adds nothing. Never in production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "folder",
            nargs="?",
            type=Path,
            default=demo.CASE,
            help="default: the case that comes with the project",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            demo.refuse_in_production()
            case = read_case(Path(options["folder"]))
            self.stdout.write(f"{case.name}: loading")
            self.stdout.flush()
            loaded = load_case(case, self._show)
        except (BadCase, demo.NotHere) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{case.name}: {loaded.change_sets} change sets on record, {loaded.added} new")

    def _show(self, done: int, total: int) -> None:
        if done % 20 == 0 or done == total:
            self.stdout.write(f"  {done} of {total}")
            self.stdout.flush()

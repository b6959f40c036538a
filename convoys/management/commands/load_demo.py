"""`manage.py load_demo`: the case, the exercise, and people who can sign in. Safe to repeat."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from convoys.errors import ConvoyError
from convoys.services import demo, exercise
from convoys.services.importing.case import load_case
from convoys.services.importing.tables import BadCase, read_case


class Command(BaseCommand):
    help = "Load the demonstration and write its sign-ins. Keeps what is there. Never in production."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            demo.refuse_in_production()
            exercise.keep_road()
            demo.keep_people()
            loaded = load_case(read_case(demo.CASE), self._show)
            made = exercise.make_exercise()
        except (BadCase, ConvoyError, demo.NotHere) as error:
            raise CommandError(str(error)) from error
        self._say(f"case: {loaded.change_sets} change sets on record, {loaded.added} new")
        self._say(f"exercise: {made} convoys made" if made else "exercise: there already")
        self._say(f"sign-ins: {demo.sign_ins_path()}")

    def _show(self, done: int, total: int) -> None:
        if done % 20 == 0 or done == total:
            self._say(f"case: {done} of {total}")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

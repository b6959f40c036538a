"""Draw the state machine from the code."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from convoys.state_picture import state_machine_svg


class Command(BaseCommand):
    help = "Print the state machine as SVG: manage.py draw_state_machine > docs/state-machine.svg"

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(state_machine_svg(), ending="")

"""What a measure hands back, and how it is printed."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True)
class Options:
    """What was asked for on the command line."""

    convoys: int
    seed: int
    rounds: int


@dataclass(frozen=True)
class Result:
    """One line of the table. `is_floor`: the figure must reach the limit, else it must stay below.

    No limit: the figure is told, not judged. `stretch` is a further aim that fails nothing.
    """

    name: str
    figure: float
    unit: str
    limit: float | None = None
    stretch: float | None = None
    is_floor: bool = False
    note: str = ""

    @property
    def has_passed(self) -> bool:
        return self._reaches(self.limit)

    def _reaches(self, limit: float | None) -> bool:
        if limit is None:
            return True
        return self.figure >= limit if self.is_floor else self.figure <= limit

    @property
    def verdict(self) -> str:
        if self.limit is None:
            return "told"
        if not self.has_passed:
            return "FAIL"
        return "PASS, stretch" if self.stretch is not None and self._reaches(self.stretch) else "PASS"

    @property
    def limit_shown(self) -> str:
        if self.limit is None:
            return "-"
        stretch = f" ({self.stretch:,g})" if self.stretch is not None else ""
        return f"{'>=' if self.is_floor else '<='} {self.limit:,g}{stretch}"

    @property
    def figure_shown(self) -> str:
        return f"{self.figure:,.0f} {self.unit}" if self.figure >= 100 else f"{self.figure:.2f} {self.unit}"

    @property
    def in_words(self) -> str:
        return f"{self.name}: {self.figure_shown}, {self.limit_shown}: {self.verdict}. {self.note}".rstrip()


def print_machine(options: Options) -> None:
    """On what it ran: ratios carry from machine to machine, seconds do not."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        server = cursor.fetchone()[0]
    print(
        f"{options.convoys:,} convoys with 8 events each, seed {options.seed}, {options.rounds} rounds; "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, PostgreSQL {server}",
        flush=True,
    )


def print_table(results: Sequence[Result]) -> None:
    """The table of `docs/performance.md`."""
    print("\n| measure | figure | limit (stretch) | |\n|---|---|---|---|")
    for result in results:
        print(f"| {result.name} | {result.figure_shown} | {result.limit_shown} | {result.verdict} |")

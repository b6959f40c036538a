"""Check that nobody rewrote the record."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from convoys.queries.verification import Head, verify


class Command(BaseCommand):
    help = "Recompute every hash of the ledger. Exits 0 if all is honest, 1 naming the first bad entry."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--expect-head", metavar="SIZE:ROOT", help="A head noted earlier, from a mail or a page."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            expected = Head.parse(options["expect_head"]) if options["expect_head"] else None
        except ValueError as error:
            raise CommandError(f"--expect-head: {error}", returncode=2) from None
        verdict = verify(expected, self._progress if sys.stderr.isatty() else None)
        if verdict.flaw is not None:
            raise CommandError(f"entry {verdict.flaw.sequence}: {verdict.flaw.reason}", returncode=1)
        self.stdout.write(f"{verdict.size} entries, all honest. Head {verdict.size}:{verdict.root}")

    def _progress(self, done: int, of: int) -> None:
        width = 40 * done // max(of, 1)
        bar = f"\r[{'#' * width}{' ' * (40 - width)}] {done:,} of {of:,}"
        # Past Django's stderr, which would paint it as an error.
        print(bar, end="\n" if done == of else "", file=sys.stderr, flush=True)

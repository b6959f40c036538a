"""Take the words out of one entry."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from convoys.errors import ConvoyError
from convoys.queries.api_ledger import chain_with_words
from convoys.services.erasing import erase_words


class Command(BaseCommand):
    help = (
        "Erase the words of an entry, for good. The entry stays, with the digest of what it said; the "
        "erasure and its reason become an entry themselves."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sequence", type=int, help="The entry's number in the ledger.")
        parser.add_argument("--reason", required=True, help="Why. It is kept, and staff can read it.")
        parser.add_argument("--as", dest="username", required=True, help="The administrator who does it.")

    def handle(self, *args: Any, **options: Any) -> None:
        author = User.objects.filter(username=options["username"]).first()
        if author is None:
            raise CommandError(f"Nobody signs in as “{options['username']}”.")
        try:
            erasure = erase_words(options["sequence"], options["reason"], author)
        except ConvoyError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"The words of entry {options['sequence']} are erased. Entry {erasure} says so.")
        if others := chain_with_words(options["sequence"]):
            numbers = ", ".join(str(number) for number in others)
            self.stdout.write(f"Of the same chain still with words of their own: {numbers}.")

"""Write the ledger out, so that anybody can verify it without us."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from convoys.canonical import VERSION
from convoys.queries.api_ledger import EntryTold, entries_told, head_told


class Command(BaseCommand):
    help = (
        "Print the whole ledger as JSON lines: every entry with its salts, and the head last. It says "
        "everything that staff may read, confidential sources included. docs/ledger.md has the format."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        head = head_told()
        self._line({"format": "convoys-ledger", "v": VERSION})
        done = 0
        try:
            for told in entries_told(head.size):
                self._line(_shown(told))
                done = told.sequence
        except KeyError:
            raise CommandError(f"Entry {done + 1} is not whole: run verify_ledger.", returncode=1) from None
        time = head.time.isoformat() if head.time else None
        self._line({"head": {"size": head.size, "root": head.root.hex(), "time": time}})

    def _line(self, document: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(document, ensure_ascii=False, separators=(",", ":")))


def _shown(told: EntryTold) -> dict[str, Any]:
    return {
        "sequence": told.sequence,
        "type": told.type,
        "leaf_hash": told.leaf_hash.hex(),
        "groups": {
            name: {"digest": group.digest.hex()}
            if group.salt is None
            else {"salt": group.salt.hex(), "fields": group.fields}
            for name, group in told.groups.items()
        },
    }

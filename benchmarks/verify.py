"""How many entries of the ledger `manage.py verify_ledger` checks in a second of one core."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from django.core.management import call_command

from benchmarks.results import Options, Result
from benchmarks.timing import cost_of, peak_memory
from convoys.queries.ledger_head import newest_head
from convoys.queries.ledger_rows import BATCH

MOST_MEGABYTES = 300


def measure(options: Options) -> Iterator[Result]:
    """The command over the whole ledger. A second of a core is one of ours or of the database's."""
    size, root = newest_head()
    printed = StringIO()
    Path("/proc/self/clear_refs").write_text("5")  # the peak of what was measured before is not ours
    before = peak_memory()
    cost = cost_of(lambda: call_command("verify_ledger", expect_head=f"{size}:{root.hex()}", stdout=printed))
    if "all honest" not in printed.getvalue():
        raise RuntimeError(printed.getvalue())
    note = f"{size:,} entries: {cost.wall:,.1f} s, of which {cost.cpu:,.1f} s CPU with the database's."
    yield Result("verify_ledger", size / cost.cpu, "entries/s", 15_000, 30_000, is_floor=True, note=note)
    grown = (peak_memory() - before) / 1e6
    note = f"{BATCH:,} entries are held at a time; peak of the process {peak_memory() / 1e6:,.0f} MB."
    yield Result("memory that verifying adds, MB", grown, "MB", MOST_MEGABYTES, note=note)

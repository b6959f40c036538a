"""Prints the table of docs/reliability.md: `python -m tests.chaos.report [RUNS]`.

Runs the chaos tests so many times (once by default) against the PostgreSQL server that DATABASE_URL
names, and puts what each scenario came to into one row: over several runs the least and the most.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

FILES = ("killed_workers", "mail_servers", "redis", "database", "many_at_once", "clock", "webhooks")
HEAD = (
    "scenario",
    "what was done",
    "alerts",
    "mails",
    "duplicates",
    "counted as uncertain",
    "recovered after",
)


def main(runs: int) -> int:
    rows: list[dict[str, Any]] = []
    failed = 0
    for number in range(1, runs + 1):
        began = time.monotonic()
        with tempfile.NamedTemporaryFile() as file:
            command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "--create-db"]
            done = subprocess.run(
                [*command, str(Path(__file__).parent)],
                env={**os.environ, "CHAOS_FIGURES": file.name},
                capture_output=True,
                text=True,
                check=False,
            )
            rows += [json.loads(line) for line in Path(file.name).read_text().splitlines()]
        if done.returncode:
            failed += 1
            print(done.stdout[-20_000:], file=sys.stderr)
        last = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr[-500:]
        print(f"run {number}: {last} ({time.monotonic() - began:.0f} s with set-up)", file=sys.stderr)
    print("\n".join(table(rows)))
    return 1 if failed else 0


def table(rows: Sequence[dict[str, Any]]) -> Iterable[str]:
    yield f"| {' | '.join(HEAD)} |"
    yield f"|{'---|' * len(HEAD)}"
    by_scenario: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for row in rows:
        place = next(n for n, name in enumerate(FILES) if f"test_{name}.py" in row["test"])
        by_scenario.setdefault((place, row["scenario"]), []).append(row)
    for (_, scenario), same in sorted(by_scenario.items(), key=lambda item: item[0][0]):
        counts = [
            _range([row[name] for row in same]) for name in ("alerts", "mails", "duplicates", "uncertain")
        ]
        recovered = _range([round(row["recovered"]) for row in same])
        yield f"| {scenario} | {same[0]['done']} | {' | '.join(counts)} | {recovered} s |"


def _range(values: Sequence[int]) -> str:
    least, most = min(values), max(values)
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1))

"""One command: makes a database of its own, fills it, measures, prints the table, drops the database."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterable

# Modules of this package, each with `measure(options)` that yields results; imported when Django is ready.
MEASURES = ("record", "as_of", "headline", "tonne_days", "verify", "alerts", "not_modified", "api")
# Measures that only read what is so now: asked for alone, they are content with a record that was multiplied.
READING = frozenset({"api"})


def main(arguments: list[str] | None = None) -> int:
    """Run the measures asked for; 1 where one of them is above its limit."""
    asked = _parser().parse_args(arguments)
    # A folder of its own for the key that an embedded instance keeps; no broker is needed.
    os.environ.update(ENVIRONMENT="test", DJANGO_SETTINGS_MODULE="convoytracker.settings")
    with tempfile.TemporaryDirectory(prefix="ct-bench-") as folder:
        os.environ["VAR_DIR"] = folder
        return _run(asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("measures", nargs="*", metavar="MEASURE", help=f"of {', '.join(MEASURES)}; else all")
    parser.add_argument("--convoys", type=int, default=200_000, help="with 8 events each (200,000)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same rows (1)")
    parser.add_argument("--rounds", type=int, default=9, help="of ours and the peer's in turn (9)")
    parser.add_argument("--keep", action="store_true", help="keep the database for the next run")
    return parser


def _run(asked: argparse.Namespace) -> int:
    from benchmarks.database import BenchmarkDatabase
    from benchmarks.results import Options, Result, print_machine, print_table

    names = asked.measures or MEASURES
    if unknown := sorted(set(names) - set(MEASURES)):
        print(f"There is no measure {', '.join(unknown)}. There are: {', '.join(MEASURES)}.", file=sys.stderr)
        return 2
    options = Options(asked.convoys, asked.seed, asked.rounds)
    results: list[Result] = []
    with BenchmarkDatabase(options, asked.keep, is_multiplied=READING.issuperset(names)):
        print_machine(options)
        for name in names:
            measure: Callable[[Options], Iterable[Result]]
            measure = importlib.import_module(f"benchmarks.{name}").measure
            for result in measure(options):
                results.append(result)
                print(result.in_words, flush=True)
    print_table(results)
    return 0 if all(result.has_passed for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())

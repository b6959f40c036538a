"""Every measure of the benchmarks runs: on a handful of convoys, once, and nobody judges its time."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks import api, asking, lives, multiplied, record
from benchmarks.__main__ import MEASURES, main
from benchmarks.generator import fill
from benchmarks.results import Options, Result, print_table
from convoys.models import Convoy, Event
from convoys.queries.verification import verify

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

OPTIONS = Options(convoys=30, seed=1, rounds=1)
OURS = ("record", "as_of", "headline", "tonne_days", "verify", "not_modified")


@pytest.fixture
def filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lives, "FIRST", lives.LAST - timedelta(days=40))
    then = (lives.LAST - timedelta(days=20)).date().isoformat()
    for asked in (asking.THEN, asking.THEN_AS_KNOWN):
        for name in asked:
            monkeypatch.setitem(asked, name, then)
    monkeypatch.setattr(record, "PER_ROUND", 2)
    fill(OPTIONS.convoys, OPTIONS.seed)


def test_each_measure_runs_and_leaves_an_honest_ledger(filled: None) -> None:
    for name in OURS:
        results = list(import_module(f"benchmarks.{name}").measure(OPTIONS))
        assert results, name
        assert all(result.figure > 0 for result in results if result.unit == "x"), name
    assert verify().flaw is None


def test_the_api_is_measured_on_a_record_that_was_multiplied(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    monkeypatch.setattr(multiplied, "TOLD", 30)
    monkeypatch.setattr(api, "TIMES", 2)
    multiplied.fill_by_multiplying(120, OPTIONS.seed)
    assert Convoy.objects.count() == 120
    assert Event.objects.count() == 120 * lives.EVENTS
    last = Convoy.objects.latest("pk")
    assert (last.reference, last.events.count()) == ("B-0000120", lives.EVENTS)
    assert last.newest_entry == last.events.latest("sequence").sequence
    results = list(api.measure(Options(convoys=120, seed=1, rounds=1)))
    assert all(result.figure > 0 for result in results)


def test_the_command_line_knows_every_measure(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(OURS) <= set(MEASURES)
    with pytest.raises(SystemExit) as refused:
        main(["--convoys", "many"])
    assert refused.value.code == 2


def test_a_figure_beyond_its_limit_fails(capsys: pytest.CaptureFixture[str]) -> None:
    slow = Result("slow", 3.2, "x", 3, 2)
    fast = Result("fast", 40_000, "entries/s", 15_000, 30_000, is_floor=True)
    assert (slow.has_passed, fast.has_passed) == (False, True)
    assert (slow.verdict, fast.verdict, Result("told", 1, "s").verdict) == ("FAIL", "PASS, stretch", "told")
    print_table([slow, fast])
    assert "| slow | 3.20 x | <= 3 (2) | FAIL |" in capsys.readouterr().out

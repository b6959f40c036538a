"""The benchmark's rows are those that the write path writes: the same reports, told to both."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db.models import JSONField, Min, Model

from benchmarks import lives
from benchmarks.copying import columns_of
from benchmarks.generator import Writer, fill, generate, reports
from benchmarks.lives import EVENTS
from benchmarks.world import make_world
from convoys.models import (
    CargoLine,
    Claim,
    Convoy,
    ConvoyOrganisation,
    Event,
    LedgerEntry,
    LedgerNode,
    StateInterval,
    VisibilityChange,
    Words,
)  # fmt: skip
from convoys.queries.verification import verify
from convoys.services import timeline
from convoys.services.changes import ChangeSet, Record, convoy

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

CONVOYS = 60
COMPARED: tuple[type[Model], ...] = (
    Event, Claim, Words, LedgerEntry, LedgerNode, Convoy, CargoLine, ConvoyOrganisation, StateInterval,
    VisibilityChange,
)  # fmt: skip
# What chance decides, and what follows from it.
BY_CHANCE = frozenset(
    {"change_set_id", "author_id", "salt", "open_salt", "detail_salt", "words_digest", "leaf_hash", "hash"}
)


@pytest.fixture(autouse=True)
def _short_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty days instead of a thousand, so that many of these few convoys are under way at their end."""
    monkeypatch.setattr(lives, "FIRST", lives.LAST - timedelta(days=40))


def stored() -> dict[str, list[str]]:
    """Rows of the database by table, in words. Convoys are numbered from 1 on, as the generator does."""
    before = Convoy.objects.aggregate(first=Min("pk"))["first"] - 1
    found = {}
    for model in COMPARED:
        names = [field.attname for field in columns_of(model)]
        rows = [dict(zip(names, row, strict=True)) for row in model._default_manager.values_list(*names)]
        for row in rows:
            for key in {"convoy_id", "id"} & set(names):
                row[key] -= before
        found[model.__name__] = in_words(rows)
    return found


def generated(seed: int) -> dict[str, list[str]]:
    """The rows that the generator would copy, by table, in words."""
    found: dict[type[Model], list[dict[str, Any]]] = defaultdict(list)
    for rows in generate(CONVOYS, seed, Writer(seed, make_world())):
        for model, values in rows:
            columns = columns_of(model)
            row = dict(zip((field.attname for field in columns), values, strict=True))
            for field in columns:
                if isinstance(field, JSONField):
                    row[field.attname] = json.loads(row[field.attname])
            found[model].append(row)
    return {model.__name__: in_words(found[model]) for model in COMPARED}


def in_words(rows: list[dict[str, Any]]) -> list[str]:
    kept = [{name: value for name, value in row.items() if name not in BY_CHANCE} for row in rows]
    return sorted(json.dumps(row, default=str, sort_keys=True) for row in kept)


def tell_the_write_path(seed: int) -> None:
    """The same reports as change sets, each at the instant at which it reached the desk."""
    sequences: dict[int, list[int]] = defaultdict(list)
    for recorded_at, life, number in reports(CONVOYS, seed):
        step = life.step(number, sequences[life.number])
        with patch("django.utils.timezone.now", return_value=recorded_at):
            written = timeline.apply(ChangeSet(steps=[step]))
        sequences[life.number].append(written.sequences[0][0])


def test_generated_rows_are_those_that_the_write_path_writes() -> None:
    ours = generated(seed=1)
    tell_the_write_path(seed=1)
    theirs = stored()
    for table, rows in theirs.items():
        assert ours[table] == rows, table
    assert len(ours["Event"]) == CONVOYS * EVENTS


def test_a_filled_database_verifies_and_takes_the_next_report() -> None:
    fill(CONVOYS, seed=2)
    assert verify().flaw is None
    under_way = Convoy.objects.filter(status="held").first() or Convoy.objects.earliest("pk")
    timeline.apply(ChangeSet(steps=[Record(convoy("B-NEXT"), "registered", declares={"trucks": 1})]))
    assert Convoy.objects.get(reference="B-NEXT").pk > under_way.pk
    assert verify().flaw is None


def test_the_same_seed_makes_the_same_rows() -> None:
    assert generated(seed=3) == generated(seed=3)
    assert generated(seed=3) != generated(seed=4)


def test_reports_come_in_the_order_in_which_they_were_recorded() -> None:
    told = [(recorded_at, life.number, number) for recorded_at, life, number in reports(CONVOYS, 1)]
    assert told == sorted(told, key=lambda one: one[0])
    assert len(told) == CONVOYS * EVENTS
    ended = {life.number: life.planned[-1].report.kind for _, life, _ in reports(CONVOYS, 1)}
    assert {"delivered", "returned", "seen"} <= set(ended.values()), "some have ended, some are under way"

"""The case of 2023 as tables: what stands in JSON stands in the cells."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from convoys.api.formats import files
from tests import factories as make
from tests.api.conftest import Program
from tests.api.formats.reading import asked, sheets, table
from tests.importing.loaded import loaded_case

__all__ = ["loaded_case"]
pytestmark = pytest.mark.django_db


def test_a_row_of_the_case_stands_under_the_names_that_the_guide_gives(loaded_case: Any) -> None:
    program = Program(make.partner())
    rows = {row["reference"]: row for row in table(program, "convoys")}
    held = program.get("convoys/KB23-03")
    row = rows["KB23-03"]
    assert row["held_since"] == held["held_since"] == "2023-08-09T00:00:00+04:00"
    assert (row["tonnes_low"], row["tonnes_high"]) == ("20.000", "")  # at least; never 0
    assert row["control_point_code"] == held["control_point"]["code"]
    assert row["control_point_name"] == "Hakari bridge checkpoint / Lachin checkpoint"
    assert row["sponsors_code"] == "; ".join(sponsor["code"] for sponsor in held["sponsors"])
    assert (row["exercise"], row["heading_back"]) == ("false", "false")


def test_a_claim_has_its_words_and_what_it_alleges(loaded_case: Any) -> None:
    program = Program(make.partner())
    rows = program.get("events?convoy=KB23-04&page_size=500")["results"]
    claim = next(row for row in rows if row["type"] == "claim" and len(row["alleged"]["holders"]) > 1)
    (shown,) = [
        row for row in table(program, "events?convoy=KB23-04") if row["sequence"] == str(claim["sequence"])
    ]
    holders = claim["alleged"]["holders"]
    assert shown["alleged_holders_code"] == "; ".join(holder["code"] for holder in holders)
    assert shown["alleged_causes"] == "; ".join(claim["alleged"]["causes"])
    assert shown["statement"] in (claim["statement"], "'" + claim["statement"])
    assert shown["target_chain"] == str(claim["target"]["chain"])
    assert shown["kind"] == shown["tonnes_low"] == ""  # an event has those


def test_history_loaded_afterwards_is_named_whichever_page_it_stands_on(
    loaded_case: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last convoy was recorded when it happened, those before it were loaded afterwards."""
    monkeypatch.setattr(files, "LARGEST_PAGE_SIZE", 1)
    make.make_convoy("ZZ-1", when="2023-08-01")
    program = Program(make.partner())
    tomorrow = f"{timezone.now() + timedelta(days=1):%Y-%m-%d}"
    with time_machine.travel(timezone.now() + timedelta(days=3)):
        basis = {}
        for query in ("", "&q=ZZ-1"):
            asked_about = f"convoys?known_at={tomorrow}&as_of=2023-09-01{query}"
            about = sheets(asked(program, asked_about, "xlsx").content)["About"]
            basis[query] = dict(row[:2] for row in about)["Basis"]
    assert basis == {"": "as reported by", "&q=ZZ-1": "as known on"}

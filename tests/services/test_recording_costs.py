"""What one report asks of the database: the same few goings, however long the convoy's record is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from convoys.models import EntryType
from convoys.queries.ledger_rows import Rows, read_rows
from convoys.services import timeline
from convoys.services.changes import Claim, Correct, Target
from convoys.services.ledger import OpenHead
from convoys.services.writes import Writes
from tests import factories as make

pytestmark = pytest.mark.django_db


def goings(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as asked:
        work()
    return sum("SAVEPOINT" not in query["sql"] for query in asked.captured_queries)


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["seen", "released", "note"])
def test_a_report_goes_to_the_database_four_times(kind: str) -> None:
    """Subjects and record; clocks and the ledger's head; the rows; the ledger and what follows from it."""
    ref = make.make_held_convoy()
    more = {"text": "The driver rang."} if kind == "note" else {"place": "junction"}
    for day in range(3, 20):
        make.tell(ref, "seen", f"2026-03-{day:02d}T08:00", place="junction")
    assert goings(lambda: make.tell(ref, kind, "2026-03-20T08:00", **more)) == 4


def test_rows_that_an_insert_gives_back_are_what_verifying_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every column that is hashed, from objects in hand or from the tables it stands in."""
    given_back: list[Rows] = []
    append = timeline.append_entries

    def note(writes: Writes, head: OpenHead, rows: Rows) -> None:
        given_back.append(rows)
        append(writes, head, rows)

    monkeypatch.setattr(timeline, "append_entries", note)
    ref, other = make.make_held_convoy(), make.make_convoy("C-2")
    officer = make.coordinator()

    make.tell(ref, "split_off", "2026-03-03", other_convoy=other.code, tonnes_low="19", tonnes_high="19.5")
    linked = make.account(alleged_link="split_from", alleged_convoy=ref.code, alleged_tonnes_low="1.5")
    make.apply(Claim(Target(subject=other, item="links"), linked), author=officer)
    report = make.record(ref, "seen", "2026-03-04", place="junction")
    seen = make.apply(report, author=officer).sequences[0][0]
    make.apply(Correct(seen, report, "Seen by two of us."), author=officer)

    assert len(given_back) == 8
    for rows in given_back:
        numbers = [sequence for found in rows.of_type.values() for sequence in found]
        read = read_rows(min(numbers), max(numbers), [EntryType.EVENT, EntryType.CLAIM])
        assert rows.words == read.words
        for kind, found in read.of_type.items():
            assert rows.of_type[kind] == found

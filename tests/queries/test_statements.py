"""Statements that go together: in order, each with its own answer, all or nothing."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from convoys.models import Place
from convoys.queries.statements import Batch, Statement, by_keys
from tests import factories as make

pytestmark = pytest.mark.django_db
RENAME = Statement("UPDATE convoys_place SET time_zone = %s WHERE code = %s", ["Asia/Baku", "harbour"], False)


def test_each_statement_has_its_own_answer_and_sees_what_those_before_it_wrote() -> None:
    make.place("harbour")
    batch = Batch()
    before = batch.add(by_keys(Place, ("time_zone",), ["harbour", "nowhere"]))
    batch.add(RENAME)
    after = batch.add(by_keys(Place, ("time_zone",), ["harbour"]))
    assert before == after == []

    batch.run()

    assert [code for code, _ in before] == ["harbour"]
    assert before != after == [("harbour", "Asia/Baku")]


def test_an_answer_can_go_on_where_another_ended() -> None:
    make.place("harbour")
    make.place("valley")
    batch = Batch()
    found = batch.add(by_keys(Place, (), ["harbour"]))
    batch.add(by_keys(Place, (), ["valley"]), found)
    batch.run()
    assert found == [("harbour",), ("valley",)]


def test_values_are_values_whatever_stands_in_them() -> None:
    """Texts travel together on PostgreSQL: nothing in a value may end one statement or start another."""
    hostile = ["'; DROP TABLE convoys_place; --", "%s %(a)s %%", "\\'", "$1 ; select 1", 'quo"te', "ü\u2028☃"]
    batch = Batch()
    answers = [batch.add(Statement("SELECT CAST(%s AS varchar(80)), '100%%'", [text])) for text in hostile]
    batch.run()
    assert [found for (found,) in answers] == [(text, "100%") for text in hostile]


def test_the_first_that_fails_ends_the_transaction_and_nothing_is_left() -> None:
    make.place("harbour")
    batch = Batch()
    batch.add(RENAME)
    batch.add(Statement("SELECT * FROM convoys_no_such_table"))
    with pytest.raises(DatabaseError), transaction.atomic():
        batch.run()
    assert Place.objects.get(pk="harbour").time_zone != "Asia/Baku"


def test_what_was_sent_is_not_sent_again() -> None:
    make.place("harbour")
    batch = Batch()
    found = batch.add(by_keys(Place, (), ["harbour"]))
    batch.run()
    batch.run()
    assert found == [("harbour",)]


@pytest.mark.postgres
def test_on_postgresql_they_are_one_going_to_the_database() -> None:
    batch = Batch()
    for number in range(5):
        batch.add(Statement("SELECT %s::int", [number]))
    with CaptureQueriesContext(connection) as asked:
        batch.run()
    assert len(asked) == 1

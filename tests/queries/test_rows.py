"""Rows read by the hundred are those that the ORM would have read."""

from __future__ import annotations

import pytest

from convoys.models import Convoy, Deadline
from convoys.queries.rows import bare, is_one_of
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def convoys():
    for number in range(3):
        factories.make_held_convoy(f"C-{number}")
    return list(Convoy.objects.order_by("reference"))


def test_a_column_or_a_foreign_key_is_one_of_many_keys(convoys):
    keys = [convoy.pk for convoy in convoys]
    assert set(Convoy.objects.filter(is_one_of("pk", keys[:2]))) == set(convoys[:2])
    assert set(Deadline.objects.filter(is_one_of("convoy", keys[1:]))) == set(
        Deadline.objects.filter(convoy__in=keys[1:])
    )
    assert not Convoy.objects.filter(is_one_of("pk", [])).exists()
    assert set(Convoy.objects.exclude(is_one_of("pk", keys[:1]))) == set(convoys[1:])


def test_a_bare_row_is_the_stored_one_and_reads_the_rest_when_asked(convoys, django_assert_num_queries):
    convoy = bare(Convoy, ("id", "reference"), (convoys[0].pk, convoys[0].reference))
    with django_assert_num_queries(0):
        assert (convoy, convoy.reference) == (convoys[0], "C-0")
    with django_assert_num_queries(1):
        assert convoy.status == "held"
    convoy.reference = "C-9"
    convoy.save(update_fields=["reference"])
    assert Convoy.objects.get(pk=convoys[0].pk).reference == "C-9"

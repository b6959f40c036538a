"""Rows written column by column hold what the ORM would have written, whatever the values look like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from convoys.models import Alert, Deadline, Notification, Sweep
from convoys.services import columns
from tests import factories

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 8, 0, 0, 250_000, tzinfo=UTC)
AWKWARD = [
    "",
    "NULL",
    'a "quoted" word',
    "back\\slash",
    "{1,2}",
    "comma, and brace}",
    "Степанакерт",
    "it's 50 %",
]


@pytest.fixture
def deadline():
    factories.make_held_convoy("C-1")
    return Deadline.objects.get(convoy__reference="C-1", watch="held")


def alerts_of(deadline, steps, **more):
    """Columns of one alert for each step."""
    same = {
        "deadline_id": deadline.pk, "watch": "held", "episode": deadline.episode, "severity": "notice",
        "reached_at": AT, "passed": [], "backfilled": False, "asks_to_confirm": False, "staff_only": False,
        "nobody_to_tell": False, "raised_at": AT,
    }  # fmt: skip
    return {name: [value] * len(steps) for name, value in same.items()} | {"step_seconds": steps} | more


def test_each_row_gets_its_own_values(deadline):
    steps = [1, 2, 3]
    differing = {
        "passed": [[], [1], [1, 2]], "backfilled": [True, False, True],
        "raised_at": [AT, AT, AT + timedelta(1)],
    }  # fmt: skip
    columns.insert(Alert, alerts_of(deadline, steps, **differing), {})
    found = Alert.objects.order_by("step_seconds").values_list(
        "passed", "backfilled", "raised_at", "severity"
    )
    assert list(found) == [
        ([], True, AT, "notice"), ([1], False, AT, "notice"), ([1, 2], True, AT + timedelta(1), "notice"),
    ]  # fmt: skip


def test_what_a_constraint_has_already_is_passed_over_and_the_rest_is_named(deadline):
    columns.insert(Alert, alerts_of(deadline, [2]), {})
    new = columns.insert(Alert, alerts_of(deadline, [1, 2, 3]), {}, ("step_seconds", "id"))
    assert sorted(new) == sorted(Alert.objects.exclude(step_seconds=2).values_list("step_seconds", "pk"))


def test_texts_come_through_as_they_are(deadline):
    columns.insert(Alert, alerts_of(deadline, list(range(len(AWKWARD)))), {})
    owed: dict[str, list[Any]] = {
        "alert_id": list(Alert.objects.order_by("step_seconds").values_list("pk", flat=True)),
        "reason": AWKWARD,
        "not_before": [None, *[AT] * (len(AWKWARD) - 1)],
    }
    officer = factories.officer()
    columns.insert(
        Notification, owed,
        {
            "deadline_id": deadline.pk, "recipient_id": officer.pk, "channel": "mail", "telling": "step",
            "occasion": 0, "state": "open", "may_have_been_told": False, "created_at": AT,
        },
    )  # fmt: skip
    found = Notification.objects.order_by("alert__step_seconds")
    assert [row.reason for row in found] == AWKWARD
    assert [row.not_before for row in found] == owed["not_before"]


def test_only_the_rows_and_columns_named_are_updated():
    for name in ("a", "b", "c"):
        Sweep.objects.create(name=name, last_success_at=AT)
    later = [AT + timedelta(hours=1), AT + timedelta(hours=2)]
    columns.update(Sweep, ["a", "c"], {"last_success_at": later})
    assert dict(Sweep.objects.values_list("name", "last_success_at")) == {
        "a": later[0],
        "b": AT,
        "c": later[1],
    }


def test_what_is_the_same_in_all_rows_is_written_to_all_of_them(deadline):
    factories.make_held_convoy("C-2")
    other = Deadline.objects.get(convoy__reference="C-2", watch="held")
    columns.update(
        Deadline, [deadline.pk, other.pk],
        {"tell": ["", ""], "tell_at": [None, None], "last_step": [7, 7], "next_at": [AT, None]},
    )  # fmt: skip
    found = (
        Deadline.objects.filter(watch="held").order_by("pk").values_list("tell_at", "last_step", "next_at")
    )
    assert list(found) == [(None, 7, AT), (None, 7, None)]


def test_the_last_instant_there_is_comes_through():
    Sweep.objects.create(name="a", last_success_at=AT)
    columns.update(Sweep, ["a"], {"last_success_at": [datetime.max.replace(tzinfo=UTC)]})
    assert Sweep.objects.get().last_success_at == datetime.max.replace(tzinfo=UTC)

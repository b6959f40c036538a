"""The front page says what needs somebody, and costs the same however many convoys there are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from convoys.models import Message, Sweep
from tests import factories
from tests.admin import desk


def front(client: Client) -> str:
    return desk.text_of(client.get(reverse("admin:index")))


def test_a_fresh_desk_says_that_nothing_waits(officer: Client) -> None:
    text = front(officer)
    assert "Everybody who should know was told." in text
    assert "No convoy is held before a control point." in text


def test_held_convoys_stand_longest_first_and_exercises_apart(officer: Client) -> None:
    factories.make_held_convoy("C-new", since="2026-03-04T08:00")
    factories.make_held_convoy("C-old")
    factories.make_held_convoy("EX-1", is_exercise=True)
    text = front(officer)
    held, exercise = text.split('id="exercise"')
    assert held.index("C-old") < held.index("C-new")
    assert "EX-1" not in held
    assert "EX-1" in exercise
    assert "3 d 4 h" in held


def test_silent_convoys_are_listed(officer: Client) -> None:
    factories.make_held_convoy("C-1")
    assert "None; limit 7 days." in front(officer)
    with time_machine.travel("2026-03-20T12:00:00Z", tick=False):
        text = front(desk.signed_in(factories.officer()))
    assert "None; limit 7 days." not in text
    assert "silent" in text


def test_the_system_says_how_it_does(officer: Client) -> None:
    assert "Alerts stand still" in front(officer)
    Sweep.objects.update_or_create(name="detect", defaults={"last_success_at": timezone.now()})
    assert "Alerts run" in front(officer)
    assert "none waiting" in front(officer)
    person = factories.partner()
    values: dict[str, Any] = {"telling": "step", "to_address": "aid@example.org", "frozen_at": timezone.now()}
    values["give_up_at"] = timezone.now() + timedelta(days=1)
    Message.objects.create(recipient=person, subject="Held 24 h", message_id="<1@x>", **values)
    failed = values | {"state": "failed", "failure": "mailbox unknown (550)"}
    Message.objects.create(recipient=person, subject="Held 72 h", message_id="<2@x>", **failed)
    text = front(officer)
    assert "1 waiting" in text
    assert "mailbox unknown (550)" in text


def queries(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as caught:
        assert client.get(url).status_code == 200
    return len(caught)


@pytest.mark.parametrize(
    ("name", "most"),
    [("index", 60), ("convoys_convoy_changelist", 40), ("convoys_convoy_still_there", 40)],
)
def test_queries_do_not_grow_with_the_convoys(name: str, most: int, officer: Client) -> None:
    factories.make_held_convoy("C-1")
    url = reverse(f"admin:{name}")
    few = queries(officer, url)
    for number in range(2, 8):
        factories.make_held_convoy(f"C-{number}")
    assert queries(officer, url) <= few <= most


@pytest.mark.parametrize(("act", "most"), [(None, 45), ("seen", 55), ("amended", 55)])
def test_queries_of_a_convoys_page_do_not_grow_with_its_record(
    act: str | None, most: int, officer: Client
) -> None:
    factories.make_held_convoy("C-1")
    url = desk.act("C-1", "record", act) if act else desk.page("C-1")
    few = queries(officer, url)
    for hour in range(1, 9):
        factories.tell("C-1", "seen", f"2026-03-04T0{hour}:00", place="junction")
    assert queries(officer, url) <= few <= most

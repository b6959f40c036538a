"""The daily round: one report for all convoys that are ticked, recorded together or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from convoys.models import Convoy, Event
from tests import factories
from tests.admin import desk


@pytest.fixture
def three(db: None) -> list[Convoy]:
    """Two convoys held before the bridge and one before the gate."""
    factories.make_held_convoy("C-1")
    factories.make_held_convoy("C-2", since="2026-03-03T08:00")
    ref = factories.make_convoy("C-3")
    factories.tell(ref, "held", "2026-03-03T08:00", place="hamlet", held_before="gate")
    return list(Convoy.objects.order_by("reference"))


def page(**query: Any) -> str:
    return reverse("admin:convoys_convoy_still_there", query=query)


def seen() -> list[Event]:
    return list(Event.objects.filter(kind="seen").order_by("sequence"))


def test_one_report_renews_all_that_are_ticked(three: list[Convoy], officer: Client, bell: list[str]) -> None:
    fresh = desk.opened(officer, page(control_point="bridge"))
    assert "convoy" not in fresh, "whoever ticks has been told of that convoy"
    typed = fresh | desk.SOURCE | {"convoy": [three[0].pk, three[1].pk], "statement": "Both wait."}
    response = officer.post(page(), typed)
    assert response.status_code == 302, desk.problems_of(response)
    events = seen()
    assert [event.convoy_id for event in events] == [three[0].pk, three[1].pk]
    assert len({event.change_set_id for event in events}) == 1
    assert {event.place_id for event in events} == {"junction"}
    assert [event.claims.count() for event in events] == [1, 1]
    assert bell == ["convoys.tasks.detect"]
    assert LogEntry.objects.count() == 2
    for convoy in Convoy.objects.filter(reference__in=["C-1", "C-2"]):
        assert (convoy.status, convoy.last_reported_at) == ("held", factories.utc(2026, 3, 5, 12))


def test_convoys_of_another_control_point_are_not_offered(three: list[Convoy], officer: Client) -> None:
    source = officer.get(page(control_point="gate")).content.decode()
    assert f'name="seen_{three[2].pk}"' in source
    assert f'name="seen_{three[0].pk}"' not in source


def test_those_ticked_in_the_list_arrive_ticked(three: list[Convoy], officer: Client) -> None:
    fresh = desk.opened(officer, page(convoy=three[2].pk))
    assert fresh["convoy"] == str(three[2].pk)
    assert officer.post(page(), fresh | desk.SOURCE).status_code == 302
    assert [event.convoy_id for event in seen()] == [three[2].pk]


def test_a_newer_entry_on_one_writes_nothing_for_any(three: list[Convoy], officer: Client) -> None:
    typed = desk.opened(officer, page(control_point="bridge")) | desk.SOURCE
    typed |= {"convoy": [three[0].pk, three[1].pk], "statement": "Both wait."}
    factories.tell("C-2", "released", "2026-03-05T11:00", place="junction")
    response = officer.post(page(), typed)
    # Released meanwhile, it no longer stands there: it is shown once more, still ticked.
    assert response.status_code == 409
    assert "C-2 has a newer entry" in desk.text_of(response)
    assert seen() == []
    again = desk.form_in(response.content.decode())
    assert again["statement"] == "Both wait."
    assert sorted(again["convoy"]) == sorted([str(three[0].pk), str(three[1].pk)])


def test_nothing_ticked_is_said(three: list[Convoy], officer: Client) -> None:
    response = officer.post(page(), desk.opened(officer, page()) | desk.SOURCE)
    assert "Tick at least one" in desk.text_of(response)
    assert seen() == []


def test_a_round_sent_twice_is_written_once(three: list[Convoy], officer: Client) -> None:
    typed = desk.opened(officer, page(control_point="bridge")) | desk.SOURCE | {"convoy": [three[0].pk]}
    assert officer.post(page(), typed).status_code == 302
    assert officer.post(page(), typed).status_code == 302
    assert len(seen()) == 1


@pytest.mark.parametrize("key", ["0", "999999", "9" * 30, "x", "-1", "1 OR 1=1", "\x00"])
def test_keys_that_name_no_open_convoy_are_left_out(key: str, three: list[Convoy], officer: Client) -> None:
    typed = desk.opened(officer, page(control_point="bridge")) | desk.SOURCE | {"convoy": [key]}
    response = officer.post(page(), typed | {"control_point": key})
    assert response.status_code == 200
    assert seen() == []


def test_who_says_so_is_needed(three: list[Convoy], officer: Client) -> None:
    typed = desk.opened(officer, page(control_point="bridge")) | {"convoy": [three[0].pk]}
    response = officer.post(page(), typed)
    assert "Say who says so" in desk.text_of(response)
    assert seen() == []

"""Several reports at once: what is legal only together is recorded together or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from convoys.models import Claim, Convoy, Event, Words
from tests import factories
from tests.admin import desk

URL_OF_TWO = "?kind=held&kind=released"
SOURCE = {"r0-speaker": "An observer", "r0-speaker_kind": "monitor"}


@pytest.fixture
def under_way(db: None) -> str:
    """A convoy that departed on the 1st and was seen on the 4th."""
    ref = factories.make_convoy("C-1")
    factories.tell(ref, "departed", "2026-03-01T08:00", place="harbour")
    factories.tell(ref, "seen", "2026-03-04T08:00", place="hamlet")
    return ref.code


def typed(**more: Any) -> dict[str, Any]:
    """A hold of the 2nd, released on the 3rd."""
    return {
        "kind": ["held", "released"],
        "r0-day": "2026-03-02",
        "r0-time": "10:00",
        "r0-place": "junction",
        "r0-held_before": "bridge",
        "r0-statement": "We stood there for a day.",
        "r0-cause": "paperwork",
        "r1-day": "2026-03-03",
        "r1-time": "11:00",
        "r1-place": "junction",
    } | SOURCE | more  # fmt: skip


def test_the_choice_offers_what_can_stand_among_several(under_way: str, officer: Client) -> None:
    assert "/several/" in officer.get(desk.page(under_way)).content.decode()
    text = desk.text_of(officer.get(desk.act(under_way, "several")))
    for code in ("held", "released", "stopped", "resumed", "passed", "note"):
        assert f'value="{code}"' in text
    for code in ("delivered", "lost", "returned", "cancelled", "amended", "visibility_changed", "registered"):
        assert f'value="{code}"' not in text
    assert "at least two" in desk.text_of(officer.get(desk.act(under_way, "several") + "?kind=held"))
    assert "at least two" in desk.text_of(officer.get(desk.act(under_way, "several") + "?kind=x&kind=lost"))


def test_a_hold_that_began_and_ended_in_the_past_is_one_change_set(
    under_way: str, officer: Client, bell: list[str]
) -> None:
    url = desk.act(under_way, "several")
    before = Event.objects.count()
    response = desk.send(officer, url + URL_OF_TWO, **typed())
    assert response.status_code == 302, desk.problems_of(response)
    hold, release = Event.objects.filter(kind__in=["held", "released"]).order_by("sequence")
    assert Event.objects.count() == before + 2
    assert hold.change_set_id == release.change_set_id
    assert (hold.place_id, hold.held_before_id) == ("junction", "bridge")
    assert hold.occurred_at == factories.utc(2026, 3, 2, 10)
    assert release.occurred_at == factories.utc(2026, 3, 3, 11)
    assert Convoy.objects.get(reference=under_way).status == "dispatched"
    assert bell == ["convoys.tasks.detect"]


def test_who_says_so_holds_for_all_and_what_is_alleged_for_its_own_report_alone(
    under_way: str, officer: Client
) -> None:
    desk.send(officer, desk.act(under_way, "several") + URL_OF_TWO, **typed())
    claims = [Claim.objects.get(target_event__kind=kind) for kind in ("held", "released")]
    speakers = [Words.objects.get(sequence=claim.sequence).fields["speaker"] for claim in claims]
    assert speakers == ["An observer", "An observer"]
    assert [claim.alleged_causes for claim in claims] == [["paperwork"], []]


def test_another_source_may_be_named_for_one_of_them(under_way: str, officer: Client) -> None:
    other = {"r1-speaker": "A driver", "r1-speaker_kind": "carrier_staff"}
    response = desk.send(officer, desk.act(under_way, "several") + URL_OF_TWO, **typed(**other))
    assert response.status_code == 302, desk.problems_of(response)
    claim = Claim.objects.get(target_event__kind="released")
    assert Words.objects.get(sequence=claim.sequence).fields["speaker"] == "A driver"


def test_an_illegal_history_names_both_events_and_keeps_what_was_typed(
    under_way: str, officer: Client
) -> None:
    before = Event.objects.count()
    url = desk.act(under_way, "several") + "?kind=released&kind=resumed"
    response = desk.send(officer, url, **typed(kind=["released", "resumed"]))
    text = desk.text_of(response)
    assert response.status_code == 200
    assert "cannot stand after" in text
    assert "Nothing was written" in text
    assert "Legal there" in text
    again = desk.form_in(response.content.decode())
    assert (again["r0-day"], again["r1-day"], again["r0-speaker"]) == (
        "2026-03-02",
        "2026-03-03",
        "An observer",
    )
    assert Event.objects.count() == before


def test_all_that_is_wrong_is_said_at_once_beside_its_field(under_way: str, officer: Client) -> None:
    response = desk.send(
        officer, desk.act(under_way, "several") + URL_OF_TWO, **typed(**{"r0-speaker": "", "r1-day": ""})
    )
    source = response.content.decode()
    assert "2 fields need another look" in source
    assert 'id="id_r0-speaker_error"' in source
    assert 'id="id_r1-day_error"' in source
    assert 'name="_now"' not in source


def test_somebody_was_faster(under_way: str, officer: Client) -> None:
    url = desk.act(under_way, "several") + URL_OF_TWO
    form = desk.opened(officer, url) | typed()
    factories.tell(under_way, "seen", "2026-03-05T08:00", place="hamlet")
    response = officer.post(url, form)
    assert response.status_code == 409
    assert "newer entry" in desk.text_of(response)
    again = officer.post(url, desk.form_in(response.content.decode()) | {"kind": ["held", "released"]})
    assert again.status_code == 302, desk.problems_of(again)


def test_sent_twice_it_is_written_once(under_way: str, officer: Client) -> None:
    url = desk.act(under_way, "several") + URL_OF_TWO
    form = desk.opened(officer, url) | typed()
    assert officer.post(url, form).status_code == 302
    count = Event.objects.count()
    assert officer.post(url, form).status_code == 302
    assert Event.objects.count() == count


def test_who_may_not_record_neither_opens_nor_sends_it(
    under_way: str, officer: Client, viewer: Client
) -> None:
    url = desk.act(under_way, "several") + URL_OF_TWO
    form = desk.opened(officer, url) | typed()
    before = Event.objects.count()
    for client in (viewer, desk.signed_in(factories.partner())):
        assert client.get(url).status_code in (302, 403)
        assert client.post(url, form).status_code in (302, 403)
    assert "/several/" not in viewer.get(desk.page(under_way)).content.decode()
    assert Event.objects.count() == before


@pytest.mark.parametrize(
    "kind", ["delivered", "amended", "registered", "visibility_changed", "access_changed"]
)
def test_a_crafted_kind_is_not_taken(kind: str, under_way: str, coordinator: Client) -> None:
    url = desk.act(under_way, "several")
    form = desk.opened(coordinator, url + URL_OF_TWO) | typed(kind=["held", kind])
    before = Event.objects.count()
    assert coordinator.post(url, form).status_code == 200
    assert Event.objects.count() == before

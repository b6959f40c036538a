"""Who may read a report: a change of the state is kept from nobody who sees the convoy, its source may be."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from convoys.models import Claim, Event
from convoys.vocabulary import KINDS
from tests import factories
from tests.admin import desk

# A handover ends a hold.
STATE_KINDS = ["stopped", "released", "turned_back", "delivered", "returned", "lost", "handed_over"]


def offered(source: str, name: str) -> set[str]:
    return set(re.findall(rf'<input type="radio" name="{name}" value="([^"]*)"', source))


@pytest.mark.parametrize("code", STATE_KINDS)
def test_a_change_of_the_state_is_not_offered_to_staff_alone(code: str, held: str, officer: Client) -> None:
    source = officer.get(desk.act(held, "record", code)).content.decode()
    assert offered(source, "audience") == {"parties", "partners", "public"}
    assert "staff" in offered(source, "note_audience"), "a note beside it may be"


def test_what_changes_no_state_may_be_for_staff_alone(held: str, officer: Client) -> None:
    for code in ("seen", "inspected", "note", "part_lost"):
        source = officer.get(desk.act(held, "record", code)).content.decode()
        assert "staff" in offered(source, "audience"), code
        assert not offered(source, "account_audience"), code


def test_a_registration_is_not_offered_to_staff_alone(officer: Client) -> None:
    factories.road()
    source = officer.get(reverse("admin:convoys_convoy_register")).content.decode()
    assert offered(source, "audience") == {"parties", "partners", "public"}


def test_a_crafted_staff_only_change_of_the_state_is_refused_beside_its_field(
    held: str, officer: Client
) -> None:
    before = Event.objects.count()
    response = desk.send(officer, desk.act(held, "record", "released"), **desk.SOURCE, audience="staff")
    assert response.status_code == 200
    assert 'id="id_audience_error"' in response.content.decode()
    assert Event.objects.count() == before


def test_who_told_of_a_change_of_the_state_may_be_kept_to_staff(held: str, officer: Client) -> None:
    response = desk.send(
        officer, desk.act(held, "record", "released"), **desk.SOURCE, account_audience="staff"
    )
    assert response.status_code == 302, desk.problems_of(response)
    event = Event.objects.filter(kind="released").latest("sequence")
    assert (event.audience, event.claims.get().audience) == ("parties", "staff")
    partner = desk.signed_in(factories.partner())
    text = desk.text_of(partner.get(reverse("board:convoy", args=[held])))
    assert "Released" in text
    assert desk.SOURCE["speaker"] in desk.text_of(officer.get(desk.page(held)))
    released = text[text.index("Released") :]
    assert "Seen by us" not in released[: released.index("Entry ")]


def test_a_source_kept_to_staff_stays_so_in_every_report_that_rests_on_it(officer: Client) -> None:
    ref = factories.make_convoy("C-1")
    factories.tell(ref, "departed", "2026-03-01T08:00", place="harbour")
    typed = {
        "kind": ["held", "released"], "r0-day": "2026-03-02", "r1-day": "2026-03-03",
        "r0-speaker": "A driver", "r0-speaker_kind": "carrier_staff", "r0-account_audience": "staff",
    }  # fmt: skip
    url = desk.act("C-1", "several") + "?kind=held&kind=released"
    response = desk.send(officer, url, **typed)
    assert response.status_code == 302, desk.problems_of(response)
    audiences = [Claim.objects.get(target_event__kind=kind).audience for kind in ("held", "released")]
    assert audiences == ["staff", "staff"]


def test_every_kind_that_changes_the_state_is_held_to_this() -> None:
    from convoys.admin.forms.report import audiences_of

    for kind in KINDS.values():
        codes = {code for code, _words in audiences_of(kind)}
        assert ("staff" in codes) == (not kind.is_told_to_all), kind.code

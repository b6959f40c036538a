"""The desk reads any day, as known on any day, in words; nothing is recorded from there."""

from __future__ import annotations

import re

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from convoys.models import Event
from tests import factories
from tests.admin import desk

LIST = "admin:convoys_convoy_changelist"
# The fixture's convoy is registered on 1 March, held since the 2nd; all was entered on the 5th.
BEFORE, HELD = "2026-03-01", "2026-03-03"
BANNER = 'class="day-banner"'


def shown(client: Client, url: str, **query: str) -> str:
    # A minute after all was entered: the ledger's clock runs ahead of one that stands still.
    with time_machine.travel("2026-03-05T12:01:00Z", tick=False):
        response = client.get(url, query)
    assert response.status_code == 200, response.status_code
    return desk.text_of(response)


def references(text: str) -> list[str]:
    return re.findall(r'class="field-reference"><a href="[^"]*">([^<]*)</a>', text)


def test_a_page_without_parameters_is_of_now(held: str, viewer: Client) -> None:
    for url in (reverse(LIST), desk.page(held)):
        text = shown(viewer, url)
        assert BANNER not in text
        assert 'name="as_of"' in text, "the way to another day"


def test_the_list_of_another_day_tells_the_states_of_then(held: str, officer: Client) -> None:
    factories.tell(held, "released", "2026-03-04T08:00", place="junction")
    factories.tell(held, "delivered", "2026-03-05T06:00", place="hamlet")
    text = shown(officer, reverse(LIST), as_of=HELD)
    assert references(text) == [held]
    row = text[text.index(f">{held}<") :]
    for word in ("state-held", "Junction", "before Bridge", "1 d 16 h"):
        assert word in row
    assert "As of 3 March 2026, as known today." in text
    assert references(shown(officer, reverse(LIST), as_of=HELD, status="held")) == [held]
    assert references(shown(officer, reverse(LIST), as_of=HELD, status="delivered")) == []
    assert references(shown(officer, reverse(LIST), as_of=HELD, control_point="bridge")) == [held]
    assert references(shown(officer, reverse(LIST), as_of="2026-02-27")) == []
    assert references(shown(officer, reverse(LIST), known_at="2026-03-04")) == [], "entered on the 5th"
    assert references(shown(officer, reverse(LIST), as_of="now", status="delivered")) == [held]


def test_the_list_keeps_the_day_and_offers_no_form_that_records(held: str, officer: Client) -> None:
    text = shown(officer, reverse(LIST), as_of=HELD, q="C-")
    assert f'/change/?as_of={HELD}"' in text
    assert f'<input type="hidden" name="as_of" value="{HELD}">' in text, "the search keeps the day"
    assert f"?as_of={HELD}&q=C-&status=held" in text, "filters keep the day"
    for word in ('name="convoy"', "Record: still there", "Register a convoy", "o=1"):
        assert word not in text


def test_a_convoy_as_of_another_day_shows_what_had_happened(held: str, coordinator: Client) -> None:
    factories.tell(held, "released", "2026-03-04T08:00", place="junction")
    text = shown(coordinator, desk.page(held), as_of=HELD)
    assert BANNER in text
    assert "Held 1 d 16 h at Junction" in text
    assert "Released" not in text
    assert "Planned" in shown(coordinator, desk.page(held), as_of=BEFORE)
    assert "Released" in shown(coordinator, desk.page(held))


@pytest.mark.parametrize("name", ["convoy", "control point", "agreement"])
def test_nothing_is_recorded_from_another_day(name: str, held: str, coordinator: Client) -> None:
    factories.agreement()
    url = {
        "convoy": desk.page(held),
        "control point": reverse("admin:convoys_controlpoint_change", args=["bridge"]),
        "agreement": reverse("admin:convoys_agreement_change", args=["passage"]),
    }[name]
    for act in ("/record/", "/account/"):
        assert act in shown(coordinator, url)
    text = shown(coordinator, url, as_of=HELD)
    assert BANNER in text
    for act in ("/record/", "/account/", "/retract/", "/correct/", "/edit/", "/several/"):
        assert act not in text
    posting = re.findall(r'<form[^>]*method="post"[^>]*action="([^"]*)"', text)
    assert len(posting) == len(re.findall(r'method="post"', text)) == 1, "signing out alone"
    before = Event.objects.count()
    assert coordinator.post(f"{url}?as_of={HELD}", {"kind": "held"}).status_code == 405
    assert Event.objects.count() == before


def test_a_viewer_reads_another_day_and_a_partner_does_not(held: str, viewer: Client) -> None:
    assert BANNER in shown(viewer, desk.page(held), as_of=HELD)
    assert BANNER in shown(viewer, reverse(LIST), as_of=HELD)
    partner = desk.signed_in(factories.partner())
    for url in (desk.page(held), reverse(LIST)):
        for day in (HELD, "nonsense"):
            assert partner.get(url, {"as_of": day}).status_code in (302, 403)


def test_access_of_a_control_point_is_of_the_day(held: str, viewer: Client) -> None:
    point = factories.control_point("post")
    url = reverse("admin:convoys_controlpoint_change", args=["post"])
    from convoys.services.changes import control_point

    factories.tell(control_point(point.pk), "access_changed", "2026-03-02T08:00", access="closed")
    factories.tell(control_point(point.pk), "access_changed", "2026-03-04T08:00", access="open")
    assert "<b>Closed</b>" in shown(viewer, url, as_of=HELD)
    assert "<b>Open</b>" in shown(viewer, url)
    assert "access not on record" in shown(viewer, url, as_of=BEFORE)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"as_of": "yesterday"}, "Give a date"),
        ({"known_at": "2026-13-45"}, "Give a date"),
        ({"as_of": "2026-03-03T12:00"}, "with its zone"),
        ({"as_of": "2027-01-01"}, "has not come yet"),
        ({"as_of": "0001-01-01"}, "from 1900"),
        ({"known_at": "\x00<b>"}, "Give a date"),
        ({"as_of": "9" * 5000}, "Give a date"),
    ],
)
def test_what_is_no_day_is_said_in_words(
    query: dict[str, str], words: str, held: str, viewer: Client
) -> None:
    for url in (reverse(LIST), desk.page(held)):
        response = viewer.get(url, query)
        assert response.status_code == 400
        assert words in desk.text_of(response)
        assert b'"<b>' not in response.content


def test_a_convoy_of_a_day_before_its_record_is_said_to_be_unknown_then(held: str, viewer: Client) -> None:
    response = viewer.get(desk.page(held), {"as_of": "2026-02-01"})
    assert response.status_code == 404
    assert "C-1 was not on record then." in desk.text_of(response)


@pytest.mark.parametrize("query", ["o=1", "e=1", "flag=silent", "sponsor=nobody", "p=99", "route=main"])
def test_other_parameters_beside_a_day_do_not_break_the_list(query: str, held: str, viewer: Client) -> None:
    response = viewer.get(f"{reverse(LIST)}?as_of={HELD}&{query}")
    assert response.status_code in (200, 302)
    if response.status_code == 302:
        assert "e=1" in response["Location"]
        assert viewer.get(response["Location"]).status_code == 200
    assert viewer.get(f"{reverse(LIST)}?as_of={HELD}&reference=C-1").status_code == 400


def test_a_list_of_another_day_costs_the_same_however_long(held: str, viewer: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            shown(viewer, reverse(LIST), as_of=HELD)
        return len(asked)

    queries()
    few = queries()
    for number in range(2, 8):
        factories.make_held_convoy(f"C-{number}")
    assert queries() == few


def test_late_reports_are_marked_and_punctual_ones_are_not(held: str, officer: Client) -> None:
    factories.tell(held, "seen", "2026-03-04T13:00", place="junction")
    lines = shown(officer, desk.page(held)).split('<li class="line')
    late = {re.findall(r"<b>([^<]*)</b>", line)[0] for line in lines[1:] if "late-reported" in line}
    assert "Held" in late, "held on the 2nd, entered on the 5th"
    assert next(line for line in lines if "<b>Still there</b>" in line).count("late-reported") == 0

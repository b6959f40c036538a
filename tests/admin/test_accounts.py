"""Further accounts stand beside the first; what was a slip is taken back, with its reason."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.test import Client
from django.urls import reverse

from convoys.models import Claim, ControlPoint, Convoy, Event, Words
from tests import factories
from tests.admin import desk


def hold() -> Event:
    return Event.objects.filter(kind="held").latest("sequence")


def test_another_account_of_an_event(held: str, officer: Client) -> None:
    url = desk.act(held, "account", "event", str(hold().chain))
    response = desk.send(
        officer,
        url,
        speaker="The gate's commander",
        speaker_kind="party",
        stance="denies",
        said_on="2026-03-01",
        statement="Nobody is held here.",
        alleged_day="2026-03-03",
        alleged_place="hamlet",
        alleged_trucks="5",
        alleged_tonnes_low="12.5",
        alleged_at_least="on",
    )
    assert response.status_code == 302, desk.problems_of(response)
    claim = Claim.objects.latest("sequence")
    assert (claim.target_event_id, claim.stance, claim.alleged_trucks) == (hold().chain, "denies", 5)
    assert (str(claim.alleged_tonnes_low), claim.alleged_tonnes_high) == ("12.500", None)
    assert LogEntry.objects.count() == 1
    text = desk.text_of(officer.get(desk.page(held)))
    assert text.index("The gate's commander") < text.index("An observer"), "the oldest said comes first"
    assert "contested" in text


def test_an_account_of_a_figure_and_an_answer_to_it(held: str, officer: Client) -> None:
    url = desk.act(held, "account", "item", "tonnes")
    assert desk.send(officer, url, **desk.SOURCE, alleged_tonnes_low="44").status_code == 302
    claim = Claim.objects.latest("sequence")
    assert (claim.target_item, str(claim.alleged_tonnes_high)) == ("tonnes", "44.000")
    answer = desk.act(held, "account", "claim", str(claim.chain))
    typed = desk.SOURCE | {"speaker": "The sender", "stance": "disputes", "alleged_tonnes_low": "40"}
    assert desk.send(officer, answer, **typed).status_code == 302
    assert Claim.objects.latest("sequence").target_claim_id == claim.chain
    assert "The sender" in desk.text_of(officer.get(desk.page(held)))


def test_a_control_point_has_its_access_history_and_accounts_of_who_operates_it(officer: Client) -> None:
    factories.road()
    factories.organisation("gate_guards")
    page = reverse("admin:convoys_controlpoint_change", args=[quote("bridge")])
    record = reverse("admin:convoys_controlpoint_record", args=["bridge", "access_changed"])
    response = desk.send(officer, record, access="closed", **desk.SOURCE)
    assert response.status_code == 302, desk.problems_of(response)
    assert ControlPoint.objects.get(pk="bridge").access == "closed"
    operator = reverse("admin:convoys_controlpoint_account", args=["bridge", "subject", "controlpoint"])
    assert desk.send(officer, operator, **desk.SOURCE, alleged_holders="Gate Guards").status_code == 302
    text = desk.text_of(officer.get(page))
    assert "Access changed" in text
    assert "Gate Guards" in text
    assert "Closed" in text


@pytest.mark.parametrize("code", ["discussed", "agreed", "consented", "refused", "denied", "carried_out"])
def test_the_six_steps_of_an_agreement(code: str, officer: Client) -> None:
    factories.agreement()
    record = reverse("admin:convoys_agreement_record", args=["passage", code])
    response = desk.send(officer, record, decided_by="other", **desk.SOURCE)
    assert response.status_code == 302, desk.problems_of(response)
    assert Event.objects.latest("sequence").kind == code
    account = reverse("admin:convoys_agreement_account", args=["passage", "subject", "agreement"])
    assert desk.send(officer, account, **desk.SOURCE, alleged_order="together").status_code == 302
    page = reverse("admin:convoys_agreement_change", args=["passage"])
    assert "together" in desk.text_of(officer.get(page))


@pytest.mark.parametrize(
    "about",
    [
        ("event", "999999"),
        ("claim", "1"),
        ("item", "colour"),
        ("subject", "convoy"),
        ("nothing", "1"),
        ("event", "9" * 30),
    ],
)
def test_accounts_of_what_is_not_there_have_no_form(
    about: tuple[str, str], held: str, officer: Client
) -> None:
    assert officer.get(desk.act(held, "account", *about)).status_code == 404
    assert officer.post(desk.act(held, "account", *about), desk.SOURCE).status_code == 404


def recorded_by(client: Client, held: str, code: str = "released") -> Event:
    assert desk.send(client, desk.act(held, "record", code), **desk.SOURCE).status_code == 302
    return Event.objects.latest("sequence")


def test_ones_own_slip_is_taken_back(held: str, officer: Client, bell: list[str]) -> None:
    slip = recorded_by(officer, held)
    url = desk.act(held, "retract", slip.sequence)
    empty = desk.send(officer, url, reason="")
    assert "required" in desk.text_of(empty)
    assert desk.send(officer, url, reason="Pressed the wrong button.").status_code == 302
    assert Convoy.objects.get(reference=held).status == "held"
    assert Words.objects.get(sequence=Event.objects.latest("sequence").sequence).fields["reason"]
    text = desk.text_of(officer.get(desk.page(held)))
    assert "Pressed the wrong button." in text
    assert "taken back" in text
    assert len(bell) == 2
    assert officer.get(url).status_code == 404, "what is taken back cannot be taken back again"


def test_anothers_entry_is_taken_back_by_a_coordinator_alone(
    held: str, officer: Client, coordinator: Client
) -> None:
    entry = recorded_by(coordinator, held)
    url = desk.act(held, "retract", entry.sequence)
    assert officer.get(url).status_code == 403
    typed = desk.opened(coordinator, url) | {"reason": "Not so."}
    assert officer.post(url, typed).status_code == 403
    assert Convoy.objects.get(reference=held).status == "dispatched"
    assert coordinator.post(url, typed).status_code == 302
    assert Convoy.objects.get(reference=held).status == "held"


def test_an_account_is_taken_back_and_stays_readable(held: str, coordinator: Client) -> None:
    claim = hold().claims.get()
    assert (
        desk.send(coordinator, desk.act(held, "retract", claim.sequence), reason="Misheard.").status_code
        == 302
    )
    text = desk.text_of(coordinator.get(desk.page(held)))
    assert "Misheard." in text
    assert "Seen by us." in text


def test_a_retraction_that_breaks_the_history_is_refused(held: str, coordinator: Client) -> None:
    factories.tell(held, "released", "2026-03-04T08:00", place="junction")
    response = desk.send(coordinator, desk.act(held, "retract", hold().sequence), reason="Not held.")
    assert response.status_code == 200
    assert "cannot stand" in desk.text_of(response)
    assert desk.form_in(response.content.decode())["reason"] == "Not held."


def test_inferred_steps_are_marked_and_cannot_be_taken_back(officer: Client) -> None:
    ref = factories.make_convoy("C-1")
    factories.tell(ref, "held", "2026-03-02T08:00", place="junction", held_before="bridge")
    text: Any = desk.text_of(officer.get(desk.page("C-1")))
    assert "inferred" in text
    assert text.count("/retract/") == 0, "an officer is offered only what the officer wrote"


def test_a_form_about_one_entry_shows_that_entry_beside_it(held: str, officer: Client) -> None:
    for hour in range(1, 9):
        factories.tell(held, "seen", f"2026-03-04T0{hour}:00", place="junction")
    text = desk.text_of(officer.get(desk.act(held, "account", "event", str(hold().chain))))
    assert f'id="entry-{hold().chain}"' in text
    assert text.count('id="entry-') == 1
    beside_a_report = desk.text_of(officer.get(desk.act(held, "record", "released")))
    assert beside_a_report.count('id="entry-') == 6
    assert "The whole record" in beside_a_report

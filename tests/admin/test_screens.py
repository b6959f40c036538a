"""What the desk's screens say to an officer with a telephone in hand: what a form is for, about and does."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from convoys.models import Claim, Convoy, Event
from convoys.services.changes import Claim as OneMore
from convoys.services.changes import Target, convoy
from tests import factories
from tests.admin import desk


def hold() -> Event:
    return Event.objects.filter(kind="held").latest("sequence")


def claim_of_hold() -> Claim:
    return Claim.objects.get(target_event=hold().chain)


# --- late reports


def test_a_late_report_has_a_way_of_its_own_whatever_is_legal_now(held: str, officer: Client) -> None:
    factories.tell(held, "delivered", "2026-03-04", place="valley")
    text = desk.text_of(officer.get(desk.page(held)))
    assert "Record late report" in text
    for code in ("departed", "stopped", "held", "released", "delivered"):
        assert f'/record/{code}/?late=1#record"' in text
    assert "/record/registered/" not in text


def test_a_late_report_starts_without_a_day_and_says_how_it_is_placed(held: str, officer: Client) -> None:
    url = desk.act(held, "record", "stopped") + "?late=1"
    text = desk.text_of(officer.get(url))
    assert "Record: Stopped, a late report" in text
    assert "takes its place by its day" in text
    fresh = desk.form_in(text)
    assert (fresh["day"], fresh.get("place", "")) == ("", "")
    response = desk.send(officer, url, **desk.SOURCE, day="2026-03-01", time="20:00", place="junction")
    assert response.status_code == 302, desk.problems_of(response)
    late = Event.objects.get(kind="stopped")
    assert late.effective_at < hold().effective_at
    assert Convoy.objects.get(reference=held).status == "held"


def test_a_late_report_that_does_not_fit_keeps_what_was_typed(held: str, officer: Client) -> None:
    url = desk.act(held, "record", "released") + "?late=1"
    response = desk.send(officer, url, **desk.SOURCE, day="2026-03-01", time="20:00")
    text = desk.text_of(response)
    assert "cannot stand after" in text
    assert "Legal there" in text
    assert desk.form_in(text)["day"] == "2026-03-01"


# --- a form says what it is about, and nothing leads away from it


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("account", "Another account of: Held, 2 Mar 2026, 08:00"),
        ("retract", "Take back: Held, 2 Mar 2026, 08:00"),
        ("correct", "Correct: Held, 2 Mar 2026, 08:00"),
    ],
)
def test_a_form_about_an_event_names_it_with_its_day(
    act: str, words: str, held: str, coordinator: Client
) -> None:
    args = {"account": ["event", str(hold().chain)]}.get(act, [hold().sequence])
    text = desk.text_of(coordinator.get(desk.act(held, act, *args)))
    assert words in text
    assert "What this is about" in text
    assert 'class="section-note"' in text
    below = text[text.index('id="ev-h"') :]
    for link in ("/account/", "/retract/", "/correct/"):
        assert link not in below, "nothing beside an open form loses what was typed"


def test_the_form_of_a_correction_has_no_button_that_says_now(held: str, coordinator: Client) -> None:
    assert 'name="_now"' not in desk.text_of(coordinator.get(desk.act(held, "correct", hold().sequence)))
    assert 'name="_now"' in desk.text_of(coordinator.get(desk.act(held, "record", "released")))


def test_the_choice_of_several_reports_shows_the_newest_lines_only(held: str, officer: Client) -> None:
    for hour in range(10):
        factories.tell(held, "seen", f"2026-03-04T0{hour}:00", place="junction")
    text = desk.text_of(officer.get(desk.act(held, "several")))
    assert text.count('id="entry-') == 6
    assert "The whole record" in text


# --- cargo


def test_a_form_that_accounts_for_cargo_says_what_there_is_to_account_for(held: str, officer: Client) -> None:
    text = desk.text_of(officer.get(desk.act(held, "record", "delivered")))
    assert re.search(r"Declared: <span class=\"tonnes\">40 t", text)
    assert "Leave the tonnage empty and all that is left counts" in text
    ten = {"tonnes_low": 10, "tonnes_high": 10}
    factories.tell(held, "part_lost", "2026-03-04", loss_mode="crowd", **ten)
    text = desk.text_of(officer.get(desk.act(held, "record", "part_delivered")))
    assert "Not accounted for yet: 30 t" in text
    beside = desk.text_of(officer.get(desk.act(held, "record", "inspected")))
    assert "Not accounted for yet" not in beside


# --- accounts side by side


def test_accounts_and_answers_stand_in_the_same_form(held: str, viewer: Client) -> None:
    said = factories.account(
        speaker="The guard", speaker_kind="party", stance="denies", statement="Nobody is held.",
        said_on=date(2026, 3, 4), link="https://news.example/2", publisher="A paper",
    )  # fmt: skip
    factories.apply(OneMore(Target(chain=claim_of_hold().chain), said))
    for url in (desk.page(held), reverse("board:convoy", args=[held])):
        text = desk.text_of(viewer.get(url))
        answer = text[text.index("The guard") :][:1500]
        for words in ("party to the dispute", "denies", "Nobody is held.", "our summary", "said 4 Mar 2026"):
            assert words in answer, (url, words)
        assert f"entry {Claim.objects.latest('sequence').sequence}" in answer


def test_a_retracted_answer_says_so_to_readers(held: str, viewer: Client) -> None:
    from convoys.services.changes import Retract

    said = factories.account(speaker="The guard", stance="denies", statement="Nobody is held.")
    written = factories.apply(OneMore(Target(chain=claim_of_hold().chain), said))
    factories.apply(Retract(written.sequences[0][0], "Another convoy."), author=factories.coordinator())
    text = desk.text_of(viewer.get(reverse("board:convoy", args=[held])))
    assert "retracted" in text[text.index("claim-answer") :][:900]


def test_contested_figures_are_said_with_their_range(held: str, viewer: Client) -> None:
    for speaker, tonnes in (("One paper", 36), ("Another", 44)):
        said = factories.account(speaker=speaker, alleged_tonnes_low=tonnes, alleged_tonnes_high=tonnes)
        factories.apply(OneMore(Target(subject=convoy(held), item="tonnes"), said))
    for url in (desk.page(held), reverse("board:convoy", args=[held])):
        text = desk.text_of(viewer.get(url))
        assert "how much" in text
        assert "accounts give 36–44 t" in text


def test_figures_that_agree_have_no_range(held: str, viewer: Client) -> None:
    said = factories.account(alleged_tonnes_low=40, alleged_tonnes_high=40)
    factories.apply(OneMore(Target(subject=convoy(held), item="tonnes"), said))
    assert "accounts give" not in desk.text_of(viewer.get(desk.page(held)))


# --- the way to readers' pages keeps the day


@pytest.mark.parametrize("name", ["convoy", "control point", "agreement"])
def test_the_public_page_is_of_the_day_shown(name: str, held: str, viewer: Client) -> None:
    factories.agreement()
    page, public = {
        "convoy": (desk.page(held), "/convoys/C-1"),
        "control point": (
            reverse("admin:convoys_controlpoint_change", args=["bridge"]), "/control-points/bridge",
        ),
        "agreement": (
            reverse("admin:convoys_agreement_change", args=["passage"]), "/agreements/passage",
        ),
    }[name]  # fmt: skip
    assert f'href="{public}"' in desk.text_of(viewer.get(page))
    shown = desk.text_of(viewer.get(page, {"as_of": "2026-03-03", "known_at": "2026-03-05T12:00Z"}))
    assert f'href="{public}?as_of=2026-03-03' in shown


def test_in_the_demonstration_the_public_page_is_of_now_too(held: str, viewer: Client, settings: Any) -> None:
    settings.DEMO = True
    assert 'href="/convoys/C-1?as_of=now"' in desk.text_of(viewer.get(desk.page(held)))

"""Administrators erase words: what goes is shown and asked once more, and the ledger still verifies."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from convoys.models import Claim, Erasure, Event, Words
from convoys.queries.verification import verify
from convoys.services.changes import Correct
from tests import factories
from tests.admin import desk
from tests.admin.test_permissions import CAST, person

REASON = "Names somebody in danger."


@pytest.fixture
def claim(held: str) -> Claim:
    """The account of the hold, by an observer."""
    return Claim.objects.get(target_event__kind="held")


def erase(claim: Claim) -> str:
    return desk.act("C-1", "erase", claim.chain)


def chosen(claim: Claim, **more: Any) -> dict[str, Any]:
    return {"entries": [claim.sequence], "reason": REASON} | more


def test_the_page_says_what_goes_and_what_stays(claim: Claim, administrator: Client) -> None:
    assert "Erase words" in desk.text_of(administrator.get(desk.page("C-1")))
    text = desk.text_of(administrator.get(erase(claim)))
    for words in ("An observer", "Seen by us.", "Gone:", "Stays:", "Out of reach:", "mails that were sent"):
        assert words in text
    assert "stands under its head" in text


def test_it_is_asked_once_more_and_shown_before_anything_goes(claim: Claim, administrator: Client) -> None:
    response = administrator.post(erase(claim), chosen(claim))
    text = desk.text_of(response)
    assert response.status_code == 200
    assert "Yes, erase these words for good" in text
    assert "Seen by us." in text
    assert REASON in text
    assert not Erasure.objects.exists()
    back = administrator.post(erase(claim), chosen(claim, _edit="1"))
    assert desk.form_in(back.content.decode())["reason"] == REASON
    assert not Erasure.objects.exists()


def test_confirmed_the_words_are_gone_and_the_ledger_verifies(claim: Claim, administrator: Client) -> None:
    sent = desk.form_in(administrator.post(erase(claim), chosen(claim)).content.decode())
    response = administrator.post(erase(claim), sent | {"confirmed": "yes"}, follow=True)
    text = desk.text_of(response)
    assert f"The words of entry {claim.sequence} are erased" in text
    assert f": {REASON}" in text
    assert "stands under its head" in text, "checked on the page"
    assert "Seen by us." not in text
    assert not Words.objects.filter(sequence=claim.sequence).exists()
    assert verify().flaw is None
    assert LogEntry.objects.filter(user__username="registrar").count() == 1
    for page in (desk.page("C-1"), reverse("board:convoy", args=["C-1"])):
        shown = desk.text_of(administrator.get(page))
        assert "words erased" in shown
        assert "name erased" in shown


def test_every_wording_of_a_chain_is_offered_and_chosen_apart(claim: Claim, administrator: Client) -> None:
    better = factories.account(speaker="An observer", statement="Seen by two of us.")
    factories.apply(Correct(claim.sequence, better, "asked again"), author=factories.coordinator())
    newest = Claim.objects.filter(chain=claim.chain).latest("sequence")
    text = desk.text_of(administrator.get(erase(claim)))
    assert "Seen by us." in text
    assert "Seen by two of us." in text
    administrator.post(erase(claim), chosen(claim, confirmed="yes"))
    assert list(Erasure.objects.values_list("erased", flat=True)) == [claim.sequence]
    assert Words.objects.filter(sequence=newest.sequence).exists()
    both = chosen(claim, entries=[claim.sequence, newest.sequence], confirmed="yes")
    assert administrator.post(erase(claim), both).status_code == 200, "the first has no words any more"
    administrator.post(erase(claim), chosen(newest, confirmed="yes"))
    assert "Nothing is left to erase here." in desk.text_of(administrator.get(erase(claim)))


def test_the_words_of_an_event_are_said_to_be_erased(held: str, administrator: Client) -> None:
    note = factories.tell(held, "note", "2026-03-03", text="Call Ivan.", claims=[])
    url = desk.act(held, "erase", note)
    administrator.post(url, {"entries": [note], "reason": REASON, "confirmed": "yes"})
    for page in (desk.page(held), reverse("board:convoy", args=[held])):
        text = desk.text_of(administrator.get(page))
        assert "Call Ivan." not in text
        assert "words erased" in text


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"reason": ""}, "required"),
        ({"reason": "x" * 2001}, "at most 2000"),
        ({"reason": "a\x00b"}, "Null characters"),
        ({"entries": []}, "Tick at least one"),
        ({"entries": ["999999"]}, "Select a valid choice"),
        ({"entries": ["1"]}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_erased(
    typed: dict[str, Any], says: str, claim: Claim, administrator: Client
) -> None:
    response = administrator.post(erase(claim), chosen(claim, confirmed="yes") | typed)
    assert response.status_code == 200
    text = desk.text_of(response)
    assert "Nothing was erased" in text
    assert says in text
    assert not Erasure.objects.exists()


def test_sent_twice_the_second_is_told_that_nothing_is_left(claim: Claim, administrator: Client) -> None:
    for _ in range(2):
        administrator.post(erase(claim), chosen(claim, confirmed="yes"))
    assert Erasure.objects.count() == 1


def test_somebody_was_faster(claim: Claim, administrator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from convoys.admin import erasing
    from convoys.services.erasing import erase_words

    def second(sequence: int, reason: str, author: Any) -> int:
        erase_words(sequence, reason, author)
        return erase_words(sequence, reason, author)

    monkeypatch.setattr(erasing, "erase_words", second)
    response = administrator.post(erase(claim), chosen(claim, confirmed="yes"))
    assert response.status_code == 409
    assert "were erased before" in desk.text_of(response)


@pytest.mark.parametrize("name", CAST)
def test_who_may_erase(name: str, claim: Claim) -> None:
    client = person(name)
    may = name == "administrator"
    assert (client.get(erase(claim)).status_code == 200) == may
    response = client.post(erase(claim), chosen(claim, confirmed="yes"))
    assert response.status_code in ((302,) if may else (302, 403))
    assert Erasure.objects.exists() == may
    assert may or "/erase/" not in client.get(desk.page("C-1")).content.decode()


def test_an_entry_of_another_convoy_has_no_page_here(claim: Claim, administrator: Client) -> None:
    factories.make_held_convoy("C-2")
    other = Event.objects.filter(convoy__reference="C-2").latest("sequence")
    for chain in (other.chain, 10**17, 10**30):
        url = reverse("admin:convoys_convoy_erase", args=[claim.target_event.convoy_id, chain])
        assert administrator.get(url).status_code == 404
        assert administrator.post(url, chosen(claim, confirmed="yes")).status_code == 404
    assert not Erasure.objects.exists()


@pytest.mark.parametrize("model", ["controlpoint", "agreement"])
def test_words_of_a_control_point_or_an_agreement_are_erased_the_same_way(
    model: str, administrator: Client
) -> None:
    from convoys.services.changes import agreement, control_point

    factories.road()
    factories.agreement()
    subject, kind, more = {
        "controlpoint": (control_point("bridge"), "access_changed", {"access": "closed"}),
        "agreement": (agreement("passage"), "agreed", {}),
    }[model]
    event = factories.tell(subject, kind, "2026-03-03", **more)
    claim = Claim.objects.get(target_event=event)
    url = reverse(f"admin:convoys_{model}_erase", args=[subject.code, claim.chain])
    administrator.post(url, chosen(claim, confirmed="yes"))
    assert Erasure.objects.get().erased == claim.sequence
    assert "words erased" in desk.text_of(administrator.get(url.split("erase")[0] + "change/"))

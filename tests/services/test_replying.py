"""The right of reply: what a partner says waits outside of the record until staff have decided."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from convoys.errors import AlreadySent, Busy, Conflict, InvalidInput, NotPermitted
from convoys.models import AccountOffered, Claim, Convoy, Event, OfferState, Words
from convoys.queries.verification import verify
from convoys.services import changes, replying, timeline
from convoys.services.erasing import erase_words
from convoys.services.replying import AlreadyDecided, NothingThere, Reply, offering
from tests import factories as make

pytestmark = pytest.mark.django_db(transaction=True)


def hold() -> int:
    """The chain of a convoy's hold."""
    if not Convoy.objects.exists():
        make.make_held_convoy("C-1")
    return Event.objects.get(kind="held").chain


def reply(**more: Any) -> Reply:
    values: dict[str, Any] = {"event": hold(), "stance": "denies", "statement": "We were not held."}
    return Reply(**(values | {"speaker_kind": "carrier_staff"} | more))


def offered(**more: Any) -> AccountOffered:
    return replying.offer(make.partner(), reply(**more))[0]


def seen() -> int | None:
    return Convoy.objects.get().newest_entry


def released(offer: AccountOffered) -> AccountOffered:
    done = replying.release(make.coordinator(), offer.uuid, seen())
    assert done is not None
    return done


# --- offering


def test_what_a_partner_says_waits_and_nothing_of_it_is_on_record() -> None:
    hold()
    before = Claim.objects.count(), Words.objects.count()
    assert offered().state == OfferState.WAITING
    assert (Claim.objects.count(), Words.objects.count()) == before


def test_the_same_key_gives_the_first_and_other_contents_are_refused() -> None:
    partner, key = make.partner(), uuid.uuid4()
    first, is_repeat = replying.offer(partner, reply(), key)
    assert not is_repeat
    assert replying.offer(partner, reply(), key) == (first, True)
    with pytest.raises(AlreadySent):
        replying.offer(partner, reply(statement="Something else."), key)
    assert AccountOffered.objects.count() == 1


def test_the_same_key_of_another_organisation_is_another() -> None:
    make.organisation("other_society")
    make.make_held_convoy("C-1", visible_to=["other_society"])
    event = make.tell("C-1", "seen", "2026-03-03", audience="partners")
    key = uuid.uuid4()
    first, _ = replying.offer(make.partner(), reply(), key)
    second, is_repeat = replying.offer(make.partner("other_society"), reply(event=event), key)
    assert first != second
    assert not is_repeat


@pytest.mark.parametrize("who", [make.officer, make.stranger, make.viewer])
def test_who_is_no_partner_replies_otherwise(who: Any) -> None:
    said = reply()
    with pytest.raises(NotPermitted):
        replying.offer(who(), said)


def test_it_is_about_what_its_partner_sees_of_a_convoy() -> None:
    held = hold()
    make.organisation("other_society")
    internal = make.tell("C-1", "note", "2026-03-03", text="For the desk.", claims=[])
    of_point = make.tell(changes.control_point("bridge"), "access_changed", "2026-03-01", access="closed")
    for chain in (internal, of_point, 999_999, 2**62):
        with pytest.raises(NothingThere):
            offered(event=chain)
    with pytest.raises(NothingThere):
        replying.offer(make.partner("other_society"), reply(event=held))
    with pytest.raises(InvalidInput):
        offered(event=None)
    with pytest.raises(InvalidInput):
        offered(event=held, claim=held)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"statement": "  "}, "statement"),
        ({"statement": "x" * 10_001}, "statement"),
        ({"statement": "half \ud800"}, "statement"),
        ({"stance": "doubts"}, "stance"),
        ({"speaker_kind": "prophet"}, "speaker_kind"),
        ({"said_on": date(2099, 1, 1)}, "said_on"),
        ({"holders": ("nobody",)}, "holders"),
        ({"causes": ("weather_magic",)}, "causes"),
        ({"happened": "yesterday"}, "happened"),
        ({"happened": "2099-01-01"}, "happened"),
        ({"place": "nowhere"}, "place"),
        ({"tonnes_low": "many"}, "tonnes_low"),
        ({"tonnes_low": "5", "tonnes_high": "4"}, "tonnes_high"),
        ({"trucks": -1}, "trucks"),
        ({"link": "javascript:alert(1)"}, "link"),
    ],
)
def test_what_could_not_be_a_claim_is_refused_when_it_is_offered(said: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        offered(**said)
    assert field in refusal.value.fields
    assert not AccountOffered.objects.exists()


def test_there_is_an_end_to_how_much_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offering, "MOST_WAITING", 1)
    offered()
    with pytest.raises(InvalidInput):
        offered()


# --- withdrawing


def test_a_partner_withdraws_what_waits_and_its_words_are_gone() -> None:
    offer = offered()
    assert replying.withdraw(make.partner("other_society"), offer.uuid) is None
    for _ in range(2):
        assert replying.withdraw(make.partner(), offer.uuid) is not None
    offer.refresh_from_db()
    assert (offer.state, offer.account) == (OfferState.WITHDRAWN, {})
    with pytest.raises(AlreadyDecided):
        released(offer)


# --- releasing


def test_released_it_is_a_claim_in_its_organisations_name_and_own_words() -> None:
    make.organisation("guard")
    offer = offered(
        holders=("guard",), causes=("inspection",), happened="2026-03-02T09:00", place="bridge",
        trucks=3, tonnes_low="30", tonnes_high="31.5", person="A. Driver", language="en",
    )  # fmt: skip
    done = released(offer)
    claim = Claim.objects.get(pk=done.sequence or 0)
    assert (claim.target_event_id, claim.stance, claim.is_verbatim) == (hold(), "denies", True)
    assert (claim.alleged_holders, claim.alleged_causes) == (["guard"], ["inspection"])
    assert (claim.alleged_trucks, str(claim.alleged_tonnes_high)) == (3, "31.500")
    assert claim.author == make.coordinator()
    assert claim.audience == Event.objects.get(sequence=hold()).audience
    words = Words.objects.get(sequence=claim.pk).fields
    assert words["speaker_organisation"] == "aid_society"
    assert (words["statement"], words["person"]) == ("We were not held.", "A. Driver")
    offer.refresh_from_db()
    assert (offer.state, offer.account) == (OfferState.RELEASED, {})
    assert verify().flaw is None


def test_an_answer_to_a_claim_stands_with_that_claim() -> None:
    claim = Claim.objects.get(target_event=hold())
    done = released(offered(event=None, claim=claim.chain))
    assert Claim.objects.get(pk=done.sequence or 0).target_claim_id == claim.chain
    with pytest.raises(InvalidInput):
        offered(event=None, claim=done.sequence)


@pytest.mark.parametrize("who", [make.partner, make.viewer, make.officer])
def test_coordinators_decide(who: Any) -> None:
    offer = offered()
    with pytest.raises(NotPermitted):
        replying.release(who(), offer.uuid, seen())
    with pytest.raises(NotPermitted):
        replying.decline(who(), offer.uuid, "No.")
    offer.refresh_from_db()
    assert offer.state == OfferState.WAITING


def test_it_is_released_once() -> None:
    offer = offered()
    first = released(offer)
    with pytest.raises(AlreadyDecided):
        released(offer)
    with pytest.raises(AlreadyDecided):
        replying.withdraw(make.partner(), offer.uuid)
    with pytest.raises(AlreadyDecided):
        replying.decline(make.coordinator(), offer.uuid, "No.")
    assert Claim.objects.filter(stance="denies").count() == 1
    assert first.sequence == Claim.objects.get(stance="denies").pk


def test_what_the_coordinator_did_not_see_stops_the_release_and_it_waits_on() -> None:
    offer, before = offered(), seen()
    make.tell("C-1", "seen", "2026-03-03")
    with pytest.raises(Conflict):
        replying.release(make.coordinator(), offer.uuid, before)
    offer.refresh_from_db()
    assert (offer.state, offer.decided_by) == (OfferState.WAITING, None)
    assert offer.account["statement"] == "We were not held."
    released(offer)


def test_a_release_that_was_broken_off_is_finished_by_the_next_and_nothing_stands_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    offer = offered()
    apply = timeline.apply

    def written_and_then_dead(change_set: changes.ChangeSet) -> Any:
        apply(change_set)
        raise KeyboardInterrupt  # nothing is put right any more

    with monkeypatch.context() as patch:
        patch.setattr(timeline, "apply", written_and_then_dead)
        with pytest.raises(KeyboardInterrupt):
            released(offer)
    offer.refresh_from_db()
    assert (offer.state, offer.sequence) == (OfferState.RELEASED, None)
    done = released(offer)
    assert done.sequence == Claim.objects.get(stance="denies").pk
    offer.refresh_from_db()
    assert offer.account == {}


def test_a_release_that_died_before_it_wrote_is_done_anew_after_a_minute() -> None:
    offer = offered()
    AccountOffered.objects.update(
        state=OfferState.RELEASED, decided_by=make.coordinator(), decided_at=timezone.now()
    )
    with pytest.raises(AlreadyDecided):
        released(offer)
    with pytest.raises(AlreadyDecided):
        replying.withdraw(make.partner(), offer.uuid)
    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
        assert released(offer).sequence is not None


def test_a_busy_database_leaves_it_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    offer = offered()

    def busy(change_set: changes.ChangeSet) -> Any:
        raise Busy

    monkeypatch.setattr(timeline, "apply", busy)
    with pytest.raises(Busy):
        released(offer)
    offer.refresh_from_db()
    assert offer.state == OfferState.WAITING


def test_words_erased_from_the_record_are_nowhere_else() -> None:
    done = released(offered())
    erase_words(done.sequence or 0, "Names somebody.", make.administrator())
    assert "We were not held" not in str(list(AccountOffered.objects.values()))


# --- declining


def test_declined_it_stays_outside_with_a_reason() -> None:
    offer = offered()
    for reason in ("", "  ", "x" * 2001):
        with pytest.raises(InvalidInput):
            replying.decline(make.coordinator(), offer.uuid, reason)
    done = replying.decline(make.coordinator(), offer.uuid, "It names a driver.")
    assert done is not None
    assert (done.state, done.reason) == (OfferState.DECLINED, "It names a driver.")
    assert not Claim.objects.filter(stance="denies").exists()
    with pytest.raises(AlreadyDecided):
        released(offer)


def test_what_is_not_there_is_not_decided() -> None:
    assert replying.release(make.coordinator(), uuid.uuid4(), None) is None
    assert replying.decline(make.coordinator(), uuid.uuid4(), "No.") is None
    assert replying.withdraw(make.partner(), uuid.uuid4()) is None

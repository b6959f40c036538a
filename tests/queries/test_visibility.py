"""Who may read which entries: by party, by audience, and by the narrowest entry of a chain."""

from __future__ import annotations

import pytest

from convoys.errors import InvalidInput
from convoys.models import Claim, Convoy, Event
from convoys.queries.api_ledger import entry_told
from convoys.queries.visibility import (
    NOBODY,
    Viewer,
    visible_claims,
    visible_convoys,
    visible_events,
    withholds_source,
)
from convoys.services.changes import Claim as ClaimStep
from convoys.services.changes import Correct, Retract, Target
from convoys.vocabulary import Audience
from tests import factories as make

pytestmark = pytest.mark.django_db

STAFF = Viewer(is_staff=True)
SPONSOR = Viewer(is_staff=False, organisation="aid_society")
OTHER = Viewer(is_staff=False, organisation="another")


@pytest.fixture(autouse=True)
def another() -> None:
    make.organisation("another")


@pytest.mark.parametrize(
    ("audience", "readers"),
    [
        (Audience.STAFF, {STAFF}),
        (Audience.PARTIES, {STAFF, SPONSOR}),
        (Audience.PARTNERS, {STAFF, SPONSOR, OTHER}),
        (Audience.PUBLIC, {STAFF, SPONSOR, OTHER}),
    ],
)
def test_an_entry_is_for_its_audience(audience: str, readers: set[Viewer]) -> None:
    make.make_convoy(visible_to="all_partners")
    sequence = make.tell("C-1", "inspected", "2026-03-02", place="junction", audience=audience)

    for viewer in (STAFF, SPONSOR, OTHER, NOBODY):
        assert visible_events(viewer).filter(pk=sequence).exists() is (viewer in readers)
        assert visible_claims(viewer).filter(target_event=sequence).exists() is (viewer in readers)


def test_a_convoy_that_is_not_shared_is_not_there_for_another() -> None:
    make.make_convoy()

    assert visible_convoys(SPONSOR).exists()
    assert not visible_convoys(OTHER).exists()
    assert not visible_events(OTHER).filter(convoy__isnull=False).exists()


@pytest.mark.parametrize(
    ("narrowed", "still_read_by"), [(Audience.STAFF, {STAFF}), (Audience.PARTIES, {STAFF, SPONSOR})]
)
def test_a_correction_for_fewer_takes_the_earlier_entries_with_it(
    narrowed: str, still_read_by: set[Viewer]
) -> None:
    make.make_convoy(visible_to="all_partners")
    seen = make.tell("C-1", "inspected", "2026-03-02", place="junction", audience=Audience.PARTNERS)
    right = make.record("C-1", "inspected", "2026-03-02", place="hamlet", audience=narrowed, claims=[])

    make.apply(Correct(seen, right, "names a source"), author=make.coordinator())

    for viewer in (STAFF, SPONSOR, OTHER):
        found = visible_events(viewer).filter(chain=seen).count()
        assert found == (2 if viewer in still_read_by else 0)


def test_an_answer_is_as_visible_as_the_account_that_it_answers() -> None:
    make.make_convoy(visible_to="all_partners")
    event = make.tell("C-1", "inspected", "2026-03-02", place="junction", audience=Audience.PARTIES)
    claim = Claim.objects.get(target_event=event)
    make.apply(ClaimStep(Target(chain=claim.pk), make.account(stance="denies", audience=Audience.PARTNERS)))

    assert visible_claims(SPONSOR).filter(target_claim=claim).exists()
    assert not visible_claims(OTHER).filter(target_claim=claim).exists()


def test_a_report_that_changes_the_state_cannot_be_for_staff_alone() -> None:
    make.make_convoy()

    with pytest.raises(InvalidInput) as refused:
        make.tell("C-1", "departed", "2026-03-02", audience=Audience.STAFF)

    assert "audience" in refused.value.fields


def test_a_registration_taken_back_leaves_nothing_for_partners() -> None:
    make.make_convoy(visible_to="all_partners")
    for sequence in Event.objects.order_by("-sequence").values_list("pk", flat=True):
        make.apply(Retract(sequence, "a slip"), author=make.coordinator())

    assert Convoy.objects.get().status == ""
    assert not visible_convoys(OTHER).exists()
    assert not visible_convoys(SPONSOR).exists()


def test_an_answer_goes_with_the_account_that_a_correction_narrows() -> None:
    make.make_convoy(visible_to="all_partners")
    event = make.tell("C-1", "inspected", "2026-03-02", place="junction", audience=Audience.PARTNERS)
    claim = Claim.objects.get(target_event=event)
    make.apply(ClaimStep(Target(chain=claim.pk), make.account(stance="denies", audience=Audience.PARTNERS)))
    assert visible_claims(SPONSOR).filter(target_claim=claim).exists()

    narrower = make.account(audience=Audience.STAFF)
    make.apply(Correct(claim.pk, narrower, "for the desk alone"), author=make.coordinator())

    assert visible_claims(STAFF).filter(target_claim=claim).exists()
    assert not visible_claims(SPONSOR).filter(target_claim=claim).exists()


def test_a_source_made_confidential_is_withheld_in_the_earlier_entries_too() -> None:
    make.make_convoy()
    event = make.tell("C-1", "inspected", "2026-03-02", place="junction")
    first = Claim.objects.get(target_event=event)
    assert not withholds_source(SPONSOR, visible_claims(SPONSOR).get(pk=first.pk))

    make.apply(Correct(first.pk, make.account(is_confidential=True), "asked us"), author=make.coordinator())

    entries = visible_claims(SPONSOR).filter(chain=first.pk)
    assert [withholds_source(SPONSOR, entry) for entry in entries] == [True, True]
    assert not any(withholds_source(STAFF, entry) for entry in visible_claims(STAFF).filter(chain=first.pk))
    # One that was not narrowed in the query is not trusted.
    assert withholds_source(SPONSOR, first)
    for entry in entries:
        proof, whole = entry_told(SPONSOR, entry.pk), entry_told(STAFF, entry.pk)
        assert proof is not None
        assert whole is not None
        assert (proof.groups["words"].salt, proof.groups["words"].fields) == (None, None)
        assert whole.groups["words"].fields


def test_a_source_that_lets_itself_be_named_is_named_from_then_on() -> None:
    make.make_convoy()
    hidden = [make.account(is_confidential=True)]
    first = Claim.objects.get(
        target_event=make.tell("C-1", "inspected", "2026-03-02", place="junction", claims=hidden)
    )
    make.apply(Correct(first.pk, make.account(), "may be named now"), author=make.coordinator())

    entries = visible_claims(SPONSOR).filter(chain=first.pk).order_by("sequence")
    assert [withholds_source(SPONSOR, entry) for entry in entries] == [True, False]

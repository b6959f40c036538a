"""Change sets: whole or nothing, once, by whoever may, on what they saw; and how a slip is undone."""

from __future__ import annotations

import uuid
from decimal import Decimal

import pytest
from django.utils import timezone

from convoys.errors import AlreadySent, Conflict, IllegalHistory, InvalidInput, NotPermitted, UnknownReference
from convoys.models import ChangeSet as ChangeSetRow
from convoys.models import Claim as ClaimRow
from convoys.models import Convoy, ConvoyOrganisation, Event, LedgerHead, Words
from convoys.services.changes import Claim, Record, Retract, Target, control_point, convoy
from tests import factories as make

pytestmark = pytest.mark.django_db


def state() -> tuple[object, ...]:
    """Everything that a refused change set must leave alone."""
    head = LedgerHead.objects.get()
    convoys = list(Convoy.objects.order_by("pk").values())
    return (
        head.size,
        bytes(head.root),
        convoys,
        Event.objects.count(),
        ClaimRow.objects.count(),
        Words.objects.count(),
    )


# Whole or nothing.


def test_where_one_step_cannot_stand_none_is_written() -> None:
    ref = make.make_convoy()
    before = state()
    with pytest.raises(IllegalHistory):
        make.apply(make.record(ref, "departed", "2026-03-02"), make.record(ref, "resumed", "2026-03-03"))
    with pytest.raises(UnknownReference):
        make.apply(make.record(ref, "departed", "2026-03-02"), make.record("C-9", "seen", "2026-03-03"))
    assert state() == before
    assert ChangeSetRow.objects.count() == 1


def test_a_registration_that_fails_leaves_no_convoy() -> None:
    make.road()
    make.organisation()
    with pytest.raises(InvalidInput):
        make.make_convoy("C-1", declares={"trucks": -1})
    assert not Convoy.objects.exists()


def test_one_change_set_may_be_about_several_subjects() -> None:
    first, second = make.make_convoy("C-1"), make.make_convoy("C-2")
    written = make.apply(
        make.record(first, "departed", "2026-03-02"),
        make.record(second, "departed", "2026-03-02"),
        make.record(control_point("bridge"), "access_changed", "2026-03-02", access="restricted"),
    )
    assert [len(sequences) for sequences in written.sequences] == [2, 2, 2]
    assert set(Convoy.objects.values_list("status", flat=True)) == {"dispatched"}


@pytest.mark.parametrize("count", [0, 501])
def test_a_change_set_has_some_steps_and_not_too_many(count: int) -> None:
    ref = make.make_convoy()
    with pytest.raises(InvalidInput):
        make.apply(*[make.record(ref, "seen", "2026-03-02")] * count)


# Once.


def test_a_repeat_gives_the_first_result_and_writes_nothing() -> None:
    ref = make.make_convoy()
    same = uuid.uuid4()
    first = make.apply(make.record(ref, "departed", "2026-03-02"), uuid=same)
    before = state()
    again = make.apply(make.record(ref, "departed", "2026-03-02"), uuid=same)
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert again.sequences == first.sequences
    assert state() == before


def test_a_repeat_is_answered_even_when_much_has_happened_since() -> None:
    ref, officer = make.make_convoy(), make.officer()
    newest = Convoy.objects.get(reference="C-1").newest_entry
    same = uuid.uuid4()
    step = make.record(ref, "departed", "2026-03-02")
    first = make.apply(step, uuid=same, author=officer, seen={ref: newest})
    make.tell(ref, "delivered", "2026-03-04", place="valley")
    assert make.apply(step, uuid=same, author=officer, seen={ref: newest}).sequences == first.sequences


@pytest.mark.parametrize("other", ["contents", "author", "backfilled"])
def test_the_same_identity_with_other_contents_is_refused(other: str) -> None:
    ref = make.make_convoy()
    same, coordinator = uuid.uuid4(), make.coordinator()
    make.apply(make.record(ref, "departed", "2026-03-02"), uuid=same, author=coordinator)
    before = state()
    with pytest.raises(AlreadySent):
        make.apply(
            make.record(ref, "departed", "2026-03-03" if other == "contents" else "2026-03-02"),
            uuid=same,
            author=make.officer() if other == "author" else coordinator,
            backfilled=other == "backfilled",
        )
    assert state() == before


# On what they saw.


def test_who_did_not_see_the_newest_event_is_told_so() -> None:
    ref = make.make_convoy()
    seen = Convoy.objects.get(reference="C-1").newest_entry
    make.tell(ref, "departed", "2026-03-02")
    before = state()
    with pytest.raises(Conflict, match="C-1 has a newer entry"):
        make.apply(make.record(ref, "seen", "2026-03-03"), seen={ref: seen})
    assert state() == before


def test_claims_do_not_count_as_newer_and_retractions_do() -> None:
    ref = make.make_convoy()
    event = make.tell(ref, "departed", "2026-03-02")
    seen = Convoy.objects.get(reference="C-1").newest_entry
    make.apply(Claim(Target(chain=event), make.account(statement="Seen by another.")))
    make.apply(make.record(ref, "seen", "2026-03-03"), seen={ref: seen})
    seen = Convoy.objects.get(reference="C-1").newest_entry
    make.apply(Retract(event, "a slip"))
    with pytest.raises(Conflict):
        make.apply(make.record(ref, "seen", "2026-03-04"), seen={ref: seen})


def test_a_control_point_with_no_entry_yet_can_be_seen_as_such() -> None:
    make.road()
    bridge = control_point("bridge")
    step = make.record(bridge, "access_changed", "2026-03-02", access="closed")
    make.apply(step, seen={bridge: None})
    with pytest.raises(Conflict):
        make.apply(make.record(bridge, "access_changed", "2026-03-03", access="open"), seen={bridge: None})


# By whoever may.


@pytest.mark.parametrize("who", ["viewer", "partner", "stranger"])
def test_others_than_officers_record_nothing(who: str) -> None:
    ref = make.make_convoy()
    before = state()
    with pytest.raises(NotPermitted):
        make.apply(make.record(ref, "departed", "2026-03-02"), author=getattr(make, who)())
    assert state() == before


def test_an_officer_records_and_only_a_coordinator_loads_history_or_shares() -> None:
    ref = make.make_convoy()
    make.apply(make.record(ref, "departed", "2026-03-02"), author=make.officer())
    share = Record(ref, "visibility_changed", make.at("2026-03-02"), visible_to="all_partners")
    for step, backfilled in ((make.record(ref, "seen", "2026-03-03"), True), (share, False)):
        with pytest.raises(NotPermitted):
            make.apply(step, author=make.officer(), backfilled=backfilled)
        make.apply(step, author=make.coordinator(), backfilled=backfilled)
    assert Convoy.objects.get(reference="C-1").shared_with_all_partners


def test_a_report_needs_somebody_who_says_so() -> None:
    ref = make.make_convoy()
    with pytest.raises(InvalidInput) as refused:
        make.tell(ref, "departed", "2026-03-02", claims=[])
    assert "speaker" in refused.value.fields
    make.tell(ref, "note", "2026-03-02", claims=[], text="The desk's own.")


# How a slip is undone.


def test_a_retraction_takes_an_event_back_and_keeps_it_readable() -> None:
    make.make_held_convoy()
    opening = Event.objects.get(kind="held")
    make.apply(Retract(opening.sequence, "The wrong convoy was chosen."))
    row = Convoy.objects.get(reference="C-1")
    assert (row.status, row.held_since, row.hold_chain) == ("dispatched", None, None)
    entries = list(Event.objects.filter(chain=opening.sequence).order_by("sequence"))
    assert [entry.act for entry in entries] == ["record", "retract"]
    assert entries[1].supersedes == opening.sequence
    assert Words.objects.get(sequence=entries[1].sequence).fields == {
        "reason": "The wrong convoy was chosen."
    }
    assert row.newest_entry == entries[1].sequence


def test_an_event_that_others_rest_on_is_not_taken_back_alone() -> None:
    ref = make.make_held_convoy()
    opening = Event.objects.get(kind="held").sequence
    released = make.tell(ref, "released", "2026-03-03T10:00")
    before = state()
    with pytest.raises(IllegalHistory, match="released"):
        make.apply(Retract(opening, "a slip"))
    assert state() == before
    make.apply(Retract(released, "a slip"), Retract(opening, "a slip"))
    assert Convoy.objects.get(reference="C-1").status == "dispatched"


def test_an_entry_is_taken_back_once_with_a_reason_and_by_its_newest() -> None:
    ref = make.make_convoy()
    sequence = make.tell(ref, "departed", "2026-03-02")
    with pytest.raises(InvalidInput):
        make.apply(Retract(sequence, "  "))
    make.apply(Retract(sequence, "a slip"))
    with pytest.raises(Conflict):
        make.apply(Retract(sequence, "again"))
    with pytest.raises(InvalidInput):
        make.apply(Retract(Event.objects.latest("sequence").sequence, "undo the undo"))


def test_taking_back_ones_own_needs_an_officer_and_anothers_a_coordinator() -> None:
    ref = make.make_convoy()
    mine, hers = make.officer(), make.officer("second_officer")
    first = make.apply(make.record(ref, "departed", "2026-03-02"), author=mine).sequences[0][0]
    with pytest.raises(NotPermitted):
        make.apply(Retract(first, "a slip"), author=hers)
    make.apply(Retract(first, "a slip"), author=mine)
    second = make.apply(make.record(ref, "departed", "2026-03-02"), author=mine).sequences[0][0]
    make.apply(Retract(second, "a slip"), author=make.coordinator())


def test_the_registration_stays_while_anything_rests_on_it() -> None:
    ref = make.make_convoy()
    make.tell(ref, "departed", "2026-03-02")
    with pytest.raises(IllegalHistory):
        make.apply(Retract(Event.objects.get(kind="registered").sequence, "a slip"))


def test_a_claim_is_taken_back_without_moving_the_convoy() -> None:
    make.make_held_convoy()
    claim = ClaimRow.objects.get(target_event__kind="held")
    newest = Convoy.objects.get(reference="C-1").newest_entry
    make.apply(Retract(claim.sequence, "Heard from the same person twice."))
    taken_back = ClaimRow.objects.latest("sequence")
    assert (taken_back.act, taken_back.chain) == ("retract", claim.sequence)
    assert taken_back.target_event_id == claim.target_event_id
    assert Convoy.objects.get(reference="C-1").newest_entry == newest


# Claims and the declaration.


def test_a_claim_names_exactly_what_it_is_about() -> None:
    ref = make.make_held_convoy()
    opening = Event.objects.get(kind="held").sequence
    first = make.apply(Claim(Target(chain=opening), make.account())).sequences[0][0]
    answer = make.apply(Claim(Target(chain=first), make.account(stance="denies"))).sequences[0][0]
    figure = make.apply(
        Claim(
            Target(subject=ref, item="tonnes"),
            make.account(alleged_tonnes_low="38", alleged_tonnes_high="38"),
        )
    ).sequences[0][0]
    bridge = make.apply(Claim(Target(subject=control_point("bridge")), make.account())).sequences[0][0]
    targets = {row.sequence: row for row in ClaimRow.objects.all()}
    assert targets[first].target_event_id == opening
    assert targets[answer].target_claim_id == first
    assert (targets[figure].target_item, targets[figure].alleged_tonnes_low) == ("tonnes", 38)
    assert targets[bridge].target_control_point_id == "bridge"
    for target in (
        Target(),
        Target(chain=9999),
        Target(subject=ref, item="colour"),
        Target(subject=convoy("C-9"), item="tonnes"),
    ):
        with pytest.raises(InvalidInput):
            make.apply(Claim(target, make.account()))


def test_an_amendment_replaces_an_item_whole_and_null_makes_it_unknown() -> None:
    ref = make.make_convoy(declares={"cargo": [{"category": "food"}, {"category": "health"}]})
    amend = {
        "cargo": [{"category": "fuel", "quantity": "2", "unit": "truck"}],
        "tonnes": {"low": "20"},
        "trucks": None,
    }
    make.tell(ref, "amended", "2026-03-02", declares=amend, claims=[])
    row = Convoy.objects.get(reference="C-1")
    assert list(row.cargo_lines.values_list("category", "quantity", "unit")) == [
        ("fuel", Decimal(2), "truck")
    ]
    assert (row.tonnes_low, row.tonnes_high, row.trucks) == (20, None, None)
    assert row.origin_id == "harbour"


def test_an_amendment_that_changes_a_party_says_who_sees_the_convoy_now() -> None:
    make.organisation("second_sponsor")
    ref = make.make_convoy()
    make.tell(ref, "amended", "2026-03-02", declares={"sponsors": ["second_sponsor"]}, claims=[])
    assert Event.objects.filter(kind="visibility_changed").count() == 1
    assert list(ConvoyOrganisation.objects.values_list("organisation", "part")) == [
        ("second_sponsor", "sponsor")
    ]
    make.tell(ref, "amended", "2026-03-03", declares={"trucks": 9}, claims=[])
    assert Event.objects.filter(kind="visibility_changed").count() == 1


def test_an_amendment_of_a_party_keeps_those_with_whom_the_convoy_is_shared_by_name() -> None:
    for code in ("second_sponsor", "neighbour"):
        make.organisation(code)
    ref = make.make_convoy(visible_to=["neighbour"])
    make.tell(ref, "amended", "2026-03-02", declares={"sponsors": ["second_sponsor"]}, claims=[])
    assert set(ConvoyOrganisation.objects.values_list("organisation", "part")) == {
        ("second_sponsor", "sponsor"),
        ("neighbour", "shared"),
    }


def test_a_number_of_an_issuer_belongs_to_one_convoy() -> None:
    waybill = {"references": [{"issuer": "Haulage", "number": "W-7"}]}
    make.make_convoy("C-1", declares=waybill)
    with pytest.raises(InvalidInput, match="C-1"):
        make.make_convoy("C-2", declares=waybill)


def test_a_reference_is_registered_once() -> None:
    make.make_convoy()
    with pytest.raises(InvalidInput, match="on record already"):
        make.make_convoy()


# When things count as known.


def test_what_is_entered_as_it_comes_is_known_from_our_own_clock() -> None:
    ref = make.make_convoy()
    day = make.utc(2026, 3, 2).date()
    sequence = make.tell(ref, "departed", "2026-03-02", claims=[make.account(reported_on=day)])
    event = Event.objects.get(sequence=sequence)
    assert event.known_from == event.recorded_at


def test_history_is_known_from_the_first_document_that_reports_or_confirms_it() -> None:
    ref = make.make_convoy()
    days = {
        stance: make.utc(2026, 3, number).date()
        for stance, number in (("denies", 3), ("confirms", 5), ("reports", 6))
    }
    claims = [make.account(stance=stance, reported_on=day) for stance, day in days.items()]
    written = make.apply(make.record(ref, "departed", "2026-03-02", claims=claims), backfilled=True)
    event = Event.objects.get(sequence=written.sequences[0][0])
    assert event.known_from == make.utc(2026, 3, 6) - make.utc(2026, 3, 2).resolution
    undated = make.apply(make.record(ref, "seen", "2026-03-03"), backfilled=True).sequences[0][0]
    assert Event.objects.get(sequence=undated).known_from == Event.objects.get(sequence=undated).recorded_at


def test_nothing_counts_as_known_later_than_it_was_recorded() -> None:
    """A document of today is known from the end of today, which has not come: from our clock then."""
    ref = make.make_convoy()
    claims = [make.account(reported_on=timezone.now().date())]
    written = make.apply(make.record(ref, "departed", "2026-03-02", claims=claims), backfilled=True)
    event = Event.objects.get(sequence=written.sequences[0][0])
    assert event.known_from <= event.recorded_at

"""Who came to see a convoy and who ceased to is written at the entry that made it so."""

from __future__ import annotations

from typing import Any

import pytest

from convoys.models import Convoy, Event, VisibilityChange
from convoys.queries.standings import changes_in
from convoys.services.changes import Correct, Record, Retract, SubjectRef
from tests import factories as make

pytestmark = pytest.mark.django_db

AID, OTHER, THIRD = "aid_society", "other_society", "third_society"
Row = tuple[str | None, str, str]


@pytest.fixture
def ref() -> SubjectRef:
    """A convoy that one organisation sponsors, in a country of three."""
    for code in (OTHER, THIRD):
        make.organisation(code)
    return make.make_convoy("C-1")


def written() -> dict[int, list[Row]]:
    """By entry: of whom, what it was and what it became."""
    found: dict[int, list[Row]] = {}
    for row in VisibilityChange.objects.order_by("sequence", "organisation"):
        found.setdefault(row.sequence, []).append((row.organisation_id, row.before, row.after))
    return {sequence: sorted(rows, key=str) for sequence, rows in found.items()}


def share(ref: SubjectRef, visible_to: Any) -> int:
    return make.apply(Record(ref, "visibility_changed", visible_to=visible_to)).sequences[0][0]


def amend(ref: SubjectRef, **declares: Any) -> int:
    """The entry that the write path adds to say who sees it now."""
    make.apply(Record(ref, "amended", make.at("2026-03-02"), declares=declares))
    return Event.objects.latest("sequence").sequence


def test_a_registration_lets_its_parties_see(ref: SubjectRef) -> None:
    assert written() == {1: [(AID, "stranger", "party")]}


def test_naming_somebody_and_dropping_them_again(ref: SubjectRef) -> None:
    named, dropped = share(ref, [OTHER]), share(ref, [])
    assert written()[named] == [(OTHER, "stranger", "partner")]
    assert written()[dropped] == [(OTHER, "partner", "stranger")]


def test_sharing_with_all_says_who_is_not_among_the_others(ref: SubjectRef) -> None:
    share(ref, [OTHER])
    with_all = share(ref, "all_partners")
    assert written()[with_all] == [
        (AID, "party", "party"), (OTHER, "partner", "partner"), (None, "stranger", "partner"),
    ]  # fmt: skip


def test_another_sponsor_by_amendment_and_its_correction(ref: SubjectRef) -> None:
    changed = amend(ref, sponsors=[OTHER])
    assert written()[changed] == [(AID, "party", "stranger"), (OTHER, "stranger", "party")]
    amended = Event.objects.get(kind="amended")
    contents = Record(ref, "amended", make.at("2026-03-02"), declares={"sponsors": [THIRD]})
    make.apply(Correct(amended.sequence, contents, "misread"))
    corrected = Event.objects.latest("sequence").sequence
    assert written()[corrected] == [(OTHER, "party", "stranger"), (THIRD, "stranger", "party")]


def test_one_who_is_a_party_and_named_stays_a_partner_when_dropped_as_a_party(ref: SubjectRef) -> None:
    share(ref, [AID])
    changed = amend(ref, sponsors=[OTHER])
    assert (AID, "party", "partner") in written()[changed]


def test_what_changes_nobody_s_sight_writes_nothing(ref: SubjectRef) -> None:
    before = written()
    make.tell(ref, "departed", "2026-03-02")
    amend(ref, trucks=3)
    share(ref, [])
    share(ref, [AID])
    assert written() == before


def test_a_registration_taken_back_leaves_everybody_a_stranger(ref: SubjectRef) -> None:
    make.apply(Retract(1, "never planned"))
    assert written()[2] == [(AID, "party", "stranger")]


def test_the_whole_record_gives_the_same_rows(ref: SubjectRef) -> None:
    share(ref, [OTHER])
    amend(ref, sponsors=[OTHER], carrier=THIRD)
    share(ref, "all_partners")
    make.make_convoy("C-2", visible_to=[THIRD])
    make.tell("C-2", "cancelled", "2026-03-03", decided_by="own_side")
    columns = ("sequence", "convoy_id", "organisation_id", "before", "after")
    rebuilt = [
        tuple(getattr(row, column) for column in columns)
        for one in Convoy.objects.all()
        for row in changes_in(one.pk, one.events.all())
    ]
    stored = VisibilityChange.objects.values_list(*columns)
    assert sorted(rebuilt, key=str) == sorted(stored, key=str)

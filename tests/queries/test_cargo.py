"""Who may read what of a cargo's account, and of the links between convoys."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from convoys.models import Convoy, Event
from convoys.queries.api_ledger import entry_told
from convoys.queries.as_of import Moment
from convoys.queries.cargo import account_fields, cargo_told, links_told
from convoys.queries.told import told_of
from convoys.queries.visibility import Viewer, visible_claims
from convoys.services.changes import Claim, Correct, Retract, SubjectRef, Target
from convoys.vocabulary import Audience
from tests import factories as make

pytestmark = pytest.mark.django_db

STAFF = Viewer(is_staff=True)
SPONSOR = Viewer(is_staff=False, organisation="aid_society")
OTHER = Viewer(is_staff=False, organisation="another")


def row(ref: SubjectRef) -> Convoy:
    return Convoy.objects.get(reference=ref.code)


def exact(figure: int) -> dict[str, Decimal]:
    return {"tonnes_low": Decimal(figure), "tonnes_high": Decimal(figure)}


def same(figure: str) -> dict[str, str]:
    return {"low": figure, "high": figure}


def link(ref: SubjectRef, what: str, other: SubjectRef, **more: Any) -> int:
    said = make.account(alleged_link=what, alleged_convoy=other.code, **more)
    return make.apply(Claim(Target(subject=ref, item="links"), said)).sequences[0][0]


def links(ref: SubjectRef, viewer: Viewer, moment: Moment | None = None) -> set[tuple[str, str, str]]:
    return {
        (told.one.reference, told.link, told.other.reference) for told in links_told(row(ref), viewer, moment)
    }


def test_an_account_as_plain_values() -> None:
    ref = make.make_convoy()
    make.tell(ref, "part_lost", "2026-03-02T08:00", loss_mode="crowd", **exact(3))
    make.tell(ref, "split_off", "2026-03-02T09:00", other_convoy=make.make_convoy("C-2").code)
    assert account_fields(cargo_told(row(ref), STAFF)) == {
        "declared": same("40.000"),
        "parts": {"lost": same("3.000"), "split_off": {"low": None, "high": None}},
        "lost_by_mode": {"crowd": same("3.000")},
        "without_figure": ["split_off"],
        "accounted": {"low": "3.000", "high": None},
        "open": {"low": "0.000", "high": "37.000"},
        "closed_by": None,
        "takes_rest": False,
        "shortfall": None,
        "shortfall_reason": None,
        "excess": None,
        "is_partial": False,
    }


def test_an_account_is_of_a_day() -> None:
    ref = make.make_convoy()
    make.tell(ref, "departed", "2026-03-01T08:00")
    make.tell(ref, "part_lost", "2026-03-02T08:00", loss_mode="crowd", **exact(3))
    make.tell(ref, "delivered", "2026-03-03T08:00")
    then = cargo_told(row(ref), STAFF, Moment.parse("2026-03-02T12:00Z")).account
    assert (list(then.parts), then.closed_by) == (["lost"], "")
    before = cargo_told(row(ref), STAFF, Moment(known_at=make.utc(2026, 1, 1))).account
    assert (before.declared, dict(before.parts)) == (None, {})


def test_a_report_for_staff_is_not_given_away_by_a_partners_sum() -> None:
    ref = make.make_convoy()
    make.tell(ref, "part_lost", "2026-03-02T08:00", loss_mode="armed", audience=Audience.STAFF, **exact(3))
    told = cargo_told(row(ref), SPONSOR)
    assert (dict(told.account.parts), told.is_partial) == ({}, True)
    assert cargo_told(row(ref), STAFF).account.parts["lost"].low == 3


def test_links_stand_on_both_convoys_and_end_with_a_retraction() -> None:
    one, other, third = (make.make_convoy(reference) for reference in ("C-1", "C-2", "C-3"))
    make.tell(one, "split_off", "2026-03-02T08:00", other_convoy="C-2")
    said = link(other, "split_from", one)
    assert (
        links(one, STAFF)
        == links(other, STAFF)
        == {("C-1", "split_off", "C-2"), ("C-2", "split_from", "C-1")}
    )
    better = make.account(alleged_link="split_from", alleged_convoy="C-3")
    ((corrected,),) = make.apply(Correct(said, better, "another one")).sequences
    assert links(one, STAFF) == {("C-1", "split_off", "C-2")}
    assert links(third, STAFF) == {("C-2", "split_from", "C-3")}
    make.apply(Retract(corrected, "not said"))
    assert links(third, STAFF) == set()
    before = Moment(as_of=make.utc(2026, 3, 1, 12))
    assert links(one, STAFF, before) == set()


def test_a_link_is_not_told_before_the_other_convoy_was_on_record() -> None:
    ref = make.make_convoy("C-1", when="2026-03-01T06:00")
    other = make.make_convoy("C-2", when="2026-03-05T06:00")
    link(ref, "same_trucks_as", other)
    assert links(ref, STAFF, Moment(as_of=make.utc(2026, 3, 3))) == set()
    assert links(ref, STAFF, Moment(as_of=make.utc(2026, 3, 6))) == {("C-1", "same_trucks_as", "C-2")}


def test_a_partner_learns_nothing_of_a_convoy_that_is_not_theirs() -> None:
    make.organisation("another")
    mine = make.make_convoy("C-1")
    theirs = make.make_convoy("C-2", declares={"sponsors": ["another"]})
    split = make.tell(mine, "split_off", "2026-03-02T08:00", other_convoy="C-2", **exact(5))
    said = link(mine, "duplicate_of", theirs)
    make.apply(Claim(Target(chain=said), make.account(speaker="Another", stance="denies")))
    answered = {"target_claim": said}

    assert links(mine, STAFF) == {("C-1", "split_off", "C-2"), ("C-1", "duplicate_of", "C-2")}
    assert links(mine, SPONSOR) == links(theirs, OTHER) == set()
    assert not visible_claims(SPONSOR).filter(sequence=said).exists()
    assert not visible_claims(SPONSOR).filter(**answered).exists()
    assert visible_claims(STAFF).filter(**answered).exists()

    for viewer, reference in ((STAFF, "C-2"), (SPONSOR, None)):
        entries, _accounts = told_of(viewer, row(mine), Moment())
        (told,) = [entry for entry in entries if entry.event.kind == "split_off"]
        assert (told.goes_on_as.reference if told.goes_on_as else None) == reference
        entry = entry_told(viewer, split)
        assert entry is not None
        assert ("detail" in entry.withheld) is (reference is None)
        assert ((entry.groups["detail"].fields or {}).get("other_convoy")) == reference
    assert cargo_told(row(mine), SPONSOR).account.parts["split_off"].low == 5
    assert Event.objects.get(sequence=split).other_convoy_id == row(theirs).pk

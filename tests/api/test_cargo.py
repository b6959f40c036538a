"""What became of a convoy's cargo, and which convoys it is tied to, as a program reads it."""

from __future__ import annotations

from typing import Any

import pytest

from convoys.services.changes import Claim, Target
from convoys.vocabulary import Audience
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

FIVE: dict[str, Any] = {"tonnes_low": 5, "tonnes_high": 5}


def exact(figure: str) -> dict[str, str]:
    return {"low": figure, "high": figure}


def kept(program: Program, kind: str) -> dict[str, Any]:
    (event,) = [row for row in program.get("convoys/C-1")["events"] if row["kind"] == kind]
    return dict(event)


def test_an_account_that_falls_short_says_by_how_much_and_why() -> None:
    ref = make.make_held_convoy("C-1")
    make.tell(ref, "part_lost", "2026-03-03T08:00", loss_mode="crowd", **FIVE)
    program = Program(make.partner())
    under_way = program.get("convoys/C-1")["cargo_account"]
    assert (under_way["open"], under_way["closed_by"]) == (exact("35.000"), None)
    damaged: dict[str, Any] = {"damaged_tonnes_low": 2, "damaged_tonnes_high": 3}
    make.tell(
        ref, "delivered", "2026-03-04T08:00", place="valley", shortfall_reason="weighing", **FIVE, **damaged
    )
    account = program.get("convoys/C-1")["cargo_account"]
    assert account["parts"] == {
        "delivered": exact("5.000"), "damaged": {"low": "2.000", "high": "3.000"}, "lost": exact("5.000"),
    }  # fmt: skip
    assert account["lost_by_mode"] == {"crowd": exact("5.000")}
    assert (account["shortfall"], account["shortfall_reason"]) == (
        {"low": "27.000", "high": "28.000"},
        "weighing",
    )
    assert (account["closed_by"], account["takes_rest"], account["is_partial"]) == ("delivered", False, False)
    event = kept(program, "delivered")
    assert (event["damaged_tonnes_low"], event["shortfall_reason"]) == ("2.000", "weighing")
    earlier = program.get("convoys/C-1?as_of=2026-03-03T12:00Z")["cargo_account"]
    assert (earlier["closed_by"], list(earlier["parts"])) == (None, ["lost"])


def test_a_partners_sum_leaves_out_what_is_for_staff_and_says_so() -> None:
    ref = make.make_held_convoy("C-1")
    make.tell(ref, "part_lost", "2026-03-03T08:00", loss_mode="armed", audience=Audience.STAFF, **FIVE)
    partner = Program(make.partner()).get("convoys/C-1")["cargo_account"]
    assert (partner["parts"], partner["is_partial"]) == ({}, True)
    staff = Program(make.officer()).get("convoys/C-1")["cargo_account"]
    assert (staff["parts"], staff["is_partial"]) == ({"lost": exact("5.000")}, False)


def test_another_convoy_is_named_to_those_who_may_know_of_it() -> None:
    ref = make.make_held_convoy("C-1")
    make.organisation("others")
    make.make_convoy("C-2", declares={"sponsors": ["others"]})
    make.tell(ref, "split_off", "2026-03-03T08:00", other_convoy="C-2", **FIVE)
    make.tell(ref, "handed_over", "2026-03-03T09:00", next_carrier="others")
    said = make.account(alleged_link="duplicate_of", alleged_convoy="C-2")
    make.apply(Claim(Target(subject=ref, item="links"), said))
    staff, partner = Program(make.officer()), Program(make.partner())
    assert kept(staff, "split_off")["other_convoy"] == "C-2"
    assert kept(partner, "split_off")["other_convoy"] is None
    assert kept(partner, "handed_over")["next_carrier"]["code"] == "others"
    (claim,) = staff.get("convoys/C-1")["claims"]
    assert (claim["target"]["item"], claim["alleged"]["link"], claim["alleged"]["convoy"]) == (
        "links",
        "duplicate_of",
        "C-2",
    )
    assert partner.get("convoys/C-1")["claims"] == []
    assert "C-2" not in str(partner.get("convoys/C-1"))
    assert "C-2" not in str(partner.get("events"))

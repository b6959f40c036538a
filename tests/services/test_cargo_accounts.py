"""What became of the cargo: parts on the way, and a sum that must come out when the journey ends."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from convoys.canonical import groups_of
from convoys.cargo import Amount, CargoAccount, cargo_account
from convoys.errors import InvalidInput, UnknownReference
from convoys.models import Claim as ClaimRow
from convoys.models import Convoy, EntryType, Event, LedgerHead
from convoys.queries.history import history_of
from convoys.queries.ledger_rows import read_rows
from convoys.queries.verification import verify
from convoys.services.changes import Claim, Correct, Record, Retract, SubjectRef, Target, convoy
from tests import factories as make

pytestmark = pytest.mark.django_db


def on_the_road(reference: str = "C-1", **declares: Any) -> SubjectRef:
    """A convoy of 40 t that left the harbour on 1 March."""
    ref = make.make_convoy(reference, declares=declares)
    make.tell(ref, "departed", "2026-03-01T08:00", place="harbour")
    return ref


def tonnes(low: int | str, high: int | str | None = "", part: str = "") -> dict[str, Any]:
    """One figure is exact, two a range, a high of None "at least"."""
    top = low if high == "" else high
    return {
        f"{part}tonnes_low": Decimal(low),
        f"{part}tonnes_high": None if top is None else Decimal(top),
    }


def account(ref: SubjectRef) -> CargoAccount:
    return cargo_account(history_of(Convoy.objects.get(reference=ref.code)))


def exactly(figure: int) -> Amount:
    return Amount(Decimal(figure), Decimal(figure))


def hashed(row: Event | ClaimRow) -> dict[str, dict[str, Any]]:
    """What the ledger hashes of an entry."""
    kind = EntryType.EVENT if isinstance(row, Event) else EntryType.CLAIM
    return groups_of(kind, read_rows(row.sequence, row.sequence).of_type[kind][row.sequence], {})


def refused(*steps: Any) -> str:
    """The sentence with which a change set is refused, once it is sure that nothing was written."""
    size, events = LedgerHead.objects.get().size, Event.objects.count()
    with pytest.raises(InvalidInput) as error:
        make.apply(*steps)
    assert (LedgerHead.objects.get().size, Event.objects.count()) == (size, events)
    return error.value.message


def test_parts_on_the_way_and_the_rest_delivered_add_up() -> None:
    ref = on_the_road()
    make.tell(ref, "part_delivered", "2026-03-02T08:00", place="junction", **tonnes(10))
    make.tell(ref, "part_lost", "2026-03-02T09:00", loss_mode="crowd", **tonnes(3))
    make.tell(ref, "part_lost", "2026-03-02T10:00", loss_mode="confiscation", **tonnes(2))
    make.tell(ref, "part_returned", "2026-03-02T11:00", **tonnes(5))
    assert account(ref).open == exactly(20)
    assert account(ref).shortfall is None
    make.tell(
        ref, "delivered", "2026-03-03T08:00", place="valley", **tonnes(19), **tonnes(1, part="damaged_")
    )
    told = account(ref)
    assert dict(told.parts) == {
        "delivered": exactly(29), "damaged": exactly(1), "lost": exactly(5), "returned": exactly(5),
    }  # fmt: skip
    assert dict(told.lost_by_mode) == {"crowd": exactly(3), "confiscation": exactly(2)}
    assert (told.accounted, told.shortfall, told.excess) == (exactly(40), None, None)
    assert verify().flaw is None


def test_a_closing_without_a_figure_takes_all_the_rest() -> None:
    ref = on_the_road()
    make.tell(ref, "part_lost", "2026-03-02T09:00", loss_mode="armed", **tonnes(3, 4))
    make.tell(ref, "delivered", "2026-03-03T08:00", place="valley")
    told = account(ref)
    assert told.takes_rest
    assert told.parts["delivered"] == Amount(Decimal(36), Decimal(37))
    assert told.shortfall is None


@pytest.mark.parametrize(
    ("kind", "more"), [("delivered", {}), ("returned", {}), ("lost", {"loss_mode": "armed"})]
)
def test_a_closing_that_falls_short_is_refused_until_it_says_why(kind: str, more: dict[str, str]) -> None:
    ref = on_the_road()
    make.tell(ref, "part_lost", "2026-03-02T09:00", loss_mode="theft", **tonnes(3))
    closing = make.record(ref, kind, "2026-03-03T08:00", place="elsewhere", **tonnes(35), **more)
    said = refused(closing)
    total = {
        "delivered": "35 t delivered, 3 t lost make 38 t",
        "returned": "3 t lost, 35 t returned make 38 t",
        "lost": "38 t lost",
    }
    assert f"C-1: {total[kind]}, of 40 t declared: 2 t short. Say why" in said
    make.tell(
        ref, kind, "2026-03-03T08:00", place="elsewhere", shortfall_reason="weighing", **tonnes(35), **more
    )
    assert account(ref).shortfall == exactly(2)
    assert account(ref).shortfall_reason == "weighing"


def test_more_than_was_declared_is_refused_whatever_reason_is_given() -> None:
    ref = on_the_road()
    make.tell(ref, "part_delivered", "2026-03-02T08:00", **tonnes(10))
    closing = make.record(ref, "delivered", "2026-03-03T08:00", shortfall_reason="weighing", **tonnes(40))
    said = refused(closing)
    assert "50 t delivered, of 40 t declared" in said
    assert "10 t too much" in said
    amended = Record(
        ref, "amended", make.at("2026-03-03T07:00"), declares={"tonnes": {"low": 50, "high": 50}}
    )
    make.apply(amended, closing)
    assert account(ref).accounted == exactly(50)


@pytest.mark.parametrize(
    ("declared", "part", "delivered"),
    [
        ({"low": 360, "high": 400}, tonnes(10), tonnes(350)),
        ({"low": 360, "high": 400}, tonnes(10), tonnes(390)),
        ({"low": 40, "high": 40}, {}, tonnes(5)),
        ({"low": 40, "high": 40}, tonnes(3, None), tonnes(5)),
        ({"low": 20}, tonnes(10), tonnes(500)),
        (None, tonnes(10), tonnes(500)),
        ({"low": 40, "high": 40}, {}, {}),
    ],
    ids=[
        "low end",
        "high end",
        "a part unknown",
        "a part at least",
        "declared at least",
        "undeclared",
        "no figures",
    ],
)
def test_what_is_not_known_is_no_shortfall(
    declared: Any, part: dict[str, Any], delivered: dict[str, Any]
) -> None:
    ref = on_the_road(tonnes=declared)
    make.tell(ref, "part_returned", "2026-03-02T08:00", **part)
    make.tell(ref, "delivered", "2026-03-03T08:00", place="valley", **delivered)
    assert account(ref).shortfall is None
    assert account(ref).excess is None


def test_refused_by_the_recipient_counts_where_it_has_a_figure_and_is_else_a_decision() -> None:
    ref = on_the_road()
    make.tell(ref, "refused_by_recipient", "2026-03-02T08:00")
    assert dict(account(ref).parts) == {}
    make.tell(ref, "refused_by_recipient", "2026-03-02T09:00", **tonnes(4))
    make.tell(ref, "delivered", "2026-03-03T08:00", **tonnes(35), **tonnes(1, part="refused_"))
    assert account(ref).parts["refused"] == exactly(5)
    assert account(ref).accounted == exactly(40)


@pytest.mark.parametrize(
    "how", ["correct the part", "retract the part", "amend", "report a part late", "correct the end"]
)
def test_a_closed_account_cannot_be_thrown_out_of_balance(how: str) -> None:
    ref = on_the_road()
    part = make.tell(ref, "part_lost", "2026-03-02T08:00", loss_mode="theft", **tonnes(10))
    end = make.tell(ref, "delivered", "2026-03-03T08:00", place="valley", **tonnes(30))

    def lost(figure: int) -> Record:
        return Record(ref, "part_lost", make.at("2026-03-02T08:00"), loss_mode="theft", **tonnes(figure))

    def ended(figure: int, reason: str = "") -> Record:
        return Record(
            ref,
            "delivered",
            make.at("2026-03-03T08:00"),
            place="valley",
            shortfall_reason=reason,
            **tonnes(figure),
        )

    step, short_or_too_much, remedy = {
        "correct the part": (
            Correct(part, lost(7), "counted anew"),
            "3 t short",
            Correct(end, ended(33), "so too"),
        ),
        "retract the part": (
            Retract(part, "a slip"),
            "10 t short",
            Correct(end, ended(30, "loaded_less"), "why"),
        ),
        "amend": (
            Record(ref, "amended", make.at("2026-03-04T08:00"), declares={"tonnes": {"low": 45, "high": 45}}),
            "5 t short",
            Correct(end, ended(35), "so too"),
        ),
        "report a part late": (
            make.record(ref, "part_lost", "2026-03-02T10:00", loss_mode="crowd", **tonnes(2)),
            "2 t too much",
            Correct(end, ended(28), "so too"),
        ),
        "correct the end": (
            Correct(end, ended(29), "counted anew"),
            "1 t short",
            Correct(part, lost(11), "so too"),
        ),
    }[how]
    assert short_or_too_much in refused(step)
    make.apply(step, remedy)
    assert (account(ref).shortfall is None) is (how != "retract the part")
    assert verify().flaw is None


def test_what_leaves_a_closed_account_as_it_was_is_never_held_up_by_it() -> None:
    ref = on_the_road()
    make.tell(ref, "delivered", "2026-03-03T08:00", shortfall_reason="unexplained", **tonnes(38))
    make.tell(ref, "seen", "2026-03-04T08:00", place="valley")
    make.apply(Record(ref, "amended", make.at("2026-03-04T09:00"), declares={"trucks": 3}))
    assert account(ref).shortfall == exactly(2)


def test_a_part_that_is_split_off_names_the_new_convoy_and_what_it_takes() -> None:
    ref = on_the_road()
    declares = {"tonnes": {"low": 12, "high": 12}, "trucks": 1, "origin": "junction"}
    make.apply(
        Record(convoy("C-1B"), "registered", make.at("2026-03-02T08:00"), declares=declares),
        make.record(
            ref,
            "split_off",
            "2026-03-02T08:00",
            place="junction",
            other_convoy="C-1B",
            trucks=1,
            **tonnes(12),
        ),
    )
    event = Event.objects.get(kind="split_off")
    assert event.other_convoy is not None
    assert event.other_convoy.reference == "C-1B"
    assert hashed(event)["detail"]["other_convoy"] == "C-1B"
    make.tell(ref, "delivered", "2026-03-03T08:00", place="valley")
    assert dict(account(ref).parts) == {"delivered": exactly(28), "split_off": exactly(12)}
    assert verify().flaw is None


def test_handing_over_names_the_next_carrier_and_leaves_the_cargo_its_own() -> None:
    ref = make.make_held_convoy()
    make.organisation("peacekeepers")
    make.tell(ref, "handed_over", "2026-03-03T08:00", place="junction", next_carrier="peacekeepers")
    event = Event.objects.get(kind="handed_over")
    assert hashed(event)["detail"]["next_carrier"] == "peacekeepers"
    assert dict(account(ref).parts) == {}
    assert account(ref).open == exactly(40)


def test_a_handover_is_seen_by_all_who_see_the_hold_that_it_ends() -> None:
    ref = make.make_held_convoy()
    with pytest.raises(InvalidInput, match="its state and its holds"):
        make.tell(ref, "handed_over", "2026-03-03T08:00", next_carrier="aid_society", audience="staff")


@pytest.mark.parametrize(
    ("kind", "more", "field"),
    [
        ("split_off", {}, "other_convoy"),
        ("split_off", {"other_convoy": "C-99"}, "other_convoy"),
        ("split_off", {"other_convoy": "C-1"}, "other_convoy"),
        ("split_off", {"other_convoy": "X-1"}, "other_convoy"),
        ("handed_over", {}, "next_carrier"),
        ("handed_over", {"next_carrier": "nobody"}, "next_carrier"),
        ("part_lost", {}, "loss_mode"),
        ("part_lost", {"loss_mode": "magic"}, "loss_mode"),
        ("part_delivered", {"damaged_tonnes_low": -1}, "damaged_tonnes_low"),
        ("part_delivered", {"refused_tonnes_high": 3}, "refused_tonnes_low"),
        ("part_delivered", {"shortfall_reason": "weighing"}, "shortfall_reason"),
        ("part_lost", {"loss_mode": "theft", "damaged_tonnes_low": 1}, "damaged_tonnes_low"),
        ("delivered", {"shortfall_reason": "shrug"}, "shortfall_reason"),
        ("seen", {"next_carrier": "aid_society"}, "next_carrier"),
    ],
)
def test_what_a_report_of_cargo_must_and_may_say(kind: str, more: dict[str, Any], field: str) -> None:
    ref = on_the_road()
    make.make_convoy("X-1", is_exercise=True)
    with pytest.raises(InvalidInput) as error:
        make.tell(ref, kind, "2026-03-02T08:00", **more)
    assert list(error.value.fields) == [field]
    assert not Event.objects.filter(kind=kind).exists()


# --- links between convoys are claims


def link(ref: SubjectRef, what: str, other: str, **more: Any) -> int:
    said = make.account(alleged_link=what, alleged_convoy=other, **more)
    return make.apply(Claim(Target(subject=ref, item="links"), said)).sequences[0][0]


def test_a_link_is_what_somebody_says_and_can_be_denied_corrected_and_taken_back() -> None:
    ref, other = on_the_road(), on_the_road("C-2")
    on_the_road("C-3")
    first = link(ref, "same_trucks_as", other.code)
    make.apply(Claim(Target(chain=first), make.account(speaker="Another", stance="denies")))
    row = ClaimRow.objects.get(sequence=first)
    assert hashed(row)["detail"]["alleged_convoy"] == "C-2"
    better = make.account(alleged_link="duplicate_of", alleged_convoy="C-3")
    ((corrected,),) = make.apply(Correct(first, better, "misheard")).sequences
    row = ClaimRow.objects.get(sequence=corrected)
    assert (row.alleged_link, row.alleged_convoy.reference, row.chain) == ("duplicate_of", "C-3", first)
    make.apply(Retract(corrected, "no such thing was said"))
    assert verify().flaw is None


@pytest.mark.parametrize(
    ("item", "what", "other", "error"),
    [
        ("links", "", "C-2", InvalidInput),
        ("links", "cousin_of", "C-2", InvalidInput),
        ("links", "duplicate_of", "", InvalidInput),
        ("links", "duplicate_of", "C-1", InvalidInput),
        ("links", "duplicate_of", "C-99", UnknownReference),
        ("tonnes", "duplicate_of", "C-2", InvalidInput),
    ],
)
def test_a_link_says_what_to_which_other_convoy(
    item: str, what: str, other: str, error: type[Exception]
) -> None:
    ref = on_the_road()
    on_the_road("C-2")
    said = make.account(alleged_link=what, alleged_convoy=other)
    with pytest.raises(error):
        make.apply(Claim(Target(subject=ref, item=item), said))
    assert not ClaimRow.objects.exclude(alleged_link="").exists()


def test_links_are_claimed_and_never_declared() -> None:
    ref = on_the_road()
    with pytest.raises(InvalidInput, match="cannot state that item"):
        make.apply(Record(ref, "amended", make.at("2026-03-02T08:00"), declares={"links": "C-2"}))

"""Closing arithmetic under attack: random accounts, held to a second reckoning by whole sets of figures."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convoys.cargo import cargo_account
from convoys.errors import IllegalHistory, InvalidInput
from convoys.models import Convoy, Event, LedgerHead
from convoys.queries.history import history_of
from convoys.replay import in_force
from convoys.services.changes import Correct, Record, Retract, SubjectRef
from convoys.vocabulary import FINAL_STATES
from tests import factories as make

pytestmark = pytest.mark.django_db

NUMBERS = itertools.count(1)
FOR_EVER = Decimal(10**9)
PARTS = ["part_delivered", "part_lost", "part_returned", "split_off", "refused_by_recipient"]
ENDS = ["delivered", "returned", "lost"]
CARRIES = {
    "delivered": ("damaged_", "refused_"), "part_delivered": ("damaged_", "refused_"),
    "returned": ("damaged_",), "part_returned": ("damaged_",),
}  # fmt: skip


@st.composite
def figures(draw: st.DrawFn, prefix: str = "") -> dict[str, Any]:
    """Mostly exact, else a range, "at least" or unknown; few figures, so that sums often meet."""
    shape = draw(st.sampled_from(["exact", "exact", "exact", "range", "at least", "unknown"]))
    if shape == "unknown":
        return {}
    low = Decimal(draw(st.sampled_from([0, 1, 2, 4, 8]))) / 2
    high = {"exact": low, "range": low + draw(st.integers(1, 4)), "at least": None}[shape]
    return {f"{prefix}tonnes_low": low, f"{prefix}tonnes_high": high}


@st.composite
def reports(draw: st.DrawFn, ref: SubjectRef, kinds: list[str], at: str) -> Record:
    kind = draw(st.sampled_from(kinds))
    fields = draw(figures())
    for prefix in CARRIES.get(kind, ()):
        fields |= draw(figures(prefix)) if draw(st.integers(0, 2)) == 0 else {}
    if kind in ("lost", "part_lost"):
        fields["loss_mode"] = draw(st.sampled_from(["crowd", "theft"]))
    if kind == "split_off":
        fields["other_convoy"] = "SINK"
    if kind in ENDS and draw(st.booleans()):
        fields["shortfall_reason"] = "weighing"
    return make.record(ref, kind, at, place="valley", **fields)


@st.composite
def changes(draw: st.DrawFn, ref: SubjectRef, hour: int) -> list[Any]:
    """One to three acts: a part, an end, an amended tonnage, a correction or a retraction of those."""
    steps: list[Any] = []
    events = in_force(Event.objects.filter(convoy__reference=ref.code))
    about = [event for event in events if event.kind in (*PARTS, *ENDS)]
    amendments = [event for event in events if event.kind == "amended"]
    touched: set[int] = set()
    for number in range(draw(st.integers(1, 3))):
        at = f"2026-03-{2 + hour:02d}T{8 + number:02d}:00"
        open_ones = [event for event in (*about, *amendments) if event.sequence not in touched]
        what = draw(st.sampled_from(["part", "part", "end", "end", "amend", "correct", "correct", "retract"]))
        if what == "part":
            steps.append(draw(reports(ref, PARTS, at)))
        elif what == "end":
            steps.append(draw(reports(ref, ENDS, at)))
        elif what == "amend" or not open_ones:
            tonnes = draw(figures())
            stated = {name.removeprefix("tonnes_"): value for name, value in tonnes.items()} or None
            steps.append(Record(ref, "amended", make.at(at), declares={"tonnes": stated}))
        else:
            event = draw(st.sampled_from(open_ones))
            touched.add(event.sequence)
            if what == "retract" or event.kind == "amended":
                steps.append(Retract(event.sequence, "a slip"))
            else:
                when = event.occurred_at.strftime("%Y-%m-%dT%H:%M")
                steps.append(Correct(event.sequence, draw(reports(ref, [event.kind], when)), "counted anew"))
    return steps


@dataclass(frozen=True)
class Reckoned:
    """Whether a closed account can be so: figures can be chosen within every range that add up."""

    is_closed: bool
    is_possible: bool
    is_short: bool
    has_reason: bool

    @property
    def is_allowed(self) -> bool:
        return not self.is_closed or self.is_possible or (self.is_short and self.has_reason)


def reckon(ref: SubjectRef) -> tuple[Reckoned, tuple[Any, ...]]:
    """By the events alone, without the product's own arithmetic; and all that it was reckoned from."""
    events = in_force(Event.objects.filter(convoy__reference=ref.code))
    low = high = Decimal(0)
    declared: dict[str, Any] | None = {}
    counted: list[Any] = []
    end: Event | None = None
    for event in events:
        if "tonnes" in event.declares:
            declared = event.declares["tonnes"]
        if event.kind in ENDS:
            end = event
        if event.kind not in (*PARTS, *ENDS):
            continue
        for prefix in ("", "damaged_", "refused_"):
            least, most = getattr(event, f"{prefix}tonnes_low"), getattr(event, f"{prefix}tonnes_high")
            if least is None and (prefix or event.kind == "refused_by_recipient"):
                continue
            counted.append((event.kind, prefix, event.loss_mode, least, most))
            low += least or 0
            high += FOR_EVER if most is None else most
    counted.append((end and end.kind, end and end.shortfall_reason, str(declared)))
    if not declared or "low" not in declared:
        return Reckoned(end is not None, True, False, False), tuple(counted)
    least, most = Decimal(declared["low"]), Decimal(declared.get("high") or FOR_EVER)
    possible = low <= most and least <= high
    reason = bool(end and end.shortfall_reason)
    return Reckoned(end is not None, possible, high < least, reason), tuple(counted)


@settings(max_examples=25)
@given(data=st.data())
def test_a_closed_account_always_adds_up_or_says_why_not(data: st.DataObject) -> None:
    if not Convoy.objects.filter(reference="SINK").exists():
        make.make_convoy("SINK", when="2026-02-01", declares={"tonnes": None})
    declared = data.draw(figures())
    stated = {name.removeprefix("tonnes_"): value for name, value in declared.items()} or None
    ref = make.make_convoy(f"K-{next(NUMBERS)}", declares={"tonnes": stated})
    make.tell(ref, "departed", "2026-03-01T08:00", place="harbour")
    for hour in range(data.draw(st.integers(2, 7))):
        (_, before), size = reckon(ref), LedgerHead.objects.get().size
        steps = data.draw(changes(ref, hour))
        refusal: InvalidInput | IllegalHistory | None = None
        try:
            make.apply(*steps)
        except (IllegalHistory, InvalidInput) as error:
            refusal = error
        if refusal is not None:
            assert LedgerHead.objects.get().size == size
            assert isinstance(refusal, IllegalHistory) or re.search(
                "short. Say why|too much", refusal.message
            )
            continue
        reckoned, after = reckon(ref)
        assert reckoned.is_allowed or after == before
        account = cargo_account(history_of(Convoy.objects.get(reference=ref.code)))
        is_final = Convoy.objects.get(reference=ref.code).status in FINAL_STATES
        assert bool(account.closed_by) == reckoned.is_closed == is_final
        if reckoned.is_closed:
            assert (account.shortfall is not None) == reckoned.is_short
            assert (account.excess is None) == (reckoned.is_possible or reckoned.is_short)
            assert sum(amount.low for amount in account.lost_by_mode.values()) == (
                account.parts["lost"].low if "lost" in account.parts else 0
            )


@settings(max_examples=25)
@given(data=st.data())
def test_what_can_be_so_is_never_refused(data: st.DataObject) -> None:
    """The other half: figures drawn around a true load, told with less knowledge, are always taken."""
    if not Convoy.objects.filter(reference="SINK").exists():
        make.make_convoy("SINK", when="2026-02-01", declares={"tonnes": None})
    true = [Decimal(data.draw(st.integers(0, 12))) for _ in range(data.draw(st.integers(1, 4)))]

    def told(figure: Decimal) -> dict[str, Any]:
        shape = data.draw(st.integers(0, 3))
        low = figure - data.draw(st.integers(0, int(figure)))
        most = figure + data.draw(st.integers(0, 5))
        shapes: list[dict[str, Any]] = [
            {}, {"tonnes_low": figure, "tonnes_high": figure}, {"tonnes_low": low, "tonnes_high": most},
            {"tonnes_low": low, "tonnes_high": None},
        ]  # fmt: skip
        return shapes[shape]

    stated = {name.removeprefix("tonnes_"): value for name, value in told(sum(true, Decimal(0))).items()}
    ref = make.make_convoy(f"T-{next(NUMBERS)}", declares={"tonnes": stated or None})
    make.tell(ref, "departed", "2026-03-01T08:00", place="harbour")
    for number, figure in enumerate(true):
        kind = data.draw(st.sampled_from(PARTS[:4])) if number < len(true) - 1 else "delivered"
        fields: dict[str, Any] = told(figure)
        if kind == "part_lost":
            fields["loss_mode"] = "crowd"
        if kind == "split_off":
            fields["other_convoy"] = "SINK"
        make.tell(ref, kind, f"2026-03-{2 + number:02d}T08:00", place="valley", **fields)
    assert Convoy.objects.get(reference=ref.code).status == "delivered"

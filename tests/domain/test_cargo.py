"""The arithmetic of the cargo's account: ranges, what is unknown, and what no true story is blamed for."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convoys.cargo import Amount, CargoAccount, cargo_account
from convoys.models import Event
from convoys.replay import replay
from convoys.vocabulary import KINDS, CargoPart

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
ON_THE_WAY = ["part_delivered", "part_lost", "part_returned", "split_off", "refused_by_recipient"]
ENDS = ["delivered", "returned", "lost"]


def history_of(declared: Mapping[str, str] | None, events: Sequence[Event]) -> Any:
    """A convoy registered with this tonnage, which departed and then met these events, hour by hour."""
    story = [Event(kind="registered", declares={"tonnes": declared}), Event(kind="departed"), *events]
    for number, event in enumerate(story, start=1):
        event.sequence = event.chain = number
        event.effective_at = event.occurred_at = FIRST + timedelta(hours=number)
    return replay(story, {}, strict=True)


def account_of(declared: Mapping[str, str] | None, *events: Event) -> CargoAccount:
    return cargo_account(history_of(declared, events))


def amount(low: str, high: str | None = None) -> Amount:
    return Amount(Decimal(low), Decimal(high) if high is not None else None)


# --- true stories, told with whatever exactness


@dataclass(frozen=True)
class Told:
    """An event as told, with what its tonnes truly were: the least that a range must hold."""

    event: Event
    truth: Decimal


def tonnes() -> st.SearchStrategy[Decimal]:
    return st.integers(0, 50_000).map(lambda kilograms: Decimal(kilograms) / 1000)


@st.composite
def ranges(draw: st.DrawFn, truth: Decimal) -> tuple[Decimal | None, Decimal | None]:
    """A range that holds the truth: exact, from and to, at least, or unknown."""
    how = draw(st.sampled_from(["exact", "range", "at least", "unknown"]))
    if how == "unknown":
        return None, None
    low = max(Decimal(0), truth - draw(tonnes())) if how != "exact" else truth
    return low, {"exact": truth, "range": truth + draw(tonnes()), "at least": None}[how]


@st.composite
def told_truly(draw: st.DrawFn, kind: str) -> Told:
    truth = draw(tonnes())
    low, high = draw(ranges(truth))
    return Told(Event(kind=kind, tonnes_low=low, tonnes_high=high, loss_mode="theft"), truth)


@st.composite
def true_stories(draw: st.DrawFn) -> tuple[dict[str, str] | None, list[Told]]:
    """Parts on the way and an end, and a declaration that holds their true sum."""
    parts = draw(st.lists(st.sampled_from(ON_THE_WAY).flatmap(told_truly), max_size=6))
    story = [*parts, draw(st.sampled_from(ENDS).flatmap(told_truly))]
    # Refused without a figure is a decision, and moves nothing.
    moved = [
        told.truth
        for told in story
        if told.event.kind != "refused_by_recipient" or told.event.tonnes_low is not None
    ]
    low, high = draw(ranges(sum(moved, Decimal(0))))
    named = {"low": low, "high": high}
    stated = {end: str(figure) for end, figure in named.items() if figure is not None}
    return stated or None, story


@given(true_stories())
def test_no_true_story_is_short_or_too_much_however_loosely_it_is_told(
    story: tuple[dict[str, str] | None, list[Told]],
) -> None:
    declared, told = story
    account = account_of(declared, *(each.event for each in told))
    assert account.shortfall is None
    assert account.excess is None


@given(true_stories())
def test_each_part_holds_what_truly_became_of_it(story: tuple[dict[str, str] | None, list[Told]]) -> None:
    declared, told = story
    account = account_of(declared, *(each.event for each in told))
    for part in CargoPart:
        truths = [
            each.truth
            for each in told
            if KINDS[each.event.kind].accounts_for == part
            and (each.event.kind != "refused_by_recipient" or each.event.tonnes_low is not None)
        ]
        stated = account.parts.get(part, Amount())
        assert stated.low <= sum(truths, Decimal(0))
        assert stated.high is None or sum(truths, Decimal(0)) <= stated.high


@given(
    declared=tonnes(),
    parts=st.lists(st.tuples(st.sampled_from(ON_THE_WAY), tonnes()), max_size=5),
    end=st.tuples(st.sampled_from(ENDS), tonnes()),
)
def test_exact_figures_are_short_or_too_much_by_exactly_the_difference(
    declared: Decimal, parts: list[tuple[str, Decimal]], end: tuple[str, Decimal]
) -> None:
    events = [Event(kind=kind, tonnes_low=figure, tonnes_high=figure) for kind, figure in [*parts, end]]
    account = account_of({"low": str(declared), "high": str(declared)}, *events)
    missing = declared - sum((figure for _, figure in [*parts, end]), Decimal(0))
    assert account.shortfall == (Amount(missing, missing) if missing > 0 else None)
    assert account.excess == (Amount(-missing, -missing) if missing < 0 else None)


@given(parts=st.lists(st.sampled_from(ON_THE_WAY).flatmap(told_truly), min_size=2, max_size=4))
def test_the_order_of_parts_makes_no_difference(parts: list[Told]) -> None:
    accounts = [
        account_of({"low": "40"}, *(each.event for each in order)) for order in itertools.permutations(parts)
    ]
    assert all(account == accounts[0] for account in accounts)


@given(declared=tonnes(), parts=st.lists(st.sampled_from(ON_THE_WAY).flatmap(told_truly), max_size=5))
def test_under_way_nothing_is_short_and_what_is_open_closes_the_sum(
    declared: Decimal, parts: list[Told]
) -> None:
    account = account_of({"low": str(declared), "high": str(declared)}, *(each.event for each in parts))
    assert account.shortfall is None
    assert account.open is not None
    whole = account.accounted + account.open
    if account.excess is None:
        assert whole.low <= declared
    assert whole.high is None or whole.high >= declared


# --- single cases


def test_a_closing_without_a_figure_takes_what_the_parts_leave() -> None:
    part = Event(kind="part_lost", tonnes_low=Decimal(3), tonnes_high=Decimal(5), loss_mode="crowd")
    account = account_of({"low": "360", "high": "400"}, part, Event(kind="delivered"))
    assert account.parts["delivered"] == amount("355", "397")
    assert account.lost_by_mode == {"crowd": amount("3", "5")}
    assert (account.takes_rest, account.closed_by) == (True, "delivered")


def test_a_closing_without_a_figure_is_still_too_much_where_the_parts_are() -> None:
    part = Event(kind="part_delivered", tonnes_low=Decimal(45), tonnes_high=Decimal(45))
    account = account_of({"low": "40", "high": "40"}, part, Event(kind="delivered"))
    assert account.excess == amount("5", "5")


def test_what_came_damaged_or_was_refused_counts_beside_what_was_delivered() -> None:
    end = Event(
        kind="delivered",
        tonnes_low=Decimal(30), tonnes_high=Decimal(30),
        damaged_tonnes_low=Decimal(4), damaged_tonnes_high=Decimal(4),
        refused_tonnes_low=Decimal(6), refused_tonnes_high=Decimal(6),
    )  # fmt: skip
    account = account_of({"low": "40", "high": "40"}, end)
    assert list(account.parts) == ["delivered", "damaged", "refused"]
    assert account.accounted == amount("40", "40")


def test_parts_without_a_figure_are_named_and_a_whole_rest_is_not_one_of_them() -> None:
    account = account_of({"low": "40", "high": "40"}, Event(kind="split_off"), Event(kind="delivered"))
    assert account.without_figure == {"split_off"}
    assert account.parts["delivered"] == amount("0", "40")


def test_nothing_declared_is_no_account_to_close() -> None:
    account = account_of(None, Event(kind="delivered", tonnes_low=Decimal(5), tonnes_high=Decimal(5)))
    assert (account.declared, account.open, account.shortfall, account.excess) == (None, None, None, None)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (amount("40", "40.000"), "40 t"),
        (amount("360", "400"), "360 to 400 t"),
        (amount("20"), "at least 20 t"),
        (amount("0"), "an unknown amount"),
        (amount("1200.5", "1200.5"), "1,200.5 t"),
    ],
)
def test_amounts_in_words(told: Amount, words: str) -> None:
    assert str(told) == words

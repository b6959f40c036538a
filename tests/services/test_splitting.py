"""A convoy is declared to carry at least what was split off into it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest

from convoys.errors import InvalidInput, UnknownReference
from convoys.models import Convoy, Event, LedgerHead
from convoys.services.changes import Correct, Record, Retract, SubjectRef, convoy
from tests import factories as make

pytestmark = pytest.mark.django_db


def new_convoy(reference: str, **tonnes: Any) -> Record:
    declares = {"tonnes": tonnes or None, "origin": "junction"}
    return Record(convoy(reference), "registered", make.at("2026-03-02T08:00"), declares=declares)


def split(of: str, into: str, low: Any = None, high: Any = None) -> Record:
    taken = {"tonnes_low": low, "tonnes_high": high}
    return make.record(of, "split_off", "2026-03-02T09:00", place="junction", other_convoy=into, **taken)


def amended(reference: str, tonnes: Any) -> Record:
    return Record(convoy(reference), "amended", make.at("2026-03-02T10:00"), declares={"tonnes": tonnes})


def refused(*steps: Any) -> str:
    size, convoys = LedgerHead.objects.get().size, Convoy.objects.count()
    with pytest.raises(InvalidInput) as error:
        make.apply(*steps)
    assert (LedgerHead.objects.get().size, Convoy.objects.count()) == (size, convoys)
    assert list(error.value.fields) == ["tonnes_low"]
    return error.value.message


@pytest.fixture
def columns() -> tuple[SubjectRef, SubjectRef]:
    """Two convoys of 40 t under way."""
    first, second = make.make_convoy("C-1"), make.make_convoy("C-2")
    for ref in (first, second):
        make.tell(ref, "departed", "2026-03-01T08:00", place="harbour")
    return first, second


def test_more_than_it_declares_is_refused_with_both_figures(columns: Any) -> None:
    said = refused(new_convoy("C-1B", low=10, high=10), split("C-1", "C-1B", 12, 12))
    assert "C-1B: 12 t split off into it, of 10 t declared: 2 t too much." in said
    assert "at least what was split off into it" in said


def test_several_splits_into_one_convoy_add_up(columns: Any) -> None:
    make.apply(new_convoy("C-3", low=20, high=20), split("C-1", "C-3", 12, 12))
    assert "21 t split off into it, of 20 t declared" in refused(split("C-2", "C-3", 9, 9))
    make.apply(split("C-2", "C-3", 9, 9), amended("C-3", {"low": 21, "high": 21}))


@pytest.mark.parametrize(
    ("declared", "taken"),
    [
        ({"low": 12, "high": 12}, (12, 12)),
        ({"low": 10, "high": 14}, (12, 13)),
        ({"low": 10, "high": 12}, (12, 20)),
        ({"low": 10}, (30, 30)),
        ({}, (30, 30)),
        ({"low": 10, "high": 10}, (None, None)),
        ({"low": 10, "high": 10}, (5, None)),
        ({"low": 40, "high": 40}, (12, 12)),
    ],
    ids=[
        "the same", "ranges meet", "meet at an end", "declared at least", "undeclared", "split unknown",
        "split at least", "loaded more elsewhere",
    ],
)  # fmt: skip
def test_what_can_be_so_is_taken(columns: Any, declared: dict[str, int], taken: tuple[Any, Any]) -> None:
    make.apply(new_convoy("C-1B", **declared), split("C-1", "C-1B", *taken))
    assert Event.objects.filter(kind="split_off").count() == 1


def test_a_declaration_cannot_be_lowered_below_what_was_split_off(columns: Any) -> None:
    make.apply(new_convoy("C-1B", low=12, high=12), split("C-1", "C-1B", 12, 12))
    assert "2 t too much" in refused(amended("C-1B", {"low": 10, "high": 10}))
    make.apply(amended("C-1B", None))
    assert "12 t split off into it, of 5 t declared" in refused(amended("C-1B", {"low": 5, "high": 5}))


def test_a_correction_of_the_split_is_held_to_it_and_a_retraction_frees_it(columns: Any) -> None:
    event = make.apply(new_convoy("C-1B", low=12, high=12), split("C-1", "C-1B", 12, 12)).sequences[1][0]
    assert "3 t too much" in refused(Correct(event, split("C-1", "C-1B", 15, 15), "weighed"))
    make.apply(
        Correct(event, split("C-1", "C-1B", 15, 15), "weighed"), amended("C-1B", {"low": 15, "high": 15})
    )
    newest = Event.objects.filter(kind="split_off").latest("sequence").sequence
    make.apply(Retract(newest, "no such split"), amended("C-1B", {"low": 1, "high": 1}))


def test_a_retracted_amendment_brings_the_contradiction_back_and_is_refused(columns: Any) -> None:
    make.apply(new_convoy("C-1B", low=10, high=10))
    raised = make.apply(amended("C-1B", {"low": 12, "high": 12})).sequences[0][0]
    make.apply(split("C-1", "C-1B", 12, 12))
    assert "2 t too much" in refused(Retract(raised, "a slip"))


def test_a_correction_may_name_another_convoy(columns: Any) -> None:
    event = make.apply(
        new_convoy("C-1B", low=12, high=12), new_convoy("C-1C", low=5, high=5), split("C-1", "C-1B", 12, 12)
    ).sequences[2][0]
    assert "C-1C: 12 t split off into it" in refused(Correct(event, split("C-1", "C-1C", 12, 12), "that one"))
    make.apply(Correct(event, split("C-1", "C-1C", 4, 4), "that one"))
    make.apply(amended("C-1B", {"low": 1, "high": 1}))


def test_what_leaves_both_figures_as_they_were_is_never_held_up(columns: Any) -> None:
    make.apply(new_convoy("C-1B", low=12, high=12), split("C-1", "C-1B", 12, 12))
    # As older records may stand, from before this was asked.
    Convoy.objects.filter(reference="C-1B").update(tonnes_low=10, tonnes_high=10)
    make.apply(split("C-1", "C-1B"), make.record("C-1B", "seen", "2026-03-02T11:00", place="junction"))


def test_a_contradiction_that_was_on_record_holds_up_no_change_of_something_else(columns: Any) -> None:
    """The change set names the convoy and its declaration or its splits, and leaves both figures alone."""
    make.apply(new_convoy("C-1B", low=12, high=12))
    event = make.apply(split("C-1", "C-1B", 12, 12)).sequences[0][0]
    contradicted = amended("C-1B", {"low": 10, "high": 10})
    with patch("convoys.services.assembly.check_splits"):  # as older records may stand
        make.apply(contradicted)

    elsewhere = replace(split("C-1", "C-1B", 12, 12), place="bridge")
    make.apply(Correct(event, elsewhere, "it was at the bridge"))
    make.apply(amended("C-1B", {"low": 10, "high": 10}))
    assert "2.5 t too much" in refused(split("C-2", "C-1B", "0.5", "0.5"))
    assert "3 t too much" in refused(amended("C-1B", {"low": 9, "high": 9}))


def test_an_unknown_other_convoy_is_still_named_as_the_field(columns: Any) -> None:
    with pytest.raises(UnknownReference) as error:
        make.apply(split("C-1", "C-9", 1, 1))
    assert list(error.value.fields) == ["other_convoy"]


def test_a_correction_that_leaves_the_tonnage_out_is_held_to_what_was_split_off(columns: Any) -> None:
    make.apply(new_convoy("C-3", low=20, high=20))
    sequence = make.apply(amended("C-3", {"low": 40, "high": 40})).sequences[0][0]
    make.apply(split("C-1", "C-3", 30, 30))
    trucks = Record(convoy("C-3"), "amended", make.at("2026-03-02T10:00"), declares={"trucks": 3})
    assert "30 t split off into it, of 20 t declared" in refused(Correct(sequence, trucks, "trucks alone"))

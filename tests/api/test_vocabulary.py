"""Every code that the API speaks can be looked up, with its label and its nearest outside code."""

from __future__ import annotations

from typing import Any

import pytest

from convoys.vocabulary import KINDS, State
from convoys.vocabulary.outside import REC24_OF_KIND, REC24_OF_STATE
from tests import factories as make
from tests.api.conftest import Program

COMMERCIAL_HOLDS = {"112", "315", "326"}


@pytest.fixture
def lists(db: None) -> dict[str, Any]:
    answer: dict[str, Any] = Program(make.partner()).get("vocabulary")
    return answer


def codes(rows: list[dict[str, Any]]) -> list[str]:
    return [row["code"] for row in rows]


def test_every_list_is_there_in_reading_order_with_labels(lists: dict[str, Any]) -> None:
    assert codes(lists["states"]) == State.values
    assert codes(lists["kinds"]) == list(KINDS)
    assert all(row["label"] for rows in lists.values() for row in rows)
    assert all(len(codes(rows)) == len(set(codes(rows))) for rows in lists.values())


def test_a_kind_says_what_it_is_about_and_out_of_which_states_it_leads(lists: dict[str, Any]) -> None:
    kinds = {row["code"]: row for row in lists["kinds"]}
    assert kinds["released"]["changes_state_from"] == ["held"]
    assert kinds["registered"]["changes_state_from"] == []
    assert kinds["access_changed"]["subjects"] == ["control_point"]
    assert (kinds["seen"]["reports"], kinds["note"]["reports"]) == (True, False)


def test_outside_codes_are_of_codes_that_exist_and_never_commercial_holds(lists: dict[str, Any]) -> None:
    assert set(REC24_OF_KIND) <= set(KINDS)
    assert not COMMERCIAL_HOLDS & {*REC24_OF_KIND.values(), *REC24_OF_STATE.values()}
    states = {row["code"]: row["outside"] for row in lists["states"]}
    assert states["held"] == {"un_cefact_rec24": "90"}
    assert states["planned"] == {}
    assert {row["code"]: row["outside"] for row in lists["cargo_categories"]}["food"] == {"hdx_sector": "FSC"}

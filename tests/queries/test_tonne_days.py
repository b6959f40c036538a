"""What holds cost, on the case: the reference figure, open and silent holds, overlapping sums."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from convoys.clocks import end_of_day
from convoys.models import Convoy
from convoys.queries.as_of import Moment
from convoys.queries.hold_groups import GROUPINGS
from convoys.queries.tonne_days import Group, TonneDays, Window, tonne_days
from convoys.queries.visibility import Viewer
from tests.importing.loaded import loaded_case

__all__ = ["loaded_case"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loaded_case")]
STAFF = Viewer(is_staff=True)
ENDS = ("start", "end")


def ask(group_by: str = "convoy", as_of: str = "2023-09-14", **window: str) -> TonneDays:
    moment = Moment.parse(as_of, as_of)
    start, end = (end_of_day(date.fromisoformat(window[name])) if name in window else None for name in ENDS)
    return tonne_days(Convoy.objects.all(), STAFF, group_by, moment, Window(start, end))


def group(answer: TonneDays, key: str) -> Group:
    (found,) = [row for row in [*answer.groups, *answer.not_confirmed] if row.key == key]
    return found


def test_reference_figure_forty_tonnes_for_thirteen_elapsed_days() -> None:
    row = group(ask(as_of="2023-09-11"), "KB23-04")

    assert (row.low, row.high) == (520, 520)


def test_an_open_hold_counts_to_its_last_report_and_to_the_moment_asked() -> None:
    row = group(ask(as_of="2023-09-14"), "KB23-04")

    assert (row.low, row.high) == (40 * 14, 40 * 16)


def test_a_finished_hold_known_to_the_hour_counts_exactly() -> None:
    row = group(ask(as_of="2023-09-14"), "KB23-06")

    assert row.low == row.high == 15 * Decimal(45) / 24


def test_silent_holds_are_listed_apart_and_floors_have_no_upper_end() -> None:
    answer = ask(as_of="2023-09-14")

    assert {row.key for row in answer.groups} == {"KB23-04", "KB23-06"}
    assert {row.key for row in answer.not_confirmed} == {"KB23-01", "KB23-02", "KB23-03", "KB23-05"}
    assert group(answer, "KB23-01").low == 36 * 360
    assert group(answer, "KB23-03").high is None
    assert answer.not_confirmed_total.unknown_tonnage == 2
    assert answer.not_confirmed_total.low == 36 * 360 + 22 * 20


def test_a_figure_stated_later_does_not_count_before() -> None:
    row = group(ask(as_of="2023-09-11"), "KB23-06")

    assert (row.low, row.unknown_tonnage) == (0, 1)


def test_a_window_counts_its_own_days_only() -> None:
    row = group(ask(as_of="2023-09-11", start="2023-09-01", end="2023-09-05"), "KB23-04")

    assert (row.low, row.high) == (160, 160)


@pytest.mark.parametrize("group_by", GROUPINGS)
def test_every_grouping_answers(group_by: str) -> None:
    answer = ask(group_by)

    assert answer.groups
    assert answer.counting_rule


def test_alleged_holders_of_one_hold_each_carry_it_whole() -> None:
    holders = {row.key: row.low for row in ask("holder").groups}

    assert holders["ru_peacekeepers"] == 560
    assert holders["karabakh_residents"] == 560 + 15 * Decimal(45) / 24, "named for KB23-06 too"

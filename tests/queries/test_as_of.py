"""The case asked about days in 2023, as known on days in 2023; and every answer agrees with a replay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from convoys.errors import InvalidInput
from convoys.models import Convoy
from convoys.queries.as_of import Moment, convoys_at, intervals_at, set_back
from convoys.queries.history import history_of
from convoys.vocabulary import State
from tests.importing.loaded import loaded_case

__all__ = ["loaded_case"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loaded_case")]


def at(reference: str, as_of: str, known_at: str = "") -> Convoy:
    convoy = Convoy.objects.get(reference=reference)
    set_back([convoy], Moment.parse(as_of, known_at))
    return convoy


def test_a_delivery_was_not_known_before_it_was_reported() -> None:
    assert at("KB23-06", "2023-09-12T12:00Z", "2023-09-11T23:59Z").status == State.HELD
    assert at("KB23-06", "2023-09-12T12:00Z", "2023-09-13T12:00Z").status == State.DELIVERED


def test_a_figure_was_not_known_before_it_was_stated() -> None:
    assert at("KB23-06", "2023-09-11", "2023-09-11").tonnes_low is None
    assert at("KB23-06", "2023-09-13", "2023-09-13").tonnes_low == 15


def test_what_was_held_on_the_first_of_september() -> None:
    moment = Moment.parse("2023-09-01")
    held = list(convoys_at(Convoy.objects.all(), moment, [State.HELD]))
    set_back(held, moment)

    before = {convoy.reference: (convoy.trucks, convoy.held_before_id) for convoy in held}
    assert before == {
        "KB23-01": (19, "lachin_checkpoint"),
        "KB23-02": (2, "lachin_checkpoint"),
        "KB23-03": (1, "lachin_checkpoint"),
        "KB23-05": (10, "lachin_checkpoint"),
        "KB23-04": (2, "aghdam_road_post"),
    }


def test_cargo_and_sponsors_are_those_of_then() -> None:
    early, late = at("KB23-06", "2023-09-09", "2023-09-09"), at("KB23-06", "2023-09-13")

    assert [line.category for line in early.cargo_lines.all()] == ["food"]
    assert [line.category for line in late.cargo_lines.all()] == ["food", "wash", "shelter_nfi"]
    assert [row.organisation_id for row in late.organisations.all()] == ["ru_red_cross", "ru_red_cross"]


def test_intervals_answer_a_thousand_random_questions_as_a_replay_does() -> None:
    draw = Random(7)
    first, last = datetime(2023, 7, 20, tzinfo=UTC), datetime(2023, 10, 5, tzinfo=UTC)
    seconds = int((last - first).total_seconds())
    convoys = list(Convoy.objects.all())
    for _ in range(1000):
        convoy = draw.choice(convoys)
        as_of, known_at = (first + timedelta(seconds=draw.randrange(seconds)) for _ in range(2))
        answers = list(intervals_at(Moment(as_of, known_at)).filter(convoy=convoy))
        replayed = history_of(convoy, as_of=as_of, known_at=known_at)

        assert [answer.state for answer in answers] == (
            [replayed.facts.state] if replayed.facts.state else []
        )
        if replayed.facts.hold is not None:
            assert answers[0].opening_chain == replayed.facts.hold.opening.chain


@pytest.mark.parametrize(
    "text", ["2023-13-01", "yesterday", "2023-09-12T12:00", "2023-09-12T12:00+99:00", "\x00"]
)
def test_a_moment_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        Moment.parse(as_of=text)

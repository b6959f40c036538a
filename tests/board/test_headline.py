"""The headline figures of any day are those of a whole replay of every convoy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from convoys.models import Convoy
from convoys.queries import headline
from convoys.queries.as_of import Moment, set_back
from convoys.queries.board import MOVING
from convoys.queries.daily import held_at
from convoys.queries.figures import facts_of, figures_over
from convoys.queries.visibility import Viewer
from convoys.vocabulary import State
from tests.importing.loaded import loaded_case

__all__ = ["loaded_case"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loaded_case")]
STAFF = Viewer(is_staff=True)
FIRST, LAST = datetime(2023, 7, 20, tzinfo=UTC), datetime(2023, 10, 5, tzinfo=UTC)


def moments(count: int) -> list[Moment]:
    draw, seconds = Random(11), int((LAST - FIRST).total_seconds())
    pairs = [[FIRST + timedelta(seconds=draw.randrange(seconds)) for _ in range(2)] for _ in range(count)]
    return [Moment(as_of, known_at) for as_of, known_at in pairs]


def replayed(moment: Moment) -> list[Convoy]:
    convoys = list(Convoy.objects.filter(is_exercise=False))
    set_back(convoys, moment)
    return convoys


def test_figures_of_a_day_are_those_of_a_replay() -> None:
    for moment in moments(40):
        convoys = replayed(moment)
        moving = [facts_of(convoy) for convoy in convoys if convoy.status in MOVING]
        planned = sum(convoy.status == State.PLANNED for convoy in convoys)
        assert headline.figures(STAFF, moment) == figures_over(moving, planned, moment.asked)


def test_the_drawing_of_the_days_counts_what_a_replay_counts() -> None:
    instants = [FIRST + timedelta(days=number) for number in range(0, 77, 7)]
    for known_at in (None, datetime(2023, 9, 1, tzinfo=UTC)):
        counted = held_at(STAFF, Moment(LAST, known_at), instants)
        assert counted == [
            sum(convoy.status == State.HELD for convoy in replayed(Moment(at, known_at))) for at in instants
        ]


def test_a_partner_counts_its_own_convoys_only() -> None:
    Convoy.objects.filter(reference="KB23-04").update(shared_with_all_partners=False)
    moment = Moment.parse("2023-09-14", "2023-09-14")
    figures = headline.figures(Viewer(is_staff=False, organisation="somebody_else"), moment)
    assert (figures.held_in_all.count, figures.held_in_all.trucks) == (4, 32)

"""What an answer costs in queries: a fixed number, however many rows it has."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from convoys.services.changes import Claim, Target, agreement, control_point
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

# Token and version of the record included; measured with everything on a page: sponsors, places, claims,
# names.
MOST = {
    "convoys": 10,
    "events": 32,
    "episodes": 11,
    "routes": 7,
    "control-points": 6,
    "organisations": 5,
    "agreements": 5,
    "convoys/C-0": 17,
    "control-points/bridge": 12,
    "agreements/passage": 12,
    "ledger/head": 4,
    "ledger/entries/1": 12,
}


def fill(first: int, last: int) -> None:
    make.agreement("passage")
    for number in range(first, last):
        make.organisation(f"society_{number}")
        make.make_held_convoy(f"C-{number}", declares={"sponsors": ["aid_society", f"society_{number}"]})
        make.route(f"route_{number}", "harbour", "bridge")
        make.control_point(f"point_{number}")
        make.agreement(f"agreement_{number}")
        answered = make.apply(
            make.record("C-0", "seen", "2026-03-03", claims=[make.account(speaker="aid_society")])
        )
        make.apply(Claim(Target(chain=answered.sequences[0][1]), make.account(stance="denies")))
        make.tell(control_point("bridge"), "access_changed", "2026-03-01", access="closed")
        make.tell(agreement("passage"), "discussed", "2026-03-01")


def cost(program: Program, path: str) -> int:
    program.get(path)
    with CaptureQueriesContext(connection) as queries:
        program.get(path)
    return len(queries)


@pytest.mark.parametrize("who", [make.viewer, make.partner])
def test_queries_do_not_grow_with_rows(who, settings) -> None:
    settings.API_REQUESTS_PER_MINUTE = 10_000
    program = Program(who())
    fill(0, 2)
    few = {path: cost(program, path) for path in MOST}
    fill(2, 8)
    many = {path: cost(program, path) for path in MOST}
    assert many == few
    assert all(many[path] <= most for path, most in MOST.items()), many


def test_a_page_of_one_costs_what_a_page_of_many_does() -> None:
    program = Program(make.partner())
    fill(0, 6)
    for path in ("convoys?", "events?kind=seen&", "routes?"):
        assert cost(program, f"{path}page_size=2") == cost(program, f"{path}page_size=500")

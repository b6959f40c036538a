"""A convoy by a waybill or a sponsor's own number, for whoever may see it, now and on another day."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> Program:
    """OWN has a waybill with signs that an address must escape, and the sponsor's number 7, which the
    carrier gave to SECOND. THIRD, another's, has a waybill too. CHANGED had 1 as its number until the 3rd."""
    make.organisation("third_society")
    for reference, sponsor, numbers in (
        ("OWN", "aid_society", {"Carrier": "WB/7 ü?#%", "Aid Society": "7"}),
        ("SECOND", "aid_society", {"Carrier": "7"}),
        ("THIRD", "third_society", {"Carrier": "8"}),
        ("CHANGED", "aid_society", {"Carrier": "1"}),
    ):
        rows = [{"issuer": issuer, "number": number} for issuer, number in numbers.items()]
        make.make_convoy(reference, declares={"sponsors": [sponsor], "references": rows})
    make.tell(
        "CHANGED", "amended", "2026-03-03", declares={"references": [{"issuer": "Carrier", "number": "2"}]}
    )
    return Program(make.partner())


def address(issuer: str, number: str) -> str:
    return f"convoys/by-reference/{quote(issuer, safe='')}/{quote(number, safe='')}"


def test_the_answer_is_the_detail_itself(program: Program) -> None:
    assert program.get(address("Carrier", "WB/7 ü?#%")) == program.get("convoys/OWN")
    assert program.get(f"{address('Carrier', '7')}?fields=reference")["reference"] == "SECOND"
    assert program.get(f"{address('Aid Society', '7')}?fields=reference")["reference"] == "OWN"


def test_a_number_of_a_convoy_that_one_may_not_see_is_one_that_nobody_gave(program: Program) -> None:
    hidden, absent = program.ask(address("Carrier", "8")), program.ask(address("Carrier", "9"))
    assert hidden.status == absent.status == 404
    assert hidden.body["detail"] == absent.body["detail"]
    assert Program(make.viewer()).get(address("Carrier", "8"))["reference"] == "THIRD"
    assert program.ask("convoys?other_reference=8").references == []


def test_on_another_day_the_number_of_then_counts(program: Program) -> None:
    for number, moment, status in (
        ("1", "", 404), ("2", "", 200), ("1", "as_of=2026-03-02", 200), ("2", "as_of=2026-03-02", 404),
        ("7", "as_of=2026-03-02", 200), ("2", "as_of=2026-03-04", 200), ("7", "as_of=2026-02-01", 404),
    ):  # fmt: skip
        assert program.ask(f"{address('Carrier', number)}?{moment}").status == status, (number, moment)
        found = program.ask(f"convoys?other_reference={number}&{moment}").references
        assert bool(found) is (status == 200), (number, moment)


def test_the_list_takes_a_number_whoever_gave_it_and_several(program: Program) -> None:
    assert program.ask("convoys?other_reference=7").references == ["OWN", "SECOND"]
    assert program.ask("convoys?other_reference=2&other_reference=7").references == [
        "CHANGED",
        "OWN",
        "SECOND",
    ]
    assert program.ask("convoys?other_reference=2,7").references == []
    for value in ("", "x" * 101, "a%00"):
        answer = program.ask(f"convoys?other_reference={value}")
        assert (answer.status, answer.body["errors"][0]["parameter"]) == (400, "other_reference")

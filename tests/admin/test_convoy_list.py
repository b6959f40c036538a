"""The list finds convoys by state, route, sponsor, point and flag, and by any of their references."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.admin import desk


@pytest.fixture
def several(db: None) -> None:
    factories.make_convoy("C-planned", declares={"references": [{"issuer": "Customs", "number": "W-77"}]})
    factories.make_held_convoy("C-held")
    factories.organisation("city_fund", name="City Fund")
    factories.make_convoy(
        "C-other", "2026-01-01T06:00", declares={"sponsors": ["city_fund"], "route": None, "tonnes": None}
    )
    factories.tell("C-other", "departed", "2026-01-02T08:00", place="harbour")
    factories.make_convoy("EX-1", is_exercise=True)


def found(client: Client, **query: str) -> list[str]:
    """References in the list, in order."""
    response = client.get(reverse("admin:convoys_convoy_changelist", query=query))
    assert response.status_code == 200
    return re.findall(r'class="field-reference"><a href="[^"]*">([^<]*)</a>', response.content.decode())


def test_held_first_then_the_others(several: None, officer: Client) -> None:
    assert found(officer) == ["C-held", "C-other", "C-planned", "EX-1"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"status": "held"}, ["C-held"]),
        ({"status": "lost"}, []),
        ({"flag": "silent"}, ["C-other"]),
        ({"route": "main"}, ["C-held", "C-planned", "EX-1"]),
        ({"sponsor": "city_fund"}, ["C-other"]),
        ({"control_point": "bridge"}, ["C-held"]),
        ({"exercise": "yes"}, ["EX-1"]),
        ({"exercise": "no", "status": "planned"}, ["C-planned"]),
        ({"status": "nonsense"}, []),
        ({"q": "c-hel"}, ["C-held"]),
        ({"q": "W-77"}, ["C-planned"]),
        ({"q": "city fund"}, ["C-other"]),
        ({"q": "nobody knows"}, []),
    ],
)
def test_filters_and_search(
    query: dict[str, str], expected: list[str], several: None, officer: Client
) -> None:
    assert found(officer, **query) == expected


def test_a_row_tells_state_clock_place_tonnage_and_flags(several: None, officer: Client) -> None:
    text = desk.text_of(officer.get(reverse("admin:convoys_convoy_changelist")))
    row = text[text.index(">C-held<") : text.index(">C-other<")]
    for word in ("state-held", "#g-held", "3 d 4 h", "Junction", "before Bridge", "40 t", "2 Mar"):
        assert word in row
    assert "exercise" in text[text.index(">EX-1<") :]
    assert "tonnage unknown" in text[text.index(">C-other<") :]


@pytest.mark.parametrize(
    "query", ["tonnes_low=1", "status__exact=held", "reference=%00", "author__password__startswith=a"]
)
def test_lookups_that_are_no_filter_are_refused(query: str, several: None, officer: Client) -> None:
    assert officer.get(reverse("admin:convoys_convoy_changelist") + f"?{query}").status_code == 400


@pytest.mark.parametrize(
    "query", ["q=%00", "status=%00", "route=%00", "p=99999", "o=99", "all=", "sponsor=" + "x" * 5000]
)
def test_strange_queries_do_not_break_the_list(query: str, several: None, officer: Client) -> None:
    response = officer.get(reverse("admin:convoys_convoy_changelist") + f"?{query}")
    assert response.status_code in (200, 302)

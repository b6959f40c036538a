"""Whatever a program may send by mistake or malice: a 4xx problem document, never a 5xx."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

VALUES = {
    "NUL": "%00",
    "NUL within": "main%00",
    "half a character": "%ED%A0%80",
    "no UTF-8": "%FF%FE",
    "emoji": "%F0%9F%9A%9A",
    "right to left": "%E2%80%AE%D9%85",
    "SQL": "'%20OR%201=1;%20DROP%20TABLE%20convoys_convoy;--",
    "format": "%25s%25n{0}",
    "path": "../../etc/passwd",
    "formula": "=cmd|'/C%20calc'!A0",
    "list": "[]",
    "long": "x" * 5000,
    "many": ",".join(["main"] * 10 + [f"m{n}" for n in range(200)]),
    "huge number": "9" * 400,
    "negative": "-1",
    "exponent": "1e9",
    "other digits": "%D9%A3",
}
MOMENT = ("as_of", "known_at")
LISTS = {
    "convoys": (
        "status", "route", "sponsor", "origin", "destination", "control_point", "cause", "tonnes_from",
        "tonnes_to", "registered_from", "registered_to", "departed_from", "departed_to", "held_from",
        "held_to", "held_longer_than", "silent", "contested", "updated_since", "exercise", "format", "hxl",
        *MOMENT,
    ),
    "events": ("control_point", "agreement", "kind", "after", "exercise", "format", "hxl"),
    "episodes": (
        "control_point", "place", "route", "sponsor", "open", "ended", "from", "to", "exercise", "ordering",
        *MOMENT,
    ),
    "routes": ("exercise", "format", "hxl", *MOMENT),
    "routes/main": MOMENT,
    "statistics/tonne-days": ("group_by", "from", "to", *MOMENT),
    "statistics/held-now": ("group_by", *MOMENT),
    "statistics/durations": ("group_by", "from", "to", *MOMENT),
    "ledger/consistency": ("from", "to"),
}  # fmt: skip


@pytest.fixture
def program(settings: Any) -> Program:
    settings.API_REQUESTS_PER_MINUTE = 100_000
    make.road()
    return Program(make.partner())


def test_as_a_parameter(program: Program) -> None:
    for path, parameters in LISTS.items():
        for parameter in (*parameters, "cursor", "page_size"):
            for name, value in VALUES.items():
                answer = program.ask(f"{path}?{parameter}={value}")
                assert answer.status == 400, (path, parameter, name)
                assert answer.headers["Content-Type"] == "application/problem+json"


def test_as_words_to_look_for(program: Program) -> None:
    for name, value in VALUES.items():
        answer = program.ask(f"convoys?q={value}")
        assert answer.status in (200, 400), name
        assert answer.status == 400 or answer.body["results"] == [], name


@pytest.mark.parametrize(
    "path",
    [
        "events?convoy=",
        "episodes?convoy=",
        "convoys/",
        "convoys/by-reference/Carrier/",
        "routes/",
        "control-points/",
        "organisations/",
        "agreements/",
        "problems/",
        "ledger/entries/",
        "ledger/inclusion/",
    ],
)
def test_as_a_reference_or_code(path: str, program: Program) -> None:
    for name, value in VALUES.items():
        answer = program.ask(f"{path}{value}")
        assert answer.status == 404, name
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_as_the_name_of_a_parameter(program: Program) -> None:
    for name, value in VALUES.items():
        answer = program.ask(f"convoys?{value.replace('=', '')}=1")
        assert (answer.status, answer.body["code"]) == (400, "unknown-parameter"), name


def test_as_a_token() -> None:
    for name, value in VALUES.items():
        sent = unquote_to_bytes(value).decode("latin-1")
        assert Program().ask("convoys", headers={"Authorization": f"Bearer {sent}"}).status == 401, name


def test_a_query_of_ten_megabytes(program: Program) -> None:
    for query, status, code in (
        ("status=" + "x" * 10_000_000, 414, "uri-too-long"),
        ("&".join(["status=held"] * 900_000), 400, "bad-request"),
    ):
        answer = program.ask("convoys", QUERY_STRING=query)
        assert (answer.status, answer.body["code"]) == (status, code)
        assert len(str(answer.body)) < 1000


def test_a_body_where_none_belongs(program: Program) -> None:
    answer = program.ask("convoys", data=b"\x00" * 100_000, content_type="application/json")
    assert answer.status == 200

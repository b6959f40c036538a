"""Which format an answer has, and what is said where there is no such."""

from __future__ import annotations

from typing import Any

import pytest

from convoys.api.formats.renderers import CsvRenderer, GeoJsonRenderer, XlsxRenderer
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

CSV, XLSX, GEOJSON = CsvRenderer.media_type, XlsxRenderer.media_type, GeoJsonRenderer.media_type
JSON, PROBLEM = "application/json", "application/problem+json"


@pytest.fixture
def program() -> Program:
    make.make_convoy("C-1")
    return Program(make.partner())


@pytest.mark.parametrize(
    ("query", "accept", "given"),
    [
        ("", "", JSON),
        ("", "*/*", JSON),
        ("", "text/html,application/xhtml+xml,*/*;q=0.8", JSON),
        ("", CSV, CSV),
        ("", "text/*", CSV),
        ("", XLSX, XLSX),
        ("", GEOJSON, GEOJSON),
        ("", f"image/png, {GEOJSON};q=0.5", GEOJSON),
        ("format=csv", "", CSV),
        ("format=xlsx", JSON, XLSX),
        ("format=geojson", "image/png", GEOJSON),
        ("format=json", CSV, JSON),
    ],
)
def test_the_query_decides_and_else_the_header(query: str, accept: str, given: str, program: Program) -> None:
    answer = program.ask(f"routes?{query}", headers={"Accept": accept} if accept else {})
    assert (answer.status, answer.headers["Content-Type"].split(";")[0]) == (200, given)
    assert "Accept" in answer.headers["Vary"].split(", ")


@pytest.mark.parametrize("value", ["pdf", "", "CSV", "csv,json", "%00", "=1", "x" * 500])
def test_a_format_that_is_none_is_a_wrong_value_and_the_valid_ones_are_named(
    value: str, program: Program
) -> None:
    answer = program.ask(f"routes?format={value}")
    assert (answer.status, answer.body["code"]) == (400, "invalid-parameter")
    assert "Valid here: json, csv, xlsx, geojson." in answer.body["detail"]
    assert program.ask("routes?format=csv&format=csv").body["code"] == "invalid-parameter"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("convoys?format=geojson", {}),
        ("convoys", {"Accept": GEOJSON}),
        ("episodes?format=geojson", {}),
        ("events", {"Accept": GEOJSON}),
        ("convoys", {"Accept": "application/pdf"}),
        ("convoys/C-1", {"Accept": CSV}),
        ("me", {"Accept": XLSX}),
    ],
)
def test_a_format_that_a_resource_has_not_is_refused_and_those_that_it_has_are_named(
    path: str, headers: dict[str, str], program: Program
) -> None:
    """A convoy is never on a map."""
    answer = program.ask(path, headers=headers)
    assert (answer.status, answer.headers["Content-Type"]) == (406, PROBLEM)
    assert answer.body["code"] == "not-acceptable"
    assert "application/json (json)" in answer.body["detail"]
    assert "geojson" not in answer.body["detail"]


def test_where_there_is_json_alone_the_parameter_is_not_known(program: Program) -> None:
    for path in ("me", "tokens", "convoys/C-1", "ledger/head", "problems"):
        assert program.ask(f"{path}?format=json").body["code"] == "unknown-parameter", path


def test_hashtags_stand_in_tables_alone(program: Program) -> None:
    for query, code in (
        ("routes?hxl=true", "invalid-parameter"),
        ("routes?hxl=true&format=geojson", "invalid-parameter"),
        ("routes?hxl=yes&format=csv", "invalid-parameter"),
        ("routes?hxl=true&hxl=true&format=csv", "invalid-parameter"),
        ("me?hxl=true", "unknown-parameter"),
    ):
        assert program.ask(query).body["code"] == code, query
    lines = program.ask("routes?format=csv&hxl=true").content.decode().splitlines()
    assert lines[:2] == [
        "code,name,exercise,access,places_code,places_name,places_access",
        "#loc+route+code,#loc+route+name,#meta+exercise,#access+status,#loc+stop+code+list,"
        "#loc+stop+name+list,#access+status+list",
    ]
    assert program.ask("routes?format=csv&hxl=false").content == program.ask("routes?format=csv").content


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("convoys?stauts=held", 400, "unknown-parameter"),
        ("convoys?status=lots", 400, "invalid-parameter"),
        ("convoys?expand=sponsors", 400, "invalid-parameter"),
        ("convoys?cursor=x", 400, "invalid-cursor"),
        ("events?after=999999", 400, "invalid-parameter"),
        ("events?convoy=NONE", 404, "not-found"),
    ],
)
def test_what_goes_wrong_is_a_problem_document_in_every_format(
    form: str, path: str, status: int, code: str, program: Program
) -> None:
    answer = program.ask(f"{path}&format={form}")
    assert (answer.status, answer.body["code"]) == (status, code)
    assert answer.headers["Content-Type"] == PROBLEM
    assert not {"Content-Disposition", "ETag"} & set(answer.headers)


@pytest.mark.parametrize("form", ["csv", "xlsx", "geojson"])
def test_nobody_and_whoever_asks_too_often_get_a_problem_too(
    form: str, program: Program, settings: Any
) -> None:
    assert Program().ask(f"routes?format={form}").body["code"] == "not-authenticated"
    assert Program(make.stranger()).ask(f"routes?format={form}").body["code"] == "forbidden"
    settings.API_REQUESTS_PER_MINUTE = 1
    assert program.ask(f"routes?format={form}").headers["RateLimit"].startswith('"minute";r=0;')
    answer = program.ask(f"routes?format={form}")
    assert (answer.status, answer.headers["Content-Type"]) == (429, PROBLEM)
    assert int(answer.headers["Retry-After"]) > 0

"""Every error under /api/ is a problem document whose type leads to what it means."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from convoys.api import views
from convoys.api.problems import PROBLEM_KINDS
from tests import factories as make
from tests.api.conftest import Answer, Program

pytestmark = pytest.mark.django_db

MEMBERS = {"type", "title", "status", "detail", "instance", "code", "request_id", "errors"}


def check(answer: Answer, status: int, code: str) -> None:
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(answer.body) == MEMBERS
    assert (answer.body["status"], answer.body["code"]) == (status, code)
    assert answer.body["request_id"] == answer.headers["X-Request-ID"]
    assert answer.body["title"] == PROBLEM_KINDS[code].title
    path = answer.body["type"].removeprefix("http://127.0.0.1:8000")
    explained = Program().get(path)
    assert (explained["code"], explained["status"], explained["type"]) == (code, status, answer.body["type"])


@pytest.fixture
def program() -> Program:
    make.make_convoy("C-1")
    return Program(make.partner())


@pytest.mark.parametrize(
    ("path", "options", "status", "code"),
    [
        ("convoys?x=1", {}, 400, "unknown-parameter"),
        ("convoys?status=x", {}, 400, "invalid-parameter"),
        ("convoys?cursor=x", {}, 400, "invalid-cursor"),
        ("convoys?" + "&".join(f"p{n}=" for n in range(1200)), {}, 400, "bad-request"),
        ("convoys/NONE", {}, 404, "not-found"),
        ("convoys/", {}, 404, "not-found"),
        ("none", {}, 404, "not-found"),
        ("/api/v2/convoys", {}, 404, "not-found"),
        ("/api/", {}, 404, "not-found"),
        ("none", {"method": "POST"}, 404, "not-found"),
        ("convoys", {"method": "POST"}, 405, "method-not-allowed"),
        ("docs", {"method": "POST"}, 405, "method-not-allowed"),
        ("convoys", {"headers": {"Accept": "text/html"}}, 406, "not-acceptable"),
        ("convoys", {"headers": {"Accept": "application/xml"}}, 406, "not-acceptable"),
        ("convoys?status=" + "x" * 9000, {}, 414, "uri-too-long"),
        ("convoys", {"headers": {"Host": "elsewhere.example"}}, 400, "bad-request"),
    ],
)
def test_errors_of_a_request(path: str, options: Any, status: int, code: str, program: Program) -> None:
    check(program.ask(path, **options), status, code)


def test_errors_of_who_asks() -> None:
    check(Program().ask("convoys"), 401, "not-authenticated")
    check(Program(secret="ct_unknown").ask("convoys"), 401, "invalid-token")
    check(Program(make.stranger()).ask("convoys"), 403, "forbidden")


def test_a_fault_of_ours_is_a_problem_without_its_innards(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Any) -> None:
        raise RuntimeError("secret innards")

    monkeypatch.setattr(views.ConvoyList, "get_queryset", fail)
    answer = program.ask("convoys")
    check(answer, 500, "internal-error")
    assert "innards" not in str(answer.body)


def test_a_limit_reached_is_a_problem(program: Program, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 0
    check(program.ask("convoys"), 429, "too-many-requests")


def test_elsewhere_errors_are_pages() -> None:
    response = Client(raise_request_exception=False).get("/no-such-page")
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")


def test_every_kind_is_explained_to_everybody() -> None:
    kinds = Program().get("problems")
    assert [kind["code"] for kind in kinds] == list(PROBLEM_KINDS)
    for kind in kinds:
        assert Program().get(f"problems/{kind['code']}") == kind
    assert Program().ask("problems/none").status == 404


def test_who_follows_the_type_of_a_problem_in_a_browser_reads_a_page() -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    every = Client().get("/api/v1/problems", headers=browser)
    assert every.headers["Content-Type"] == "text/html; charset=utf-8"
    for kind in PROBLEM_KINDS.values():
        assert f'href="/api/v1/problems/{kind.code}"' in every.content.decode()
        page = Client().get(f"/api/v1/problems/{kind.code}", headers=browser)
        assert (page.status_code, escape(kind.title) in page.content.decode()) == (200, True)
        assert "`" not in page.content.decode()
        tag = {"If-None-Match": page.headers["ETag"]}
        again = Client().get(f"/api/v1/problems/{kind.code}", headers=browser | tag)
        assert (again.status_code, again.content) == (304, b"")
        as_json = Client().get(f"/api/v1/problems/{kind.code}", headers={"Accept": "*/*"} | tag)
        assert as_json.json()["code"] == kind.code
    none = Client().get("/api/v1/problems/none", headers=browser)
    assert none.headers["Content-Type"] == "application/problem+json"
    assert none.json()["status"] == 404


def test_answers_are_private_and_vary_by_who_asks(program: Program) -> None:
    for path in ("convoys", "convoys/C-1", "convoys/NONE"):
        headers = program.ask(path).headers
        assert headers["Cache-Control"] == "private, no-cache"
        assert {"Authorization", "Cookie"} <= set(headers["Vary"].split(", "))


def test_head_and_options_are_answered(program: Program) -> None:
    assert program.ask("convoys", "HEAD").status == 200
    options = program.ask("convoys", "OPTIONS")
    assert (options.status, options.headers["Allow"]) == (200, "GET, HEAD, OPTIONS")


def test_the_address_with_a_slash_leads_to_the_index(program: Program) -> None:
    answer = program.ask("/api/v1/")
    assert (answer.status, answer.headers["Location"]) == (302, "/api/v1")
    assert program.get("/api/v1")["convoys"].endswith("/api/v1/convoys")


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html,application/xhtml+xml,*/*;q=0.8"])
def test_a_browser_gets_json_too(accept: str, program: Program) -> None:
    answer = program.ask("convoys", headers={"Accept": accept})
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")

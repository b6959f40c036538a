"""What goes with every answer: compression, other origins, what is left of the rate, and the request's id."""

from __future__ import annotations

import gzip
import re
from typing import Any

import pytest
import time_machine
from django.test import RequestFactory
from rest_framework.request import Request
from rest_framework.response import Response

from convoys.api.base import ReadView
from convoytracker import request_log
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> Program:
    make.make_convoy("C-1")
    return Program(make.partner())


# --- compression


def test_what_is_asked_for_with_a_token_is_compressed_and_keeps_its_tag(program: Program) -> None:
    plain = program.client.get("/api/v1/vocabulary")
    packed = program.client.get("/api/v1/vocabulary", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert len(packed.content) < len(plain.content) / 3
    assert int(packed.headers["Content-Length"]) == len(packed.content)
    assert packed.headers["ETag"] == plain.headers["ETag"]
    again = program.ask(
        "vocabulary", headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    )
    assert (again.status, "Content-Encoding" in again.headers) == (304, False)
    assert "Accept-Encoding" in again.headers["Vary"]


def test_what_a_browser_asks_for_by_its_cookie_never_is(program: Program) -> None:
    """A page elsewhere can have a browser ask, and see how long the answer is."""
    person = Program()
    person.client.force_login(make.partner())
    for sent in ({}, {"Authorization": "Basic eDp5"}):
        answer = person.client.get("/api/v1/vocabulary", headers={"Accept-Encoding": "gzip", **sent})
        assert (answer.status_code, "Content-Encoding" in answer.headers) == (200, False)
        assert "Accept-Encoding" in answer.headers["Vary"]
    page = person.client.get("/", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in page.headers


# --- pages of other origins

HERE = "https://maps.example.org"


def test_no_other_origin_is_let_in_unless_named(program: Program) -> None:
    asked = {"Origin": HERE, "Access-Control-Request-Method": "GET"}
    for answer in (
        program.ask("convoys", headers={"Origin": HERE}),
        program.ask("convoys", "OPTIONS", headers=asked),
    ):
        assert not [name for name in answer.headers if name.startswith("Access-Control")]
        assert "origin" in answer.headers["Vary"].lower()


def test_an_origin_that_is_named_may_ask_with_a_token_and_read_what_programs_read(
    program: Program, settings: Any
) -> None:
    settings.CORS_ALLOWED_ORIGINS = [HERE]
    wants = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    asked = {"Origin": HERE, **wants}
    before = Program().ask("convoys", "OPTIONS", headers=asked)  # a browser asks without the token
    assert before.status == 200
    assert before.headers["Access-Control-Allow-Origin"] == HERE
    assert before.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert {"authorization", "if-none-match"} <= set(
        before.headers["Access-Control-Allow-Headers"].split(", ")
    )
    for address in ("convoys", "convoys/NONE", "convoys?x=1"):
        answer = program.ask(address, headers={"Origin": HERE})
        assert answer.headers["Access-Control-Allow-Origin"] == HERE
        assert {"ETag", "Retry-After", "X-Request-ID"} <= set(
            answer.headers["Access-Control-Expose-Headers"].split(", ")
        )
        assert "Access-Control-Allow-Credentials" not in answer.headers
    tag = program.ask("convoys").headers["ETag"]
    confirmed = program.ask("convoys", headers={"Origin": HERE, "If-None-Match": tag})
    assert (confirmed.status, confirmed.headers["Access-Control-Allow-Origin"]) == (304, HERE)


def test_neither_other_origins_nor_pages_for_people_are_opened_by_it(program: Program, settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = [HERE]
    elsewhere = program.ask("convoys", headers={"Origin": "https://maps.example.org.evil.example"})
    assert "Access-Control-Allow-Origin" not in elsewhere.headers
    page = program.client.get("/accounts/login/", headers={"Origin": HERE})
    assert "Access-Control-Allow-Origin" not in page.headers


# --- the rate


def test_every_answer_says_what_is_left_of_the_rate(program: Program, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 3
    with time_machine.travel("2026-03-10T12:00:20Z", tick=False):
        tag = program.ask("convoys").headers["ETag"]
        answers = [
            program.ask("convoys", headers={"If-None-Match": tag}),
            program.ask("convoys/NONE"),
            program.ask("convoys"),
        ]
    assert [answer.status for answer in answers] == [304, 404, 429]
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"minute";q=3;w=60'}
    left = [answer.headers["RateLimit"] for answer in answers]
    assert left == ['"minute";r=1;t=40', '"minute";r=0;t=40', '"minute";r=0;t=40']
    assert answers[-1].headers["Retry-After"] == "40"
    with time_machine.travel("2026-03-10T12:01:00Z", tick=False):
        answer = program.ask("convoys")
    assert (answer.status, answer.headers["RateLimit"]) == (200, '"minute";r=2;t=60')


# --- the request's id


def test_a_request_keeps_a_sane_id_and_is_given_one_in_place_of_another(program: Program) -> None:
    for sane in ("a", "poll-2026.03.10_7", "4bf92f3577b34da6a3ce929d0e0e4736", "x" * 64):
        answer = program.ask("convoys/NONE", headers={"X-Request-ID": sane})
        assert (answer.headers["X-Request-ID"], answer.body["request_id"]) == (sane, sane)
    for strange in ("", " ", "-", "a b", "é", "a\tb", "x" * 65, "a/b", "<a>", "a,b", "%0a"):
        answer = program.ask("convoys/NONE", headers={"X-Request-ID": strange})
        assert re.fullmatch("[0-9a-f]{16}", answer.headers["X-Request-ID"]), strange
        assert answer.body["request_id"] == answer.headers["X-Request-ID"]


def test_the_log_line_has_the_id_that_the_caller_has(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(
        request_log.logger, "info", lambda *_: seen.append(request_log.request_id.get()), raising=True
    )
    program.ask("convoys", headers={"X-Request-ID": "poll-7"})
    assert seen == ["poll-7"]


# --- what a resource would answer that takes a body


class Taking(ReadView):
    permission_classes = ()
    authentication_classes = ()
    throttle_classes = ()

    def post(self, request: Request) -> Response:
        return Response(request.data)


def test_a_body_of_another_format_is_a_problem() -> None:
    asked = RequestFactory().post("/api/v1/x", data="<a/>", content_type="application/xml")
    response = Taking.as_view()(asked).render()
    assert (response.status_code, response["Content-Type"]) == (415, "application/problem+json")
    assert response.data["code"] == "unsupported-media-type"
    assert Program().get(response.data["type"].removeprefix("http://127.0.0.1:8000"))["status"] == 415


def test_a_method_that_is_not_there_says_which_are(program: Program) -> None:
    for address in ("convoys", "convoys/C-1", "docs"):
        answer = program.ask(address, "DELETE")
        assert answer.status == 405
        assert {"GET", "HEAD"} <= set(answer.headers["Allow"].split(", "))

"""Tokens by the API: shown once, no wider than the one that asks, revoked at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import ApiToken
from accounts.tokens import MOST_A_PERSON, issue_token
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> Program:
    return Program(make.partner())


def test_a_token_is_shown_once_and_opens_what_was_asked_for(program: Program) -> None:
    answer = program.send("POST", "tokens", {"label": "nightly", "scopes": ["manage", "read"]})
    assert answer.status == 201
    assert "no-store" in answer.headers["Cache-Control"]
    made, secret = answer.body, answer.body["secret"]
    assert made["scopes"] == ["read", "manage"]
    assert Program(secret=secret).get("me")["token"]["scopes"] == ["read", "manage"]
    again = program.get(answer.headers["Location"].partition("/api/v1/")[2])
    assert again == {name: value for name, value in made.items() if name != "secret"} | {
        "last_used_at": again["last_used_at"]
    }
    assert secret not in str(ApiToken.objects.values().get(pk=made["id"]))
    assert secret not in str(program.get("tokens"))


def test_of_which_nothing_is_said_it_reads_for_a_year(program: Program) -> None:
    made = program.send("POST", "tokens", {"label": "nightly"}).body
    assert made["scopes"] == ["read"]
    lasts = datetime.fromisoformat(made["expires_at"]) - timezone.now()
    assert timedelta(days=364) < lasts <= timedelta(days=365)


def test_a_token_gives_no_more_than_it_has() -> None:
    secret = issue_token(make.partner(), "maker", scopes=["tokens", "read"])[1]
    program = Program(secret=secret)
    refused = program.send("POST", "tokens", {"label": "wider", "scopes": ["manage"]})
    assert (refused.status, refused.body["code"]) == (422, "invalid-field")
    assert refused.body["errors"][0]["parameter"] == "scopes"
    assert program.send("POST", "tokens", {"label": "as wide", "scopes": ["tokens"]}).status == 201


def test_a_token_is_revoked_at_once_and_stays_in_the_list(program: Program) -> None:
    made = program.send("POST", "tokens", {"label": "nightly"}).body
    other = Program(secret=made["secret"])
    assert other.ask("convoys").status == 200
    for _ in range(2):
        assert program.send("DELETE", f"tokens/{made['id']}").status == 204
    assert other.ask("convoys").status == 401
    listed = {row["id"]: row for row in program.get("tokens")["results"]}
    assert listed[made["id"]]["revoked_at"] is not None


def test_a_token_may_revoke_itself(program: Program) -> None:
    own = ApiToken.objects.get()
    assert program.send("DELETE", f"tokens/{own.pk}").status == 204
    assert program.ask("me").status == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "label"),
        ({"label": ""}, "label"),
        ({"label": "x" * 101}, "label"),
        ({"label": "NUL \x00"}, "label"),
        ({"label": "half a character \ud800"}, "label"),
        ({"label": 5}, "label"),
        ({"label": None}, "label"),
        ({"label": "a", "scopes": []}, "scopes"),
        ({"label": "a", "scopes": "read"}, "scopes"),
        ({"label": "a", "scopes": ["all"]}, "scopes.0"),
        ({"label": "a", "scopes": [{}]}, "scopes.0"),
        ({"label": "a", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"label": "a", "expires_at": "2999-01-01T00:00:00Z"}, "expires_at"),
        ({"label": "a", "expires_at": "0001-01-01T00:00:00+23:59"}, "expires_at"),
        ({"label": "a", "expires_at": "2026-12-31"}, "expires_at"),
        ({"label": "a", "expires_at": "2026-12-31T10:00:00"}, "expires_at"),
        ({"label": "a", "expires_at": 1}, "expires_at"),
        ([], "body"),
        (None, "label"),
        ("text", "body"),
    ],
)
def test_what_cannot_be_taken_is_named(body: Any, field: str, program: Program) -> None:
    answer = program.send("POST", "tokens", body)
    assert (answer.status, answer.body["code"]) == (422, "invalid-field")
    assert field in [error["parameter"] for error in answer.body["errors"]]
    assert ApiToken.objects.count() == 1


def test_an_unknown_field_is_an_error_that_names_the_valid_ones(program: Program) -> None:
    answer = program.send("POST", "tokens", {"label": "a", "scope": "read", "\ud800": 1})
    assert (answer.status, answer.body["code"]) == (422, "unknown-field")
    assert "Valid here: label, scopes, expires_at." in answer.body["detail"]


@pytest.mark.parametrize(
    ("data", "more", "status", "code"),
    [
        (b"{", {}, 400, "bad-request"),
        (b'{"label": "a", "label": "b"}', {}, 400, "bad-request"),
        (b'{"label": NaN}', {}, 400, "bad-request"),
        (b"[" * 30_000, {}, 400, "bad-request"),
        (b"1" * 10_000, {}, 400, "bad-request"),
        (b'{"label": "\xff"}', {}, 400, "bad-request"),
        (b"label=a", {"content_type": "application/x-www-form-urlencoded"}, 415, "unsupported-media-type"),
        (b"{}" + b" " * 70_000, {}, 413, "body-too-large"),
        (b"{}", {"headers": {"Idempotency-Key": "1"}}, 400, "invalid-parameter"),
    ],
)
def test_what_is_no_small_json_object_is_refused(
    data: bytes, more: Any, status: int, code: str, program: Program
) -> None:
    answer = program.ask("tokens", "POST", data=data, **({"content_type": "application/json"} | more))
    assert (answer.status, answer.body["code"]) == (status, code)


def test_there_is_an_end_to_how_many_one_may_have(program: Program) -> None:
    partner = make.partner()
    for number in range(MOST_A_PERSON - 1):
        issue_token(partner, str(number))
    answer = program.send("POST", "tokens", {"label": "one more"})
    assert (answer.status, answer.body["code"]) == (422, "invalid-field")
    ApiToken.objects.filter(label="0").update(revoked_at=timezone.now())
    assert program.send("POST", "tokens", {"label": "one more"}).status == 201

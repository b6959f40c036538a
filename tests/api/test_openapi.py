"""The OpenAPI file: committed as it is served, true of every answer, and read in a browser of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from accounts.models import TokenScope
from accounts.tokens import issue_token
from convoys.services.changes import Claim, Target, agreement, control_point, convoy
from convoytracker.wsgi import application
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

COMMITTED = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"
# Read once: it takes seconds, and more than a hundred tests go by it.
DESCRIBED = yaml.safe_load(COMMITTED.read_text())
OPERATIONS = [
    (path, method.upper()) for path, operations in sorted(DESCRIBED["paths"].items()) for method in operations
]
# What a program manages of its own; nothing else can be written.
OWN = ("/api/v1/tokens", "/api/v1/subscriptions", "/api/v1/webhooks", "/api/v1/claims")


def test_the_committed_file_is_what_the_code_says_without_a_warning(tmp_path: Path) -> None:
    fresh = tmp_path / "openapi.yaml"
    call_command("spectacular", file=str(fresh), validate=True, fail_on_warn=True)
    assert fresh.read_text() == COMMITTED.read_text(), "run `make openapi` and commit docs/openapi.yaml"


def test_the_served_file_is_the_committed_one() -> None:
    served = Program(make.partner()).get("openapi.json")
    assert served == DESCRIBED


def test_every_operation_needs_a_token_and_names_its_errors() -> None:
    for path, operations in DESCRIBED["paths"].items():
        for operation in operations.values():
            if not path.startswith("/api/v1/problems"):
                assert any("token" in way for way in operation["security"]), path
                assert {"400", "401", "403", "404", "429", "500"} <= set(operation["responses"]), path
            for status, response in operation["responses"].items():
                if not status.startswith("2"):
                    assert set(response["content"]) == {"application/problem+json"}, (path, status)


def test_whatever_is_not_the_accounts_own_is_only_read_and_writing_takes_a_token_with_its_scope() -> None:
    for path, operations in DESCRIBED["paths"].items():
        writing = {method: one for method, one in operations.items() if method != "get"}
        assert not writing or path.startswith(OWN), path
        for operation in writing.values():
            scope = "tokens" if path.startswith("/api/v1/tokens") else "manage"
            assert operation["security"] == [{"token": [scope]}], path
            assert {"409", "413", "415", "422"} <= set(operation["responses"]), path


# --- the viewer


def test_the_viewer_asks_for_a_sign_in_and_has_nothing_inline_or_from_elsewhere() -> None:
    program = Program()
    assert program.ask("docs").headers["Location"] == "/accounts/login/?next=/api/v1/docs"
    program.client.force_login(make.partner())
    response = program.client.get("/api/v1/docs")
    page = response.content.decode()
    assert response.status_code == 200
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    sources = re.findall(r'<(?:script|link)[^>]*(?:src|href)="([^"]+)"', page)
    assert any("swagger-ui-bundle.js" in source for source in sources)
    assert all(source.startswith("/static/") for source in sources)
    assert all(finders.find(source.removeprefix("/static/")) for source in sources)
    assert re.findall(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", page) == []


# --- every answer, by the file


@pytest.fixture
def _one_connection(db: None) -> Iterator[None]:
    """Requests end without closing the connection that holds the test's transaction, as Django's own
    test client sees to."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def openapi(_one_connection: None, settings: Any) -> Any:
    """The API as a partner's program meets it, with one of everything on record."""
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    settings.ALLOWED_HOSTS = ["*"]
    make.organisation("other_society")
    waybill = {"issuer": "Carrier", "number": "7"}
    make.make_held_convoy("C-1", visible_to=["other_society"], declares={"references": [waybill]})
    make.tell("C-1", "passed", "2026-03-05", place="bridge")
    answered = make.apply(
        make.record("C-1", "seen", "2026-03-06", claims=[make.account(is_confidential=True)])
    )
    make.apply(
        Claim(Target(chain=answered.sequences[0][1]), make.account(speaker="aid_society", stance="denies")),
        Claim(Target(subject=convoy("C-1"), item="tonnes"), make.account(alleged_tonnes_low=41)),
    )
    make.tell(control_point("bridge"), "access_changed", "2026-03-01", access="closed")
    make.agreement()
    make.tell(agreement("passage"), "agreed", "2026-03-01", decided_by="other")
    secret = issue_token(make.partner(), "test", scopes=TokenScope.values)[1]
    return schemathesis.openapi.from_dict(deepcopy(DESCRIBED)), {
        "Authorization": f"Bearer {secret}",
        "Accept-Encoding": "identity",  # what is compressed it cannot read
    }


# The kinds of error take neither parameters nor tokens: nothing of them can be amiss.
WAYS_TO_ASK = [(path, method, GenerationMode.POSITIVE) for path, method in OPERATIONS]
WAYS_TO_ASK += [
    (path, method, GenerationMode.NEGATIVE) for path, method in OPERATIONS if "/problems" not in path
]

# A code that the file allows may be on record or not: 400 and 404 are then right answers. Who is let
# in is asked in test_access.
LEFT_TO_OTHER_TESTS = [positive_data_acceptance, ignored_auth]


@pytest.mark.parametrize(("path", "method", "mode"), WAYS_TO_ASK)
def test_every_answer_is_as_the_file_says(path: str, method: str, mode: GenerationMode, openapi: Any) -> None:
    schema, headers = openapi
    schema.app = application

    @hypothesis_settings(max_examples=12, database=None)
    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=headers, excluded_checks=LEFT_TO_OTHER_TESTS)

    ask()


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/api/v1/convoys/{reference}", {"reference": "C-1"}),
        ("/api/v1/convoys/by-reference/{issuer}/{number}", {"issuer": "Carrier", "number": "7"}),
        ("/api/v1/episodes", {}),
        ("/api/v1/routes/{code}", {"code": "main"}),
        ("/api/v1/control-points/{code}", {"code": "bridge"}),
        ("/api/v1/organisations/{code}", {"code": "aid_society"}),
        ("/api/v1/agreements/{code}", {"code": "passage"}),
        ("/api/v1/ledger/entries/{sequence}", {"sequence": 1}),
        ("/api/v1/ledger/inclusion/{sequence}", {"sequence": 1}),
        ("/api/v1/statistics/tonne-days", {}),
        ("/api/v1/statistics/held-now", {}),
        ("/api/v1/statistics/durations", {}),
    ],
)
def test_what_is_on_record_is_shown_as_the_file_says(
    path: str, parameters: dict[str, Any], openapi: Any
) -> None:
    schema, headers = openapi
    schema.app = application
    case = schema[path]["GET"].Case(path_parameters=parameters)
    response = case.call(headers=headers)
    assert response.status_code == 200
    case.validate_response(response, excluded_checks=LEFT_TO_OTHER_TESTS)


@pytest.mark.parametrize(
    ("resource", "body"),
    [
        ("tokens", {"label": "nightly"}),
        ("subscriptions", {"convoy": "C-1", "rhythm": "daily", "digest_hour": 7}),
        ("webhooks", {"url": "https://hooks.example.org/convoys"}),
        ("claims", {"event": 1, "stance": "denies", "statement": "No.", "speaker_kind": "carrier_staff"}),
    ],
)
def test_what_a_program_makes_is_answered_and_listed_as_the_file_says(
    resource: str, body: dict[str, Any], openapi: Any
) -> None:
    schema, headers = openapi
    schema.app = application
    path = f"/api/v1/{resource}"
    case = schema[path]["POST"].Case(body=body, media_type="application/json")
    made = case.call(headers=headers)
    assert made.status_code == 201, made.text
    case.validate_response(made, excluded_checks=LEFT_TO_OTHER_TESTS)
    for asked, key in ((path, None), (f"{path}/{{key}}", made.json()["id"])):
        case = schema[asked]["GET"].Case(path_parameters={"key": key} if key else {})
        shown = case.call(headers=headers)
        assert shown.status_code == 200
        case.validate_response(shown, excluded_checks=LEFT_TO_OTHER_TESTS)

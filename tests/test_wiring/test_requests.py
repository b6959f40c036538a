"""What every answer carries, and what a request leaves in the log."""

from __future__ import annotations

import logging
from io import BytesIO

import pytest
from django.db import DataError
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings

from convoytracker.logs import OneLineFormatter, StrangersInBriefFilter
from convoytracker.nul import NulIsABadRequestMiddleware
from tests import factories


@pytest.mark.django_db
def test_pages_may_load_nothing_from_elsewhere_and_nothing_inline(client: Client):
    policy = client.get("/accounts/login/").headers["Content-Security-Policy"]

    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.django_db
def test_the_admin_sends_strangers_to_the_common_sign_in(client: Client):
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0].startswith("/accounts/login/?next=")


@pytest.mark.django_db
def test_nobody_signs_up(client: Client):
    response = client.post(
        "/accounts/signup/", {"username": "x", "password1": "correct horse", "password2": "correct horse"}
    )
    assert response.status_code in (200, 403)
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
def test_a_request_is_logged_by_route_with_its_id(client: Client, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO, logger="convoytracker.request"):
        response = client.get("/no-such-page/of-Mr-Smith")

    assert [record.message.rsplit(" ", 2)[0] for record in caplog.records if "request" in record.name] == [
        "GET /(no such page) 404"
    ]
    assert len(response.headers["X-Request-ID"]) == 16


@pytest.mark.django_db
def test_a_form_without_its_token_does_not_bring_the_path_into_the_log(caplog: pytest.LogCaptureFixture):
    response = Client(enforce_csrf_checks=True).post("/convoys/of-Mr-Smith")

    assert response.status_code == 403
    assert "Smith" not in caplog.text


def test_a_log_record_is_one_line_without_addresses_and_personal_links():
    try:
        raise ValueError("mail to ana.k@example.org bounced")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, __file__, 1, "Internal Server Error: %s", ("/u/Zm9vYmFy/",), None
        )
        record.exc_info = (ValueError, error, error.__traceback__)

    line = OneLineFormatter("%(levelname)s %(message)s").format(record)

    assert line.startswith("ERROR Internal Server Error: /u/(token)/ | Traceback")
    assert "\n" not in line
    assert "ana.k" not in line
    assert "mail to (address) bounced" in line


@pytest.mark.django_db
def test_a_posted_file_is_not_read_and_what_stood_before_it_is(rf: RequestFactory):
    request = rf.post("/accounts/login/", {"login": "officer", "picture": BytesIO(b"x" * 5_000_000)})

    assert request.POST["login"] == "officer"
    assert not request.FILES
    assert request.environ["wsgi.input"].read(1), "the rest was read nevertheless"


@pytest.mark.django_db
@override_settings(SECURE_SSL_REDIRECT=True)
def test_what_is_refused_before_any_page_has_the_policy_too(client: Client):
    response = client.get("/data", headers={"host": "elsewhere.example"})

    assert response.status_code == 400
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    [
        "/u/%00",
        "/convoys/%00",
        "/convoys?q=%00&route=%00",
        "/api/v1/convoys/%00",
        "/admin/convoys/place/%00/change/",
        "/admin/convoys/place/?country__exact=%00",
        "/admin/convoys/agreement/%00/edit/",
        "/admin/convoys/message/?state__exact=%00",
    ],
)
def test_a_nul_in_an_address_is_no_fault_of_ours(client: Client, address: str):
    client.raise_request_exception = False
    client.force_login(factories.administrator())
    assert client.get(address).status_code < 500


def test_what_postgresql_says_of_a_nul_is_answered_as_a_bad_request(rf: RequestFactory):
    said = DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    middleware = NulIsABadRequestMiddleware(lambda request: HttpResponse())

    page = middleware.process_exception(rf.get("/u/%00"), said)
    problem = middleware.process_exception(rf.get("/api/v1/x"), said)

    assert page is not None
    assert problem is not None
    assert (page.status_code, problem.status_code) == (400, 400)
    assert problem.headers["Content-Type"] == "application/problem+json"
    assert middleware.process_exception(rf.get("/"), DataError("value out of range")) is None


@pytest.mark.django_db
def test_a_page_of_somebody_signed_in_is_kept_by_no_cache(client: Client):
    client.force_login(factories.officer())

    assert client.get("/convoys").headers["Cache-Control"] == "private, no-store"
    assert "Cache-Control" not in Client().get("/healthz").headers


@pytest.mark.parametrize(
    ("logger", "has_traceback"), [("django.security.X", False), ("django.request", True)]
)
def test_what_strangers_send_is_logged_without_a_traceback(logger: str, has_traceback: bool):
    try:
        raise ValueError("too many fields")
    except ValueError as problem:
        info = (type(problem), problem, problem.__traceback__)
    record = logging.LogRecord(logger, logging.ERROR, __file__, 1, "refused", (), info)

    assert StrangersInBriefFilter().filter(record)
    assert ("Traceback" in OneLineFormatter("%(message)s").format(record)) is has_traceback

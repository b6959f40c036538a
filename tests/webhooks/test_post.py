"""One call to a stranger's server: what it says counts, how it says it cannot hold us up or lead us on."""

from __future__ import annotations

import ssl
import time

import pytest

from convoys.services.webhooks import post as post_module
from convoys.services.webhooks.post import post
from tests.webhooks.receiver import Receiver

BODY = b'{"type":"test"}'


@pytest.mark.parametrize("status", [200, 202, 204, 299, 400, 404, 410, 500, 503])
def test_the_status_is_what_counts(receiver, status):
    receiver.answers = [(status, {})]
    answer = post(receiver.url(path="/hook?key=1"), BODY, {"Content-Type": "application/json"})
    assert (answer.status, answer.problem, answer.may_have_arrived) == (status, "", False)
    (call,) = receiver.calls
    assert (call.path, call.body) == ("/hook?key=1", BODY)
    assert call.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert call.headers["content-length"] == str(len(BODY))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(receiver, status):
    receiver.answers = [(status, {"Location": receiver.url(path="/elsewhere")})]
    assert post(receiver.url(), BODY, {}).status == status
    assert [call.path for call in receiver.calls] == ["/hook"]


@pytest.mark.parametrize(
    ("header", "seconds"), [("120", 120.0), ("0", 0.0), ("soon", None), ("-5", None), ("9" * 50, 999999999.0)]
)
def test_when_to_come_again_is_read_in_seconds(receiver, header, seconds):
    receiver.answers = [(429, {"Retry-After": header})]
    assert post(receiver.url(), BODY, {}).retry_after == seconds


def test_when_to_come_again_is_read_as_a_date(receiver):
    at = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 600))
    receiver.answers = [(503, {"Retry-After": at})]
    wait = post(receiver.url(), BODY, {}).retry_after
    assert wait is not None
    assert 595 <= wait <= 601


@pytest.mark.parametrize("how", [Receiver.SILENT, Receiver.SLOW_HEAD])
def test_a_server_that_keeps_us_waiting_is_left_at_the_deadline(receiver, how):
    receiver.answers = [how]
    begun = time.monotonic()
    answer = post(receiver.url(), BODY, {}, seconds=0.4)
    assert time.monotonic() - begun < 2
    assert answer.status is None
    assert answer.problem == "It did not answer in time."
    assert answer.may_have_arrived


@pytest.mark.parametrize("how", [Receiver.SLOW_BODY, Receiver.HUGE_BODY])
def test_a_body_that_does_not_end_is_cut_and_the_status_stands(receiver, how, monkeypatch):
    monkeypatch.setattr(post_module, "BODY_SECONDS", 0.2)
    receiver.answers = [how]
    begun = time.monotonic()
    answer = post(receiver.url(), BODY, {})
    assert time.monotonic() - begun < 2
    assert answer.status == 200


def test_a_connection_broken_off_may_have_brought_it_there(receiver):
    receiver.answers = [Receiver.RESET]
    answer = post(receiver.url(), BODY, {})
    assert answer.problem == "The connection was broken off before an answer came."
    assert answer.may_have_arrived


def test_what_is_not_http_is_told_without_its_words(receiver):
    receiver.answers = [Receiver.NOT_HTTP]
    answer = post(receiver.url(), BODY, {})
    assert answer.problem == "What it answered is not HTTP."


def test_where_nobody_listens_nothing_arrived(receiver):
    receiver.stop()
    answer = post(receiver.url(), BODY, {})
    assert answer.problem == "The connection was refused."
    assert not answer.may_have_arrived


def test_https_by_the_name_of_the_host_at_the_address_that_was_looked_at(authority, names, settings):
    server = Receiver(authority.server("hooks.example"))
    settings.WEBHOOK_ALSO_ALLOWED = [f"127.0.0.1:{server.port}"]
    names.say("hooks.example", ["127.0.0.1"])
    assert post(server.url("hooks.example"), BODY, {}).status == 204
    assert server.calls[0].headers["host"] == f"hooks.example:{server.port}"
    server.stop()


@pytest.mark.parametrize("fault", ["another name", "expired", "unknown authority", "no https"])
def test_a_certificate_that_is_not_right_is_refused_before_anything_is_said(
    fault, authority, names, settings, monkeypatch, tmp_path
):
    name = "other.example" if fault == "another name" else "hooks.example"
    server = Receiver(authority.server(name, expired=fault == "expired") if fault != "no https" else None)
    settings.WEBHOOK_ALSO_ALLOWED = [f"127.0.0.1:{server.port}"]
    names.say("hooks.example", ["127.0.0.1"])
    if fault == "unknown authority":
        monkeypatch.setattr(post_module, "tls_context", ssl.create_default_context)
    answer = post(f"https://hooks.example:{server.port}/hook", BODY, {}, seconds=3)
    assert answer.status is None
    assert not answer.may_have_arrived
    assert server.calls == []
    expected = "No secure connection" if fault == "no https" else "Its certificate was not accepted"
    assert answer.problem.startswith(expected)
    server.stop()


def test_by_ipv6_too(settings):
    server = Receiver(address="::1")
    settings.WEBHOOK_ALSO_ALLOWED = [f"[::1]:{server.port}"]
    assert post(server.url("[::1]"), BODY, {}).status == 204
    assert server.calls[0].headers["host"] == f"[::1]:{server.port}"
    server.stop()

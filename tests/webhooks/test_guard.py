"""No webhook leads into our own network: whatever is written as its address, and whatever its name means."""

from __future__ import annotations

import ipaddress
import socket
import threading

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.provisional import urls

from convoys.services.webhooks.guard import RefusedError, Target, check_address, check_url, is_public, resolve
from convoys.services.webhooks.post import post

PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "93.184.216.34",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700:4700::1111",
    "2a00::1",
]
FORBIDDEN = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.0.0.1",  # noqa: S104
    "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "168.63.129.16", "192.0.0.8",
    "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::8.8.8.8",
    "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "2001:10::1",
    "2002:7f00:1::1", "2002:808:808::1", "3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1",
    "fec0::1", "ff02::1", "2001:20::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_called(address):
    check_address(ipaddress.ip_address(address), 443, "https")


@pytest.mark.parametrize("address", FORBIDDEN)
def test_all_others_may_not(address):
    with pytest.raises(RefusedError):
        check_address(ipaddress.ip_address(address), 443, "https")
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(RefusedError):
        check_url(f"https://{host}/hook")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hook",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org:443/",
        "//example.org/",
        "example.org",
        "",
        "https://",
        "https:///hook",
        "https://user:password@example.org/",
        "https://example.org@127.0.0.1/",
        "https://example.org:22/",
        "https://example.org:6379/",
        "https://example.org:80/",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://example.org/#part",
        "https://example.org/#",
        "https://example.org/a b",
        "https://example.org/\r\nX-Evil: 1",
        "https://example.org\\@127.0.0.1/",
        "https://exämple.org/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://[fe80::1%25eth0]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[::1]evil.example/",
        "https://exa_mple..org/",
        "https://" + "a" * 64 + ".org/",
        "https://example.org/" + "a" * 500,
    ],
)
def test_addresses_that_are_refused_as_they_are_written(url):
    with pytest.raises(RefusedError):
        check_url(url)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://example.org", Target("https", "example.org", 443, "/")),
        ("https://Hooks.Example.org:8443/a/b?c=d", Target("https", "hooks.example.org", 8443, "/a/b?c=d")),
        ("https://xn--exmple-cua.org/", Target("https", "xn--exmple-cua.org", 443, "/")),
        ("https://[2606:4700:4700::1111]/x", Target("https", "2606:4700:4700::1111", 443, "/x")),
    ],
)
def test_an_address_is_taken_apart_once_and_the_parts_are_what_is_called(url, target):
    assert check_url(url) == target


def test_a_name_that_leads_to_a_private_address_is_refused(names):
    names.say("inside.example", ["10.0.0.7"])
    answer = post("https://inside.example/hook", b"{}", {})
    assert answer.status is None
    assert answer.problem == "The address does not lead to a public host."
    assert not answer.may_have_arrived


def test_one_private_address_among_public_ones_refuses_all(names):
    names.say("mixed.example", ["8.8.8.8", "127.0.0.1", "1.1.1.1"])
    with pytest.raises(RefusedError):
        resolve(check_url("https://mixed.example/"), 1)


def test_a_name_that_changes_its_mind_is_asked_once_and_called_where_it_was_looked_at(
    names, monkeypatch, receiver
):
    """Rebinding: public at the first question, ours at the second."""
    names.say("rebinding.example", ["8.8.8.8"], ["127.0.0.1"])
    called = []

    def connect(self, address):
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    assert post("https://rebinding.example/", b"{}", {}).problem == "The connection was refused."
    assert called == [("8.8.8.8", 443)]
    assert names.asked == ["rebinding.example"]
    assert receiver.connections == 0


def test_a_name_server_that_does_not_answer_is_waited_for_no_longer_than_allowed(monkeypatch):
    gone = threading.Event()

    def getaddrinfo(*_, **__):
        gone.wait(20)
        return []

    monkeypatch.setattr("convoys.services.webhooks.guard.socket.getaddrinfo", getaddrinfo)
    with pytest.raises(RefusedError, match="not answered"):
        resolve(check_url("https://slow.example/"), 0.1)
    gone.set()


def test_the_list_for_tests_allows_that_address_and_port_and_no_other(settings):
    settings.WEBHOOK_ALSO_ALLOWED = ["127.0.0.1:9000", "[::1]:9001"]
    assert check_url("http://127.0.0.1:9000/hook").port == 9000
    assert check_url("http://[::1]:9001/hook").port == 9001
    for url in (
        "http://127.0.0.1:9001/",
        "http://127.0.0.2:9000/",
        "http://8.8.8.8/",
        "https://10.0.0.1:9000/",
    ):
        with pytest.raises(RefusedError):
            check_url(url)


def test_a_demonstration_calls_nobody_outside(settings, names):
    settings.DEMO = True
    with pytest.raises(RefusedError, match="demonstration"):
        check_url("https://example.org/")
    settings.WEBHOOK_ALSO_ALLOWED = ["127.0.0.1:9000"]
    check_url("http://127.0.0.1:9000/hook")
    names.say("example.org", ["8.8.8.8"])
    assert (
        post("https://example.org/", b"{}", {}).problem == "This is a demonstration: it calls nobody outside."
    )


def test_the_environments_proxies_are_not_asked(receiver, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert post(receiver.url(), b"{}", {}).status == 204


addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6), st.sampled_from(FORBIDDEN).map(str))
hosts = st.one_of(
    addresses.map(lambda one: f"[{one}]" if ":" in str(one) else str(one)),
    st.integers(0, 2**32 - 1).map(str),
    st.integers(0, 2**32 - 1).map(hex),
    st.sampled_from(
        ["localhost", "localhost.localdomain", "ip6-localhost", "metadata.google.internal", "[::1]"]
    ),
    st.from_regex(r"[a-z0-9.\-%\[\]:@]{1,30}", fullmatch=True),
)
written = st.builds(
    lambda scheme, credentials, host, port, rest: f"{scheme}://{credentials}{host}{port}/{rest}",
    st.sampled_from(["https", "http", "HTTPS", "https\t", "ftp"]),
    st.sampled_from(["", "", "user@", "user:pw@", "8.8.8.8:443@", "example.org\\@"]),
    hosts,
    st.one_of(st.just(""), st.just(":443"), st.just(":8443"), st.integers(-1, 70000).map(lambda p: f":{p}")),
    st.text(max_size=10),
)


@given(
    url=st.one_of(written, urls(), st.text(max_size=80)), means=st.lists(addresses, min_size=1, max_size=4)
)
@example(url="https://8.8.8.8@127.0.0.1/", means=["127.0.0.1"])
@example(url="https://name.example/", means=["8.8.8.8", "127.0.0.1"])
def test_whatever_is_written_and_whatever_it_means_no_forbidden_address_is_connected_to(url, means):
    connected = []

    def connect(self, address):
        connected.append(address)
        raise ConnectionRefusedError

    def getaddrinfo(host, port, *_, **__):
        return [(None, None, None, "", (str(one), port)) for one in means]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        patch.setattr("convoys.services.webhooks.guard.socket.getaddrinfo", getaddrinfo)
        answer = post(url, b"{}", {}, seconds=2)
    assert answer.status is None
    for address, port in connected:
        assert is_public(ipaddress.ip_address(address))
        assert address not in FORBIDDEN
        assert port in (443, 8443)

"""Where a webhook may lead: to public addresses by https, and nowhere inside our own network.

A URL is looked at when it is entered, and its host again before every call: each address that the
name has is looked at, and the call goes to an address that was looked at, never through a second
look-up. What is not known to be public is refused.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

DEMONSTRATION = "This is a demonstration: it calls nobody outside."
PORTS = frozenset({443, 8443})
MOST_CHARACTERS = 500
MOST_ADDRESSES = 32
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\Z")
# Resolvers take 2130706433, 0x7f.1 and 127.1 for addresses; no name ends in a number.
_NUMBER = re.compile(r"(.*\.)?(0x[0-9a-f]*|[0-9]+)\Z")
_PRINTABLE = re.compile(r"[!-~]+\Z")  # ASCII without space and control characters

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# IPv4 that is not the public internet: the registry of special purposes, and a cloud's metadata address
# which is public by its number.
FORBIDDEN_4 = [
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
    )
]  # fmt: skip
# Of IPv6 only the range of global unicast is in use; what maps IPv4 (::ffff:0:0/96, NAT64) lies outside
# of it, Teredo and 6to4 within.
GLOBAL_6 = ipaddress.IPv6Network("2000::/3")
FORBIDDEN_6 = [
    ipaddress.IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
]  # fmt: skip


class RefusedError(Exception):
    """The URL may not be called, now or at all; the sentence says why, for its owner."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Target:
    """A URL taken apart: what to connect to, which name its certificate must have, what to ask for."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        standard = {"https": 443, "http": 80}[self.scheme]
        return host if self.port == standard else f"{host}:{self.port}"


def check_url(url: str) -> Target:
    """Take a URL apart without asking the network. Raises RefusedError."""
    if len(url) > MOST_CHARACTERS:
        raise RefusedError(f"The address may have {MOST_CHARACTERS} characters at most.")
    if not _PRINTABLE.match(url) or "\\" in url:
        raise RefusedError("Write the address in plain ASCII without spaces, a host name in its xn-- form.")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise RefusedError("This is not an address that can be called.") from None
    allowed = also_allowed()
    if parts.scheme != "https" and not (parts.scheme == "http" and allowed):
        raise RefusedError("The address must begin with https://.")
    if "@" in parts.netloc:
        raise RefusedError("The address may not contain a name or password: the signature says who calls.")
    if parts.fragment or url.endswith("#"):
        raise RefusedError("The address may not have a part after #.")
    if not host:
        raise RefusedError("The address has no host name.")
    port = port if port is not None else {"https": 443, "http": 80}[parts.scheme]
    if port not in PORTS | {port for _, port in allowed}:
        raise RefusedError("The address may use port 443 or 8443 and no other.")
    if settings.DEMO and not allowed:
        raise RefusedError(DEMONSTRATION)
    if literal := _literal(host):
        check_address(literal, port, parts.scheme)
    elif not _HOST.match(host) or _NUMBER.match(host):
        raise RefusedError("This is not a host name.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, path)


def check_address(address: Address, port: int, scheme: str) -> None:
    """Refuse whatever is not known to be public. Plain http goes to listed addresses alone.

    A demonstration, whose passwords are on its sign-in page, calls listed addresses and nobody else.
    """
    if (str(address), port) in also_allowed():
        return
    if settings.DEMO:
        raise RefusedError(DEMONSTRATION)
    if scheme != "https" or port not in PORTS or not is_public(address):
        raise RefusedError("The address does not lead to a public host.")


def is_public(address: Address) -> bool:
    """Whether an address is on the public internet, by our own lists and the library's."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in FORBIDDEN_4)
    return (
        address.scope_id is None
        and address in GLOBAL_6
        and not any(address in network for network in FORBIDDEN_6)
    )


def resolve(target: Target, seconds: float) -> list[Address]:
    """The addresses of the host, every one of them looked at. Raises RefusedError.

    One forbidden address among public ones refuses all: such a name is made to mislead.
    """
    found = [literal] if (literal := _literal(target.host)) else _look_up(target, seconds)
    for address in found:
        check_address(address, target.port, target.scheme)
    return found


def also_allowed() -> set[tuple[str, int]]:
    """Pairs of address and port that development and tests may call besides, by http too."""
    pairs = set()
    for entry in settings.WEBHOOK_ALSO_ALLOWED:
        address, _colon, port = entry.rpartition(":")
        pairs.add((str(ipaddress.ip_address(address.strip("[]"))), int(port)))
    return pairs


def _literal(host: str) -> Address | None:
    """The address where the host is one in its usual form; other forms go through the resolver."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _look_up(target: Target, seconds: float) -> list[Address]:
    """Ask the system's resolver, which knows no time limit: in a thread that nobody waits for longer."""
    answers: list[list[Address] | None] = []

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            answers.append([ipaddress.ip_address(row[4][0]) for row in rows])
        except (OSError, ValueError):
            answers.append(None)

    asking = threading.Thread(target=ask, daemon=True, name="webhook-name")
    begun = time.monotonic()
    asking.start()
    asking.join(seconds)
    if not answers:
        raise RefusedError(f"The host's name was not answered within {time.monotonic() - begun:.0f} seconds.")
    found = answers[0]
    if not found or len(found) > MOST_ADDRESSES:
        raise RefusedError("The host's name leads to no address.")
    return list(dict.fromkeys(found))

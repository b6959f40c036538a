"""Shared by the webhook tests: a receiver that may be called although it is not public, and its callers."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.alerting.conftest import clock, post_office, sweep
from tests.webhooks.authority import Authority
from tests.webhooks.hooks import Hook
from tests.webhooks.receiver import Call, Receiver

__all__ = ["clock", "post_office", "sweep"]


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """A server on this machine; the setting allows its very address and port, and nothing besides."""
    server = Receiver()
    settings.WEBHOOK_ALSO_ALLOWED = [f"127.0.0.1:{server.port}"]
    yield server
    server.stop()


@pytest.fixture
def hook(clock: Any, receiver: Receiver) -> Hook:
    """The partner's webhook at that server."""
    return Hook(receiver)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """Certificates that the caller trusts."""
    made = Authority(tmp_path)
    monkeypatch.setattr("convoys.services.webhooks.post.tls_context", made.trusting)
    return made


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """The name server of the tests: answers what it is told, and remembers what it was asked."""
    server = Names()
    monkeypatch.setattr("convoys.services.webhooks.guard.socket.getaddrinfo", server.getaddrinfo)
    return server


class Names:
    """`answers` maps a host to what it is said to be; several lists are given one after the other."""

    def __init__(self) -> None:
        self.answers: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []

    def say(self, host: str, *answers: Sequence[str]) -> None:
        self.answers[host] = [list(one) for one in answers]

    def getaddrinfo(self, host: str, port: int, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
        self.asked.append(host)
        told = self.answers.get(host)
        if not told:
            raise OSError("no such name")
        addresses = told.pop(0) if len(told) > 1 else told[0]
        return [(None, None, None, "", (address, port)) for address in addresses]


def is_signed(call: Call, secret: str) -> bool:
    """The rules' own recipe, written again without a look at ours."""
    key = base64.b64decode(secret.split("_", 1)[1])
    said = f"{call.headers['webhook-id']}.{call.headers['webhook-timestamp']}.".encode() + call.body
    expected = "v1," + base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()
    return expected in call.headers["webhook-signature"].split(" ")


Sweep = Callable[..., Any]

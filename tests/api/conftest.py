"""Programs that ask the API: one for each person of the cast, each with a token of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import TokenScope, User
from accounts.tokens import issue_token


@dataclass
class Answer:
    """What came back: status, headers, the JSON document, and the bytes of whatever it was."""

    status: int
    headers: Any
    body: Any
    content: bytes = b""

    @property
    def references(self) -> list[str]:
        return [row["reference"] for row in self.body["results"]]


class Program:
    """A client that sends a bearer token that opens everything, or none."""

    def __init__(self, user: User | None = None, secret: str = "") -> None:
        self.secret = secret or (issue_token(user, "test", scopes=TokenScope.values)[1] if user else "")
        headers = {"Authorization": f"Bearer {self.secret}"} if self.secret else {}
        self.client = Client(headers=headers, raise_request_exception=False)

    def ask(self, path: str, method: str = "GET", **more: Any) -> Answer:
        address = path if path.startswith(("/", "http://")) else f"/api/v1/{path}"
        response = self.client.generic(method, address, **more)
        content = response.getvalue()
        is_json = "json" in response.headers.get("Content-Type", "") and method != "HEAD"
        return Answer(
            response.status_code, response.headers, json.loads(content) if is_json else None, content
        )

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """Ask with a JSON body, or with none."""
        data = b"" if body is None else json.dumps(body).encode()
        return self.ask(path, method, data=data, content_type="application/json", **more)

    def get(self, path: str) -> Any:
        """The document of an answer that must be a 200."""
        answer = self.ask(path)
        assert answer.status == 200, answer.body
        return answer.body


@pytest.fixture(autouse=True)
def _no_counts_left() -> None:
    """Rate limits are counted in the cache, which outlives a test."""
    cache.clear()


@pytest.fixture
def program(db: None) -> Callable[[User | None], Program]:
    return Program

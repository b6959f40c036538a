"""Asks as people and programs do: whole answers of the API and whole pages, through every layer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.test import Client

from accounts.models import User
from accounts.tokens import issue_token
from benchmarks.lives import LAST

# A good year before the record ends: as many convoys are under way as there are at its end.
THEN = {"as_of": (LAST - timedelta(days=400)).date().isoformat()}
THEN_AS_KNOWN = THEN | {"known_at": THEN["as_of"]}


class Asker:
    """A program with a token, or a person who has signed in."""

    def __init__(self, user: User) -> None:
        self._program = Client(
            headers={"Authorization": f"Bearer {issue_token(user, 'benchmark')[1]}"}, SERVER_NAME="localhost"
        )
        self._person = Client(SERVER_NAME="localhost")
        self._person.force_login(user)

    def api(self, path: str, **query: Any) -> Callable[[], bytes]:
        """An answer of the API, to be asked for again and again."""
        return self._ask(self._program, f"/api/v1/{path}", query)

    def api_again(self, path: str, **query: Any) -> Callable[[], bytes]:
        """The same by a program that has the answer already and is told so."""
        address = f"/api/v1/{path}?{urlencode(query)}"
        tag = self._program.get(address).headers["ETag"]
        return self._ask(self._program, f"/api/v1/{path}", query, 304, headers={"If-None-Match": tag})

    def page(self, path: str, **query: Any) -> Callable[[], bytes]:
        """A page for people."""
        return self._ask(self._person, path, query)

    @staticmethod
    def _ask(
        client: Client, path: str, query: dict[str, Any], status: int = 200, **sent: Any
    ) -> Callable[[], bytes]:
        address = f"{path}?{urlencode(query)}" if query else path

        def ask() -> bytes:
            cache.clear()  # rate limits are counted there
            response = client.get(address, **sent)
            if response.status_code != status:
                raise RuntimeError(f"{address} answered {response.status_code}: {response.content[:300]!r}")
            return bytes(response.content)

        return ask

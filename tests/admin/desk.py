"""Opening and sending the desk's forms as a browser without JavaScript does."""

from __future__ import annotations

import html
from html.parser import HTMLParser
from typing import Any

from django.contrib.admin.utils import quote
from django.test import Client
from django.urls import reverse

from accounts.models import User
from convoys.models import Convoy


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page(reference: str) -> str:
    return reverse("admin:convoys_convoy_change", args=[quote(Convoy.objects.get(reference=reference).pk)])


def act(reference: str, name: str, *args: Any) -> str:
    return reverse(f"admin:convoys_convoy_{name}", args=[Convoy.objects.get(reference=reference).pk, *args])


class _Form(HTMLParser):
    """The fields of the form with id `record`, with the values that a browser would send."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = False
        self.values: dict[str, Any] = {}
        self.names: set[str] = set()
        self._select = self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = dict(attrs)
        if tag == "form":
            self.inside = a.get("id") == "record"
        name = a.get("name")
        if not self.inside:
            return
        if name:
            self.names.add(name)
        if tag == "input" and name:
            kind = a.get("type", "text")
            if kind in ("submit", "button") or (kind in ("radio", "checkbox") and "checked" not in a):
                return
            value = a.get("value", "on" if kind == "checkbox" else "") or ""
            if name in self.values and kind == "checkbox":
                old = self.values[name]
                self.values[name] = [*old, value] if isinstance(old, list) else [old, value]
            else:
                self.values[name] = value
        elif tag == "select" and name:
            self._select = name
        elif tag == "option" and self._select:
            if "selected" in a or self._select not in self.values:
                self.values[self._select] = a.get("value", "") or ""
        elif tag == "textarea" and name:
            self._text = name
            self.values[name] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        if tag == "select":
            self._select = ""
        if tag == "textarea":
            self._text = ""

    def handle_data(self, data: str) -> None:
        if self._text:
            self.values[self._text] += data.lstrip("\n") if not self.values[self._text] else data


def form_in(source: str) -> dict[str, Any]:
    parser = _Form()
    parser.feed(source)
    return parser.values


def names_in(source: str) -> set[str]:
    parser = _Form()
    parser.feed(source)
    return parser.names


def opened(client: Client, url: str) -> dict[str, Any]:
    """The values of a fresh form at this address."""
    response = client.get(url)
    assert response.status_code == 200, response.status_code
    return form_in(response.content.decode())


SOURCE = {"speaker": "An observer", "speaker_kind": "monitor"}


def text_of(response: Any) -> str:
    """A page's source with its entities read."""
    return html.unescape(response.content.decode())


def send(client: Client, url: str, **typed: Any) -> Any:
    """Open the form at this address, type over what it says, send it."""
    return client.post(url, opened(client, url) | typed)


def problems_of(response: Any) -> str:
    """What the page says is wrong, for the message of a failed test."""
    text = text_of(response)
    return "\n".join(line.strip() for line in text.splitlines() if "error" in line or "errornote" in line)

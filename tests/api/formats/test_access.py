"""Every address in every format that it has, asked by everybody: no format tells more than JSON does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.urls import URLPattern

from convoys.api.formats.negotiation import renderers_of
from convoys.api.urls import urlpatterns
from tests.api.conftest import Program
from tests.api.formats.reading import sheets
from tests.api.test_access import ADDRESSES, CAST, country

__all__ = ["country"]
pytestmark = pytest.mark.django_db

TABLES = {
    "convoys", "events", "episodes", "routes", "control-points", "organisations", "agreements", "tonne-days",
    "held-now", "durations", "vocabulary",
}  # fmt: skip
MAPS = {"routes", "control-points"}


def view_of(pattern: URLPattern) -> Any:
    return getattr(pattern.callback, "view_class", None) or getattr(pattern.callback, "cls", None)


def formats() -> dict[str, list[str]]:
    """The formats besides JSON of each address of the router."""
    found = {}
    for pattern in urlpatterns:
        view = view_of(pattern) if isinstance(pattern, URLPattern) else None
        if getattr(view, "table", None) or getattr(view, "features", None):
            found[str(pattern.name)] = [str(renderer.format) for renderer in renderers_of(view)]
    return found


def test_what_has_a_table_or_a_map_says_so_here_and_no_convoy_is_on_any() -> None:
    found = formats()
    assert {name for name, forms in found.items() if {"csv", "xlsx"} <= set(forms)} == TABLES
    assert {name for name, forms in found.items() if "geojson" in forms} == MAPS


def rows_told(form: str, content: bytes) -> Any:
    """What a file says, to be held against what JSON says."""
    if form == "geojson":
        return [feature["properties"] for feature in json.loads(content)["features"]]
    if form == "csv":
        return content.decode().splitlines()
    return next(iter(sheets(content).values()))


@pytest.mark.parametrize("who", CAST)
def test_everybody_is_let_in_and_refused_as_in_json(who: str, country: None, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 100_000
    program = Program(CAST[who]())
    for name, forms in formats().items():
        for address, allowed in ADDRESSES[name].items():
            for form in forms:
                asked = f"{address}{'&' if '?' in address else '?'}format={form}"
                answer = program.ask(asked)
                assert answer.status == program.ask(address).status, asked
                assert answer.status == 200 or who not in allowed
                if answer.status != 200:
                    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("who", ["partner", "other partner", "viewer"])
def test_a_file_has_as_many_rows_as_json_for_each_reader(who: str, country: None, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 100_000
    program = Program(CAST[who]())
    for name in TABLES - {"tonne-days", "held-now", "durations", "vocabulary"}:
        for address, allowed in ADDRESSES[name].items():
            if who not in allowed:
                continue
            sign = "&" if "?" in address else "?"
            told = program.get(f"{address}{sign}page_size=500")["results"]
            for form in formats()[name]:
                content = program.ask(f"{address}{sign}format={form}").content
                assert len(rows_told(form, content)) == len(told) + (form != "geojson"), (address, form)


def test_own_tokens_subscriptions_webhooks_and_accounts_are_json_alone() -> None:
    own = {"tokens", "token", "subscriptions", "webhooks", "claims", "me"}
    assert not own & set(formats())

"""Every page of the desk stands under the content policy and needs no script."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.admin import desk

PAGES = [
    "index",
    "convoys_convoy_changelist",
    "convoys_convoy_register",
    "convoys_convoy_still_there",
    "convoys_place_changelist",
    "convoys_place_add",
    "convoys_route_add",
    "convoys_event_changelist",
    "accounts_user_changelist",
    "accounts_user_add",
    "accounts_apitoken_add",
    "password_change",
]


def check(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    policy = response["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    source = response.content.decode()
    assert not re.search(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|javascript:", source), url
    for address in re.findall(r'(?:src|href)="([^"]*)"', source):
        assert not re.match(r"(https?:)?//", address) or "rel=" in source, address
    assert 'name="viewport"' in source
    assert "ct/tokens.css" in source
    assert "ct/admin.css" in source
    return source


@pytest.mark.parametrize("name", PAGES)
def test_pages_of_the_desk(name: str, held: str) -> None:
    from tests import factories

    check(desk.signed_in(factories.administrator()), reverse(f"admin:{name}"))


def test_pages_of_a_convoy(held: str, coordinator: Client) -> None:
    for url in (desk.page(held), desk.act(held, "record", "held"), desk.act(held, "history")):
        source = check(coordinator, url)
        assert "Ledger:" in source


def test_still_there_comes_first_and_what_is_rare_is_folded(held: str, officer: Client) -> None:
    source = officer.get(desk.page(held)).content.decode()
    source = source[source.index('class="legal"') :]
    acts = re.findall(r"/record/([a-z_]+)/", source)
    assert acts[0] == "seen"
    assert source.index("/record/released/") < source.index("<details") < source.index("/record/inspected/")
    assert "/record/departed/#record" not in source, "what is not legal now has no button"
    assert "/record/resumed/#record" not in source


def test_every_field_has_a_label(held: str, officer: Client) -> None:
    source = officer.get(desk.act(held, "record", "held")).content.decode()
    form = source[source.index('id="record"') :]
    ids = re.findall(
        r'<(?:input|select|textarea)(?=[^>]*\bid="([^"]+)")(?![^>]*type="(?:hidden|submit)")', form
    )
    assert ids
    missing = [name for name in ids if f'for="{name}"' not in form]
    assert missing == []


def test_errors_are_tied_to_their_fields(held: str, officer: Client) -> None:
    response = desk.send(officer, desk.act(held, "record", "held"), speaker="", speaker_kind="")
    source = response.content.decode()
    assert re.search(r'id="id_speaker"[^>]*aria-invalid="true"', source) or re.search(
        r'aria-invalid="true"[^>]*id="id_speaker"', source
    )
    assert 'id="id_speaker_error"' in source
    assert 'role="alert"' in source

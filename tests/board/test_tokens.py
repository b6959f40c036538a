"""The page where people keep their programs' tokens: their own alone, and each secret once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.models import ApiToken, TokenScope, User
from tests import factories
from tests.admin import desk

pytestmark = pytest.mark.django_db
SAID = {"label": "nightly", "scopes": ["read"], "lasts": "30"}


@pytest.fixture
def partner() -> User:
    return factories.partner()


def made(client: Client, **more: object) -> str:
    answer = client.post("/tokens", SAID | more)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    found: set[str] = set(re.findall(r"ct_[A-Za-z0-9_-]{43}", answer.content.decode()))
    return found.pop()


def asks(secret: str) -> int:
    answer = Client().get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"})
    return answer.status_code


def test_a_token_is_shown_once_and_opens_what_was_ticked_until_it_ends(partner: User) -> None:
    client = desk.signed_in(partner)

    secret = made(client, scopes=["read", "manage"])

    token = ApiToken.objects.get()
    assert (token.user, token.label, token.scopes) == (partner, "nightly", ["read", "manage"])
    assert token.expires_at is not None
    assert abs(token.expires_at - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)
    page = client.get("/tokens").content.decode()
    assert token.prefix in page
    assert secret not in page
    assert secret not in str(token.__dict__)
    assert asks(secret) == 200
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert asks(secret) == 401
        assert "expired" in desk.signed_in(partner).get("/tokens").content.decode()


def test_a_revoked_token_opens_nothing_and_stays_listed(partner: User) -> None:
    client = desk.signed_in(partner)
    secret = made(client)
    token = ApiToken.objects.get()

    answer = client.post(f"/tokens/{token.pk}/revoke", follow=True)

    assert "opens nothing from now on" in answer.content.decode()
    assert "revoked" in answer.content.decode()
    assert asks(secret) == 401


def test_anothers_token_is_not_there(partner: User) -> None:
    token, secret = tokens.issue_token(factories.partner("other_society"), "theirs")
    client = desk.signed_in(partner)

    assert "theirs" not in client.get("/tokens").content.decode()
    assert client.post(f"/tokens/{token.pk}/revoke").status_code == 404
    assert asks(secret) == 200


@pytest.mark.parametrize(
    "said",
    [
        {"label": ""},
        {"label": "x" * 101},
        {"scopes": []},
        {"scopes": ["all"]},
        {"lasts": "9999"},
        {"lasts": ""},
    ],
)
def test_what_makes_no_token_is_said_and_makes_none(partner: User, said: dict[str, object]) -> None:
    answer = desk.signed_in(partner).post("/tokens", SAID | said)

    assert answer.status_code == 422
    assert 'class="error"' in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_nobody_has_more_tokens_in_force_than_they_can_look_over(
    partner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "MOST_A_PERSON", 1)
    client = desk.signed_in(partner)
    made(client)

    answer = client.post("/tokens", SAID)

    assert answer.status_code == 422
    assert "Revoke one" in answer.content.decode()
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (factories.partner, 200), (factories.viewer, 200), (factories.officer, 200),
        (factories.coordinator, 200), (factories.administrator, 200), (factories.stranger, 403), (None, 302),
    ],
)  # fmt: skip
def test_who_may_keep_tokens(who, status) -> None:
    client = desk.signed_in(who()) if who else Client()

    assert client.get("/tokens").status_code == status
    assert client.get("/tokens/1/revoke").status_code == (405 if who else 302)
    assert (client.post("/tokens", SAID).status_code, ApiToken.objects.exists()) == (status, status == 200)


def test_a_form_of_another_site_makes_and_revokes_nothing(partner: User) -> None:
    token, _ = tokens.issue_token(partner, "mine", scopes=[TokenScope.READ])
    client = Client(enforce_csrf_checks=True)
    client.force_login(partner)

    assert client.post("/tokens", SAID).status_code == 403
    assert client.post(f"/tokens/{token.pk}/revoke").status_code == 403
    assert ApiToken.objects.filter(revoked_at=None).count() == 1

"""People, roles and tokens: what administrators keep."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken, User
from accounts.roles import STAFF_ROLES, Role, role_of
from convoys.queries.askers import token_asking
from tests import factories


def change(person: User) -> str:
    return reverse("admin:accounts_user_change", args=[person.pk])


def typed_for(person: User, role: Role, **more: str) -> dict[str, str]:
    return {"username": person.username, "language": "en", "is_active": "on", "role": role.name, **more}


@pytest.mark.django_db
def test_the_migration_makes_the_roles_and_takes_them_back() -> None:
    migration = import_module("accounts.migrations.0002_roles")
    names = {role.group_name for role in STAFF_ROLES}
    assert set(migration.ROLES) == names
    migration.remove_roles(apps, None)
    assert not Group.objects.filter(name__in=names).exists()
    migration.make_roles(apps, None)
    assert set(Group.objects.values_list("name", flat=True)) >= names


@pytest.mark.parametrize(
    "role", [Role.VIEWER, Role.DESK_OFFICER, Role.COORDINATOR, Role.ADMINISTRATOR, Role.NONE]
)
def test_a_role_is_given_and_taken(role: Role, administrator: Client) -> None:
    person = factories.user("newcomer", Role.VIEWER)
    assert administrator.post(change(person), typed_for(person, role)).status_code == 302
    fresh = User.objects.get(pk=person.pk)
    assert role_of(fresh) == role
    assert fresh.is_staff == (role > Role.NONE)
    assert LogEntry.objects.filter(object_id=str(person.pk)).exists()


def test_nobody_changes_their_own_role_or_makes_a_superuser(administrator: Client) -> None:
    me = User.objects.get(username="registrar")
    response = administrator.post(change(me), typed_for(me, Role.VIEWER))
    assert "changed by another administrator" in response.content.decode()
    assert role_of(User.objects.get(pk=me.pk)) == Role.ADMINISTRATOR
    person = factories.user("newcomer", Role.VIEWER)
    administrator.post(change(person), typed_for(person, Role.VIEWER, is_superuser="on", groups="1"))
    assert not User.objects.get(pk=person.pk).is_superuser


@pytest.mark.parametrize("door", ["change", "password", "second_factor"])
def test_a_superusers_way_in_is_changed_by_superusers_alone(door: str, administrator: Client) -> None:
    root = User.objects.create_superuser("root", "root@example.org", "as it was, and long enough")
    factor = Authenticator.objects.create(user=root, type=Authenticator.Type.TOTP, data={"secret": "x"})
    url, typed = {
        "change": (change(root), typed_for(root, Role.ADMINISTRATOR, email="mine@example.org")),
        "password": (
            reverse("admin:auth_user_password_change", args=[root.pk]),
            {"password1": "mine now, and long enough", "password2": "mine now, and long enough"},
        ),
        "second_factor": (reverse("admin:mfa_authenticator_delete", args=[factor.pk]), {"post": "yes"}),
    }[door]
    assert administrator.post(url, typed).status_code == 403
    fresh = User.objects.get(pk=root.pk)
    assert fresh.email == "root@example.org"
    assert fresh.check_password("as it was, and long enough")
    assert Authenticator.objects.filter(pk=factor.pk).exists()
    superuser = Client()
    superuser.force_login(root)
    assert superuser.post(url, typed).status_code == 302


def test_people_are_not_deleted(administrator: Client) -> None:
    person = factories.user("newcomer")
    url = reverse("admin:accounts_user_delete", args=[person.pk])
    assert administrator.post(url, {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=person.pk).exists()


def test_an_account_is_made_and_belongs_to_an_organisation(administrator: Client) -> None:
    password = "a passphrase nobody has"
    typed = {"username": "sponsor", "usable_password": "true", "password1": password, "password2": password}
    assert administrator.post(reverse("admin:accounts_user_add"), typed).status_code == 302
    person = User.objects.get(username="sponsor")
    assert role_of(person) == Role.NONE
    society = factories.organisation("aid_society")
    administrator.post(change(person), typed_for(person, Role.NONE, organisation=society.code))
    assert User.objects.get(pk=person.pk).organisation == society


def test_a_token_is_shown_once_and_kept_as_a_digest(administrator: Client) -> None:
    partner = factories.partner()
    add = reverse("admin:accounts_apitoken_add")
    typed: dict[str, Any] = {"user": str(partner.pk), "label": "nightly", "scopes": ["read", "manage"]}
    typed |= {"expires_at_0": "", "expires_at_1": ""}
    issued = administrator.post(add, typed)
    assert issued.status_code == 200
    assert "no-store" in issued["Cache-Control"]
    secret = re.findall(r'class="secret">([^<]+)<', issued.content.decode())[0]
    token = token_asking(secret)
    assert token is not None
    assert token.user == partner
    assert token.scopes == ["read", "manage"]
    for page in ("changelist", "change"):
        url = reverse(f"admin:accounts_apitoken_{page}", args=[token.pk] if page == "change" else [])
        shown = administrator.get(url).content.decode()
        assert secret not in shown
        assert token.digest not in shown
    assert secret not in str(list(LogEntry.objects.values()))
    assert (
        administrator.post(reverse("admin:accounts_apitoken_change", args=[token.pk]), typed).status_code
        == 403
    )


@pytest.mark.parametrize("scopes", [[], ["everything"], ["read", "everything"]])
def test_a_token_opens_something_that_there_is(scopes: list[str], administrator: Client) -> None:
    typed = {"user": str(factories.partner().pk), "label": "nightly", "scopes": scopes}
    refused = administrator.post(reverse("admin:accounts_apitoken_add"), typed)
    assert "scopes" in refused.context["adminform"].form.errors
    assert not ApiToken.objects.exists()


def test_a_token_is_revoked_after_a_question(administrator: Client, coordinator: Client) -> None:
    token = ApiToken.objects.create(
        user=factories.partner(), label="old", prefix="ct_abcdef", digest="0" * 64
    )
    url = reverse("admin:accounts_apitoken_revoke", args=[token.pk])
    assert administrator.get(url).status_code == 200
    assert coordinator.post(url).status_code == 403
    token.refresh_from_db()
    assert token.revoked_at is None
    assert administrator.post(url).status_code == 302
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_second_factors_are_taken_away_and_never_shown(administrator: Client, coordinator: Client) -> None:
    officer = factories.officer()
    factor = Authenticator.objects.create(user=officer, type="totp", data={"secret": "JBSWY3DPEHPK3PXP"})
    page = reverse("admin:mfa_authenticator_change", args=[factor.pk])
    shown = administrator.get(page).content.decode()
    assert "JBSWY3DPEHPK3PXP" not in shown
    assert coordinator.get(page).status_code == 403
    delete = reverse("admin:mfa_authenticator_delete", args=[factor.pk])
    assert coordinator.post(delete, {"post": "yes"}).status_code == 403
    assert administrator.post(page, {"type": "webauthn"}).status_code == 403
    assert administrator.post(delete, {"post": "yes"}).status_code == 302
    assert not Authenticator.objects.exists()


def test_an_address_that_was_replaced_resets_no_password(
    administrator: Client, client: Client, mailoutbox: list[EmailMessage]
) -> None:
    person = factories.user("newcomer", Role.VIEWER, email="lost@example.org")
    EmailAddress.objects.create(user=person, email="lost@example.org", primary=True, verified=True)
    typed = typed_for(person, Role.VIEWER, email="new@example.org")
    assert administrator.post(change(person), typed).status_code == 302

    for address in ("lost@example.org", "new@example.org"):
        client.post("/accounts/password/reset/", {"email": address})
    assert {mail.to[0]: "/password/reset/key/" in mail.body for mail in mailoutbox} == {
        "lost@example.org": False,
        "new@example.org": True,
    }

"""The demonstration: the case, an exercise, people who can sign in, and a file that says how."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from accounts.models import ApiToken, TokenScope, User
from accounts.roles import Role
from accounts.tokens import issue_token, revoke_token
from convoys.models import Subscription
from convoys.queries.askers import token_asking
from convoys.services import exercise

CASE = Path(__file__).resolve().parent.parent / "cases" / "karabakh_2023"
TOKEN_LABEL = "demonstration"  # noqa: S105 - the name of a token, not a token
STAFF = {
    "admin": Role.ADMINISTRATOR,
    "officer": Role.DESK_OFFICER,
    "coordinator": Role.COORDINATOR,
}
TOLD_OF_ALERTS = ("officer", "partner")


class NotHere(Exception):
    """Demonstration data was asked for where it must not go."""


def refuse_in_production() -> None:
    """Raise NotHere in production, where nothing made up and nobody else's history may be loaded."""
    if settings.ENVIRONMENT == "production" and not settings.DEMO:
        raise NotHere("This is production: demonstration data is refused here. Nothing was written.")


def sign_ins_path() -> Path:
    return Path(settings.VAR_DIR) / "demo.json"


@transaction.atomic
def keep_people() -> None:
    """Make the people of the demonstration where they are missing, and keep `demo.json` true.

    Passwords and the partner's token are random and made once; where the file that holds them is
    lost or unreadable, all are made anew and the token before is revoked. The address is written
    at every start. The file is the owner's alone (mode 600). The partner belongs to the exercise's
    sponsor, which must be there. A subscription that somebody ended is not made again.
    """
    kept = _kept_sign_ins()
    sign_ins: dict[str, object] = {"url": settings.SITE_URL}
    for username, role in STAFF.items():
        person = _person(username, role)
        sign_ins[username] = {"username": username, "password": _password(person, kept.get(username))}
    person = _person("partner", Role.NONE)
    if person.organisation_id is None:
        User.objects.filter(pk=person.pk).update(organisation=exercise.SPONSOR)
    sign_ins["partner"] = {
        "username": "partner",
        "password": _password(person, kept.get("partner")),
        "token": _token(person, kept.get("partner")),
    }
    for person in User.objects.filter(username__in=TOLD_OF_ALERTS, subscriptions=None):
        Subscription.objects.create(user=person, created_at=timezone.now())
    _write_privately(sign_ins_path(), json.dumps(sign_ins, indent=2) + "\n")


def _kept_sign_ins() -> dict[str, dict[str, str]]:
    """What the file holds from the start before; nothing where it is lost or was damaged."""
    try:
        kept = json.loads(sign_ins_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return (
        {name: entry for name, entry in kept.items() if isinstance(entry, dict)}
        if isinstance(kept, dict)
        else {}
    )


def _person(username: str, role: Role) -> User:
    person, is_new = User.objects.get_or_create(
        username=username,
        defaults={
            "email": f"{username}@example.org",
            "is_staff": role > Role.NONE,
            "is_superuser": role == Role.ADMINISTRATOR,
        },
    )
    if is_new and role > Role.NONE:
        person.groups.add(Group.objects.get_or_create(name=role.group_name)[0])
    return person


def _password(person: User, kept: dict[str, str] | None) -> str:
    """The password in the file, set again where it no longer is the person's; a new one without a file."""
    password = str((kept or {}).get("password") or secrets.token_urlsafe(12))
    if not person.check_password(password):
        person.set_password(password)
        person.save(update_fields=["password"])
    return password


def _token(person: User, kept: dict[str, str] | None) -> str:
    """The token in the file while it is in force and opens all, else a new one in place of those before."""
    secret = str((kept or {}).get("token") or "")
    found = token_asking(secret) if secret else None
    if found is not None and found.user_id == person.pk and found.scopes == TokenScope.values:
        return secret
    for token in ApiToken.objects.filter(user=person, label=TOKEN_LABEL, revoked_at=None):
        revoke_token(token)
    return issue_token(person, TOKEN_LABEL, scopes=TokenScope.values)[1]


def _write_privately(path: Path, text: str) -> None:
    """Replace the file in one step; nobody else can read it, not even while it is written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(
            os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as file:
            file.write(text)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)

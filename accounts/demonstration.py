"""The demonstration: its sign-ins, and who may see them."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import Role, may

# Which sign-ins of demo.json are shown, in this order, and what each may do.
SIGN_INS = {
    "admin": _("Administrator: everything, the desk's accounts included"),
    "coordinator": _("Also corrects; keeps places, routes, policies"),
    "officer": _("Desk officer: records what happens"),
    "partner": _("A sponsor: its own convoys and those shared with it"),
}


@dataclass(frozen=True)
class SignIn:
    username: str
    password: str
    does: str


def is_embedded() -> bool:
    return bool(settings.ENVIRONMENT == "embedded")


def is_demonstration() -> bool:
    """Whether this copy was told by DEMO that it holds the demonstration's data."""
    return bool(settings.DEMO)


def is_loopback(request: HttpRequest) -> bool:
    """Whether the peer itself is this machine; forwarded headers are not believed."""
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def may_read_mail(request: HttpRequest) -> bool:
    """Whether this reader may open the mails that the embedded copy wrote to its folder."""
    user = request.user
    return is_embedded() and is_loopback(request) and isinstance(user, User) and may(user, Role.VIEWER)


def sign_ins_for(request: HttpRequest) -> list[SignIn]:
    """The sign-ins to print on the sign-in page: none outside the demonstration.

    The embedded copy shows them to its own machine alone. A composed demonstration sits behind a
    container's network, where no visitor is loopback, and was switched on by name.
    """
    shown = is_loopback(request) if is_embedded() else is_demonstration()
    if not shown:
        return []
    try:
        written = json.loads((Path(settings.VAR_DIR) / "demo.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    found = []
    for key, does in SIGN_INS.items():
        entry = written.get(key) if isinstance(written, dict) else None
        if isinstance(entry, dict) and {"username", "password"} <= entry.keys():
            found.append(SignIn(str(entry["username"]), str(entry["password"]), str(does)))
    return found

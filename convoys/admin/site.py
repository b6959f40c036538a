"""The desk as a whole: Django's stock admin site with our front page and names.

The site object is Django's own, so that `accounts` registers on it without knowing of convoys.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.role_admin import has_role
from accounts.roles import Role, role_of
from convoys.admin.front import front_page

site = admin.site
site.site_title = site.site_header = _("Convoy tracker")
site.index_title = _("What needs me now")
site.enable_nav_sidebar = False

_stock_context = site.each_context


def each_context(request: HttpRequest) -> dict[str, Any]:
    """What every page of the desk is told: also the reader's role, in words."""
    user = request.user
    role = role_of(user) if isinstance(user, User) else Role.NONE
    return _stock_context(request) | {"desk_role": role.label.lower() if role else ""}


def index(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """The desk's front page, for staff who hold a role."""
    if not has_role(request, Role.VIEWER):
        raise PermissionDenied
    return front_page(request, each_context(request) | (extra_context or {}))


site.each_context = each_context  # type: ignore[method-assign]
site.index = index  # type: ignore[method-assign, assignment]

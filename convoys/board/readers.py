"""Who reads the pages on which people manage what is their own."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User
from convoys.queries.visibility import viewer_of


def reader(request: HttpRequest) -> User:
    """Staff or a partner. Raises PermissionDenied: a stranger sees nothing and can be told of nothing."""
    user = request.user
    if not isinstance(user, User) or viewer_of(user).sees_nothing:
        raise PermissionDenied
    return user

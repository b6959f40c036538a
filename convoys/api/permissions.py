"""Who may ask at all, and what a token opens. What they see is narrowed in `convoys.queries.visibility`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.models import ApiToken, TokenScope
from convoys.api.problems import ApiProblem
from convoys.queries.visibility import viewer_of

if TYPE_CHECKING:
    from rest_framework.views import APIView


class IsReader(BasePermission):
    """Staff with a role, or a partner with an organisation; any other account sees nothing."""

    message = "This account has neither a staff role nor an organisation."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return not viewer_of(request.user).sees_nothing


class HasScope(BasePermission):
    """A token opens what its scopes say, a sign-in by browser only what is read.

    A view says as `scope_to_change` what writing takes, as `scope_to_read` what reading does where
    that is not `read`; None is what every token opens.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        needed = needed_scope(view, str(request.method))
        if needed is None:
            return True
        if isinstance(request.auth, ApiToken):
            if needed not in request.auth.scopes:
                has = ", ".join(request.auth.scopes)
                raise ApiProblem("missing-scope", f"This takes the scope {needed}; the token has: {has}.")
        elif needed != TokenScope.READ:
            raise ApiProblem("missing-scope", f"This takes a token with the scope {needed}, not a sign-in.")
        return True


def needed_scope(view: APIView, method: str) -> str | None:
    """The scope that a request of this method takes; a method that a view does not have takes none."""
    if method in SAFE_METHODS:
        return getattr(view, "scope_to_read", TokenScope.READ)
    is_there = method.lower() in view.http_method_names and hasattr(view, method.lower())
    return getattr(view, "scope_to_change", None) if is_there else None

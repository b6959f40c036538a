"""Who may ask at all. What they then see is narrowed in `convoys.queries.visibility`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from convoys.queries.visibility import viewer_of

if TYPE_CHECKING:
    from rest_framework.views import APIView


class IsReader(BasePermission):
    """Staff with a role, or a partner with an organisation; any other account sees nothing."""

    message = "This account has neither a staff role nor an organisation."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return not viewer_of(request.user).sees_nothing

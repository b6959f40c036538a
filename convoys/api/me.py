"""Who a token speaks for, so that a program can check its own set-up before anything else."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiToken, TokenScope
from accounts.roles import Role, role_of
from convoys.api.base import ReadView
from convoys.api.fields import InstantField, OrganisationNameSerializer, TextField

ROLES = [(role.name.lower(), role.label) for role in Role if role is not Role.NONE]


class TokenOfMineSerializer(serializers.Serializer):
    """The token that asked; its secret is kept nowhere."""

    prefix = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a serializer's own `label` is another thing
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=TokenScope.choices), help_text="What it opens."
    )
    created_at = InstantField(lambda token: token.created_at)
    expires_at = InstantField(lambda token: token.expires_at, allow_null=True)


class MeSerializer(serializers.Serializer):
    """The account that asks, and what it may ask for."""

    username = serializers.CharField()
    organisation = OrganisationNameSerializer(
        allow_null=True, help_text="A partner's: whose convoys it sees, beside those shared with it."
    )
    role = serializers.ChoiceField(
        choices=ROLES, allow_null=True, help_text="A member of staff's; else null."
    )
    language = serializers.CharField()
    time_zone = TextField(help_text="IANA name; null: the instance's.")
    token = TokenOfMineSerializer(allow_null=True, help_text="Null for who is signed in with a browser.")
    requests_per_minute = serializers.IntegerField()


class Me(ReadView):
    """The account and the token that this request was made with. Every token may ask."""

    scope_to_read = None

    @extend_schema(responses=MeSerializer, operation_id="me", tags=["me"])
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(_shown(request)).data)


def _shown(request: Request) -> dict[str, Any]:
    user: Any = request.user
    role = role_of(user)
    return {
        "username": user.username,
        "organisation": user.organisation,
        "role": role.name.lower() if role else None,
        "language": user.language,
        "time_zone": user.time_zone,
        "token": request.auth if isinstance(request.auth, ApiToken) else None,
        "requests_per_minute": settings.API_REQUESTS_PER_MINUTE,
    }

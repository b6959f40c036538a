"""A person's own tokens: list, make, look at, revoke. The secret of one is in a single answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiToken, TokenScope
from accounts.tokens import LASTS, MOST_A_PERSON, TooManyTokensError, issue_own, revoke_token
from convoys.api.bodies import Body, CodeIn, InstantIn, TextIn, invalid_fields, read_body
from convoys.api.fields import InstantField
from convoys.api.own import OwnList, OwnView

SCOPES = (
    "read: whatever is asked for; manage: subscriptions, webhooks, accounts; tokens: make and revoke tokens."
)


class TokenSerializer(serializers.Serializer):
    """One token. Its secret is kept nowhere; `prefix` is how it begins."""

    id = serializers.IntegerField()
    prefix = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a serializer's own `label` is another thing
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=TokenScope.choices), help_text=SCOPES
    )
    created_at = InstantField(lambda token: token.created_at)
    expires_at = InstantField(lambda token: token.expires_at, allow_null=True)
    last_used_at = InstantField(
        lambda token: token.last_used_at, allow_null=True, help_text="To about five minutes."
    )
    revoked_at = InstantField(lambda token: token.revoked_at, allow_null=True)


class TokenMadeSerializer(TokenSerializer):
    """A new token with its secret, which is shown this once."""

    secret = serializers.CharField(help_text="Send it as `Authorization: Bearer …`.")


class TokenBody(Body):
    """A token to be made."""

    label = TextIn(max_length=100, help_text="Which of your programs it is for.")  # type: ignore[assignment]
    scopes = serializers.ListField(
        child=CodeIn(choices=TokenScope.choices),
        min_length=1,
        max_length=len(TokenScope),
        required=False,
        help_text="At most those of the token that asks; `read` where nothing is said.",
    )
    expires_at = InstantIn(
        required=False, help_text="Within a year, which is what is taken for nothing said."
    )


TOKEN = {
    "id": 7,
    "prefix": "ct_Xy12ab",
    "label": "nightly",
    "scopes": ["read"],
    "created_at": "2026-03-01T10:00:00+00:00",
    "expires_at": "2027-03-01T10:00:00+00:00",
    "last_used_at": None,
    "revoked_at": None,
}


class TokenList(OwnList):
    """Your account's tokens, revoked ones included, in the order in which they were made."""

    scope_to_read = scope_to_change = TokenScope.TOKENS
    without_key = "A secret is shown once: a second answer could not have it."
    serializer_class = TokenSerializer

    def get_queryset(self) -> QuerySet[ApiToken]:
        return ApiToken.objects.filter(user=self.user)

    @extend_schema(
        operation_id="tokens_create",
        request=TokenBody,
        responses={201: TokenMadeSerializer},
        examples=[
            OpenApiExample("A token", {"label": "nightly", "scopes": ["read"]}, request_only=True),
            OpenApiExample(
                "Made",
                TOKEN | {"secret": "ct_Xy12abPdO5Qm0u8v1Xk3nW7aZr4TtJb6cE9hGfSsLqA"},
                response_only=True,
                status_codes=["201"],
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        """Make a token of your account. Its secret is in this answer and nowhere else.

        It opens at most what the token that asks opens, and ends within a year.
        """
        asking: Any = request.auth
        said = read_body(request, TokenBody)
        scopes = said.get("scopes", [TokenScope.READ])
        now = timezone.now()
        expires_at = said.get("expires_at", now + LASTS)
        _refuse(asking, scopes, expires_at, now)
        try:
            token, secret = issue_own(self.user, said["label"], scopes, expires_at)
        except TooManyTokensError:
            most = f"You have {MOST_A_PERSON} tokens in force: revoke one first."
            raise invalid_fields([{"parameter": "label", "detail": most}]) from None
        token.secret = secret  # type: ignore[attr-defined]
        return self.made(TokenMadeSerializer(token).data, "token", token.pk)


def _refuse(asking: ApiToken, scopes: list[str], expires_at: datetime, now: datetime) -> None:
    """Raise a problem where the token would open more, or last longer, than it may."""
    faults = []
    if set(scopes) - set(asking.scopes):
        has = ", ".join(asking.scopes)
        faults.append({"parameter": "scopes", "detail": f"A token gives what it has itself: {has}."})
    if not now < expires_at <= now + LASTS + timedelta(days=1):
        faults.append({"parameter": "expires_at", "detail": "Give an instant from now to a year from now."})
    if faults:
        raise invalid_fields(faults)


class TokenDetail(OwnView):
    """One of your account's tokens."""

    scope_to_read = scope_to_change = TokenScope.TOKENS

    def _found(self, key: int) -> ApiToken:
        return get_object_or_404(ApiToken, pk=key, user=self.user)

    @extend_schema(operation_id="tokens_retrieve", responses=TokenSerializer)
    def get(self, request: Request, key: int) -> Response:
        return Response(TokenSerializer(self._found(key)).data)

    @extend_schema(operation_id="tokens_destroy", responses={204: None})
    def delete(self, request: Request, key: int) -> Response:
        """Revoke it: from the next request on it opens nothing. It stays in the list."""
        revoke_token(self._found(key))
        return Response(status=204)

"""Bearer tokens: who a program speaks for."""

from __future__ import annotations

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User
from accounts.tokens import LAST_USED_EVERY, note_use
from convoys.queries.askers import token_asking

SCHEME = b"bearer"
LONGEST_TOKEN = 200


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer ct_…`. Other schemes are left alone; a bad token is never ignored."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, secret = get_authorization_header(request).strip().partition(b" ")
        if scheme.lower() != SCHEME:
            return None
        token = _token_of(secret.strip())
        if token is None:
            raise AuthenticationFailed("The token is unknown, expired or revoked.")
        if token.last_used_at is None or token.last_used_at < timezone.now() - LAST_USED_EVERY:
            note_use(token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        header = 'Bearer realm="Convoy tracker"'
        return f'{header}, error="invalid_token"' if get_authorization_header(request) else header


def _token_of(secret: bytes) -> ApiToken | None:
    if not secret or len(secret) > LONGEST_TOKEN or not secret.isascii():
        return None
    return token_asking(secret.decode("ascii"))

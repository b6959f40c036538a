"""Issue, find and revoke API tokens.

A token has 256 bits from the system's random source, so its plain SHA-256 cannot be searched
and needs no slow hash; the database never holds what a program sends.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import ApiToken, User

PREFIX = "ct_"
LAST_USED_EVERY = timedelta(minutes=5)


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def issue_token(user: User, label: str, expires_at: datetime | None = None) -> tuple[ApiToken, str]:
    """Make a token for this user; the second of the pair is the secret, to be shown once."""
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user, label=label, prefix=secret[:9], digest=digest_of(secret), expires_at=expires_at
    )
    return token, secret


def find_token(secret: str) -> ApiToken | None:
    """The token in force with this secret, of an active user, else None."""
    now = timezone.now()
    return (
        ApiToken.objects.select_related("user", "user__organisation")
        .filter(digest=digest_of(secret), revoked_at=None, user__is_active=True)
        .filter(Q(expires_at=None) | Q(expires_at__gt=now))
        .first()
    )


def note_use(token: ApiToken) -> None:
    """Remember that the token was used, at most every few minutes: a poll must not write each time."""
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_EVERY)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def revoke_token(token: ApiToken) -> None:
    """End a token at once."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())

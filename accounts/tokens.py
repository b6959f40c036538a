"""Issue, find and revoke API tokens.

A token has 256 bits from the system's random source, so its plain SHA-256 cannot be searched
and needs no slow hash; the database never holds what a program sends.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import ApiToken, TokenScope, User

PREFIX = "ct_"
LAST_USED_EVERY = timedelta(minutes=5)
MOST_A_PERSON = 50
# How long a token lasts that a person makes: where nothing is said, and at most.
LASTS = timedelta(days=365)


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def issue_token(
    user: User,
    label: str,
    expires_at: datetime | None = None,
    scopes: Iterable[str] = (TokenScope.READ,),
) -> tuple[ApiToken, str]:
    """Make a token for this user; the second of the pair is the secret, to be shown once.

    Raises ValueError where it would open nothing, or names a scope that there is not.
    """
    given = set(scopes)
    if not given or given - set(TokenScope.values):
        raise ValueError(f"not scopes of a token: {sorted(given)}")
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        label=label,
        prefix=secret[:9],
        digest=digest_of(secret),
        scopes=[scope for scope in TokenScope.values if scope in given],
        expires_at=expires_at,
    )
    return token, secret


class TooManyTokensError(Exception):
    """The person has as many tokens in force as one may have."""


def issue_own(user: User, label: str, scopes: Iterable[str], expires_at: datetime) -> tuple[ApiToken, str]:
    """A token that a person makes for themselves. Raises TooManyTokensError.

    The caller has seen to it that they may: a program by a token that has every scope that it gives.
    """
    with transaction.atomic():
        # The person's own row is the lock: the limit holds for two that ask at once.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if in_force().filter(user=user).count() >= MOST_A_PERSON:
            raise TooManyTokensError
        return issue_token(user, label, expires_at, scopes)


def in_force() -> QuerySet[ApiToken]:
    """Tokens that are neither revoked nor expired."""
    return ApiToken.objects.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), revoked_at=None)


def is_in_force(token: ApiToken) -> bool:
    """The same of one that was read."""
    return token.revoked_at is None and (token.expires_at is None or token.expires_at > timezone.now())


def note_use(token: ApiToken) -> None:
    """Remember that the token was used, at most every few minutes: a poll must not write each time."""
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_EVERY)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def revoke_token(token: ApiToken) -> None:
    """End a token at once."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())

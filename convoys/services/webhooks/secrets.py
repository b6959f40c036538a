"""Secrets of webhooks: made here, shown once, kept encrypted under WEBHOOK_KEY and nothing else's key.

WEBHOOK_KEY may name several keys: the first encrypts, all of them decrypt, so that the key can be
changed while webhooks run (`manage.py reencrypt_webhooks`).
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

PREFIX = "whsec_"
BYTES = 32  # the rules allow 24 to 64


class UnreadableSecretError(Exception):
    """None of the keys at hand decrypts it: WEBHOOK_KEY was changed without keeping the former one."""


def new_secret() -> str:
    """A fresh secret as its owner sees it: `whsec_` and base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode()


def key_bytes(secret: str) -> bytes:
    """What signs: the bytes behind the form in which a secret is shown."""
    return base64.b64decode(secret.removeprefix(PREFIX), validate=True)


def encrypt(secret: str) -> str:
    return _box().encrypt(secret.encode()).decode()


def decrypt(kept: str) -> str:
    """The secret as its owner was shown it. Raises UnreadableSecretError."""
    try:
        return _box().decrypt(kept.encode()).decode()
    except InvalidToken:
        raise UnreadableSecretError from None


def reencrypt(kept: str) -> str:
    """The same secret under the first key. Raises UnreadableSecretError."""
    try:
        return _box().rotate(kept.encode()).decode()
    except InvalidToken:
        raise UnreadableSecretError from None


def _box() -> MultiFernet:
    return _box_of(tuple(settings.WEBHOOK_KEY))


@lru_cache(maxsize=4)
def _box_of(keys: Sequence[str]) -> MultiFernet:
    return MultiFernet([Fernet(_fernet_key(key)) for key in keys])


def _fernet_key(key: str) -> bytes:
    """Any long random text serves as a key; Fernet itself takes 32 bytes in one encoding only."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"convoy tracker webhook secrets")
    return base64.urlsafe_b64encode(derived.derive(key.encode()))

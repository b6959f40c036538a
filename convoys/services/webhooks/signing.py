"""Signatures by Standard Webhooks 1.0.0: HMAC-SHA256 over `id.timestamp.body`, base64, marked `v1`.

Four lines of the standard library; the project's own package would bring a dependency for them, and
signs a wrong instant where it is given a time of another zone. Tests verify with that package.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable

from convoys.services.webhooks.secrets import key_bytes


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature, as `v1,` and base64. `timestamp` is that of the attempt, in Unix seconds."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key_bytes(secret), signed, hashlib.sha256)).decode()


def signed_headers(secrets: Iterable[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers; with one signature for each secret in force."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(one, message_id, timestamp, body) for one in secrets),
    }

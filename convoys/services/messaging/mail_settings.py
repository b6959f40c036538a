"""What staff set about mail."""

from __future__ import annotations

from convoys.models import MailSettings


def set_bounce_address(address: str) -> None:
    """Where mail servers are to report what they cannot deliver; empty: to the sender of all mail."""
    MailSettings.objects.update_or_create(pk=1, defaults={"bounce_address": address})

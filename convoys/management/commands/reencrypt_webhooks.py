"""`manage.py reencrypt_webhooks`: the last step but one of changing WEBHOOK_KEY."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from convoys.services.webhooks.manage import reencrypt_all


class Command(BaseCommand):
    help = "Encrypt the secrets of all webhooks anew under the first key of WEBHOOK_KEY."

    def handle(self, *args: Any, **options: Any) -> None:
        moved, unreadable = reencrypt_all()
        self.stdout.write(f"{moved} webhooks are under the first key.")
        if unreadable:
            named = ", ".join(str(key) for key in unreadable)
            raise CommandError(
                f"The secrets of these could not be read with any of the keys: {named}. "
                "Their owners must rotate them."
            )

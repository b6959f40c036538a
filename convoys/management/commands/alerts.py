"""Runs the alert work by hand: the sweep, the recovery and the mail room; or says what they would do."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from convoys.services.alerting.detect import raise_due_alerts
from convoys.services.alerting.dry_run import lines
from convoys.services.messaging.deliver import deliver, deliver_webhooks
from convoys.services.messaging.recover import return_expired_leases


class Command(BaseCommand):
    help = "Raise and mail all alerts that are due. With --dry-run: print who would get what now, and why."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Change nothing, send nothing.")

    def handle(self, *args: Any, dry_run: bool = False, **options: Any) -> None:
        if dry_run:
            for line in lines(timezone.now()):
                self.stdout.write(line)
            return
        raised = raise_due_alerts()
        returned = return_expired_leases()
        self.stdout.write(
            f"Raised {raised.alerts} alerts ({raised.nobody_to_tell} with nobody to tell, "
            f"{len(raised.failed)} deadlines failed), returned {returned} leases."
        )
        for what, done in (("Mails", deliver()), ("Webhook calls", deliver_webhooks())):
            self.stdout.write(
                f"{what}: sent {done.sent}, waiting {done.postponed}, failed {done.failed}, "
                f"dropped {done.dropped}."
            )

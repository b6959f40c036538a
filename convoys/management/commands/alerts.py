"""Runs the alert work by hand: the sweep, the recovery and the mail room; or says what they would do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from convoys.models import Message, MessageState, Notification, NotificationState
from convoys.services.alerting.detect import MOST, due_deadlines, plan_for, raise_due_alerts
from convoys.services.messaging.check import GO, Check, with_all
from convoys.services.messaging.deliver import deliver
from convoys.services.messaging.phrases import step_words
from convoys.services.messaging.recover import return_expired_leases


class Command(BaseCommand):
    help = "Raise and mail all alerts that are due. With --dry-run: print who would get what now, and why."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Change nothing, send nothing.")

    def handle(self, *args: Any, dry_run: bool = False, **options: Any) -> None:
        if dry_run:
            self._say_due(timezone.now())
            self._say_owed()
            self._say_waiting()
            return
        raised = raise_due_alerts()
        returned = return_expired_leases()
        done = deliver()
        self.stdout.write(
            f"Raised {raised.alerts} alerts ({raised.nobody_to_tell} with nobody to tell, "
            f"{len(raised.failed)} deadlines failed), returned {returned} leases; "
            f"sent {done.sent}, waiting {done.postponed}, failed {done.failed}, dropped {done.dropped}."
        )

    def _say_due(self, now: datetime) -> None:
        rows = list(due_deadlines(now).select_related("convoy")[:MOST])
        self.stdout.write(f"{len(rows)} deadlines are due.")
        for planned in plan_for(rows, now):
            convoy = planned.row.convoy.reference
            for alert in planned.alerts:
                passed = f", passing {', '.join(map(step_words, alert.passed))}" if alert.passed else ""
                history = ", loaded from history" if alert.backfilled else ""
                step, reached = step_words(alert.step_seconds), f"{alert.reached_at:%Y-%m-%d %H:%M} UTC"
                self.stdout.write(f"  {convoy}: {alert.watch} {step}, reached {reached}{passed}{history}")
                readers = planned.readers[(alert.watch, alert.episode, alert.step_seconds)]
                for reader in readers:
                    subscription = reader.subscription
                    over = f"webhook {subscription.webhook_id}" if subscription.webhook_id else "mail"
                    self.stdout.write(
                        f"    to person {reader.user.pk} by {over}, by subscription {subscription.pk}"
                    )
                if not readers:
                    self.stdout.write(self.style.WARNING("    nobody to tell"))
            for correction in planned.corrections:
                self.stdout.write(
                    f"  {convoy}: {correction.telling}, to person {correction.recipient_id}, who was told"
                )

    def _say_owed(self) -> None:
        owed = with_all(
            Notification.objects.filter(state=NotificationState.OPEN).values_list("pk", flat=True)[:MOST]
        )
        self.stdout.write(f"{len(owed)} notifications are owed.")
        check = Check(owed)
        for one in owed:
            verdict = check.verdicts[one.pk]
            said = "would be sent" if verdict == GO else verdict
            self.stdout.write(
                f"  {one.deadline.convoy.reference}: {one.telling} of {one.alert.watch} "
                f"{step_words(one.alert.step_seconds)} to {one.recipient.email or one.recipient}: {said}"
            )

    def _say_waiting(self) -> None:
        waiting = Message.objects.filter(state__in=[MessageState.PENDING, MessageState.SENDING])
        self.stdout.write(f"{waiting.count()} messages are on their way.")
        for message in waiting.order_by("next_attempt_at", "pk")[:100]:
            when = (
                f"{message.next_attempt_at:%Y-%m-%d %H:%M:%S} UTC"
                if message.next_attempt_at
                else "being sent"
            )
            self.stdout.write(
                f"  {message.subject} to {message.to_address}: {when} {message.failure}".rstrip()
            )

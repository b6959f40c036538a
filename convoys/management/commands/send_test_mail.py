"""Sends one mail through the configured server, so that mail is known to work before a hold needs it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.utils import timezone

from convoys.models import Message, Telling
from convoys.services.messaging.freeze import mail_domain
from convoys.services.messaging.send import Sender


class Command(BaseCommand):
    help = "Send a test mail to an address and say what the mail server answered."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address")

    def handle(self, *args: Any, address: str, **options: Any) -> None:
        try:
            validate_email(address)
        except ValidationError:
            raise CommandError(f"{address!r} is no mail address.") from None
        now, arrives = timezone.now(), f"If you read this, mail from {settings.SITE_URL} arrives."
        message = Message(
            telling=Telling.STEP,
            to_address=address,
            subject="Test mail of the convoy tracker",
            text=f"{arrives}\nNothing has happened to any convoy.\n",
            html=f"<p>{arrives}</p><p>Nothing has happened to any convoy.</p>",
            headers={"Auto-Submitted": "auto-generated"},
            message_id=f"<test-{now:%Y%m%d%H%M%S%f}@{mail_domain()}>",
            frozen_at=now,
        )
        with Sender() as sender:
            outcome = sender.send(message)
        if not outcome.is_sent:
            raise CommandError(f"Not sent: {outcome.reason}")
        by_server = settings.EMAIL_BACKEND.endswith("smtp.EmailBackend")
        where = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}" if by_server else settings.EMAIL_BACKEND
        self.stdout.write(f"Accepted by {where} for {address}.")

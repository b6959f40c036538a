"""Addresses of partners' programs that are told by signed HTTP calls, and what each call came to."""

from __future__ import annotations

from django.conf import settings
from django.db import models

# The reason that stands at a webhook which a person switched off; all other reasons are its own fault.
OFF_BY_HAND = "Disabled by hand."


class Webhook(models.Model):
    """An endpoint by the Standard Webhooks rules. Owned by a person, whose eyes it has.

    Secrets are encrypted under a key of their own (`WEBHOOK_KEY`). After a rotation the previous
    one signs too, until `previous_secret_until`. In force while neither ended nor disabled.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhooks")
    url = models.URLField(max_length=500)
    description = models.CharField(max_length=200, blank=True)
    secret = models.TextField(help_text="Encrypted; shown once, when it is made.")
    previous_secret = models.TextField(blank=True, help_text="Encrypted.")
    previous_secret_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_because = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["user", "created_at", "id"]

    def __str__(self) -> str:
        return f"webhook {self.pk}"


class WebhookAttempt(models.Model):
    """One attempt to deliver one message to a webhook: the delivery log."""

    message = models.ForeignKey("convoys.Message", on_delete=models.CASCADE, related_name="webhook_attempts")
    began_at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField(null=True)
    status = models.PositiveSmallIntegerField(null=True, help_text="HTTP status; empty: no answer.")
    outcome = models.CharField(max_length=300, help_text="What became of it, in words.")
    asked_by_hand = models.BooleanField(default=False, help_text="A test or a replay.")

    class Meta:
        ordering = ["-began_at", "-id"]
        indexes = [models.Index(fields=["message", "began_at"], name="webhook_attempt_of_message")]

    def __str__(self) -> str:
        return f"{self.message_id} at {self.began_at:%Y-%m-%d %H:%M}: {self.outcome}"

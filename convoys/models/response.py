"""What people did about an alert: acknowledged it, took charge, or snoozed it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from convoys.models.alerting import Deadline, Watch


class ResponseKind(models.TextChoices):
    """An acknowledgement or a snooze quiets the one person; being in charge is shown to all."""

    ACKNOWLEDGED = "acknowledged", _("acknowledged")
    SNOOZED = "snoozed", _("snoozed")
    IN_CHARGE = "in_charge", _("took charge")


class ResponseDoor(models.TextChoices):
    """Through which door it came."""

    MAIL = "mail", _("link in a mail")
    DESK = "desk", _("desk")


class AlertResponse(models.Model):
    """One person's response to one episode, in force until it ends or, of a snooze, expires.

    Kept when it has ended: who did what when is asked later. `deadline` is the part of the episode
    that it was given to; it counts for the whole of (`watch`, `episode`).
    """

    kind = models.CharField(max_length=16, choices=ResponseKind)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    deadline = models.ForeignKey(Deadline, on_delete=models.PROTECT, related_name="responses")
    watch = models.CharField(max_length=16, choices=Watch)
    episode = models.BigIntegerField()
    door = models.CharField(max_length=8, choices=ResponseDoor)
    at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True, help_text="Of a snooze: when it expires.")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it was taken back.")

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "user", "watch", "episode"],
                condition=models.Q(ended_at=None),
                name="response_once_in_force",
            ),
            models.UniqueConstraint(
                fields=["watch", "episode"],
                condition=models.Q(kind=ResponseKind.IN_CHARGE, ended_at=None),
                name="one_in_charge",
            ),
            models.CheckConstraint(
                condition=models.Q(kind=ResponseKind.SNOOZED, until__isnull=False)
                | (~models.Q(kind=ResponseKind.SNOOZED) & models.Q(until=None)),
                name="response_snoozes_until",
            ),
        ]
        indexes = [models.Index(fields=["watch", "episode"], name="response_by_episode")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind} {self.watch} {self.episode}"

"""Who wishes to be told: of what, from which step, by which channel, when and in which language."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from convoys.models.convoy import Convoy
from convoys.models.place import ControlPoint
from convoys.models.route import Route
from convoys.models.webhook import Webhook


class Channel(models.TextChoices):
    MAIL = "mail", _("mail")
    WEBHOOK = "webhook", _("webhook")


class Rhythm(models.TextChoices):
    """When a subscriber is told: as it happens, or once a day at an hour of theirs."""

    IMMEDIATE = "immediate", _("at once")
    DAILY = "daily", _("once a day")


class Covers(models.TextChoices):
    """What a subscription covers, of what its owner may see."""

    CONVOY = "convoy", _("one convoy")
    ROUTE = "route", _("one route")
    CONTROL_POINT = "control_point", _("one control point")
    SPONSOR = "sponsor", _("one sponsor's convoys")
    ALL = "all", _("all that I may see")


class Subscription(models.Model):
    """A person's wish to be told, in force until `ended_at`."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="subscriptions")
    covers = models.CharField(max_length=16, choices=Covers)
    convoy = models.ForeignKey(Convoy, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    route = models.ForeignKey(Route, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    control_point = models.ForeignKey(
        ControlPoint, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    sponsor = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    from_seconds = models.PositiveIntegerField(
        default=0, help_text="Not before a step this long; 0: from the first."
    )
    language = models.CharField(max_length=8, blank=True, help_text="Empty: the person's own.")
    time_zone = models.CharField(
        max_length=64, blank=True, help_text="IANA name; empty: the person's own, else the instance's."
    )
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.MAIL)
    webhook = models.ForeignKey(
        Webhook, on_delete=models.CASCADE, null=True, blank=True, related_name="subscriptions"
    )
    rhythm = models.CharField(max_length=16, choices=Rhythm, default=Rhythm.IMMEDIATE)
    digest_hour = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Of a daily digest: the local hour, 0 to 23."
    )
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["user", "created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    covers=Covers.CONVOY, convoy__isnull=False, route=None, control_point=None, sponsor=None
                )
                | models.Q(
                    covers=Covers.ROUTE, convoy=None, route__isnull=False, control_point=None, sponsor=None
                )
                | models.Q(
                    covers=Covers.CONTROL_POINT,
                    convoy=None,
                    route=None,
                    control_point__isnull=False,
                    sponsor=None,
                )
                | models.Q(
                    covers=Covers.SPONSOR, convoy=None, route=None, control_point=None, sponsor__isnull=False
                )
                | models.Q(covers=Covers.ALL, convoy=None, route=None, control_point=None, sponsor=None),
                name="subscription_of_its_scope",
            ),
            models.CheckConstraint(
                condition=models.Q(channel=Channel.MAIL, webhook=None)
                | models.Q(channel=Channel.WEBHOOK, webhook__isnull=False, rhythm=Rhythm.IMMEDIATE),
                name="subscription_of_its_channel",
            ),
            models.CheckConstraint(
                condition=models.Q(rhythm=Rhythm.IMMEDIATE, digest_hour=None)
                | models.Q(rhythm=Rhythm.DAILY, digest_hour__gte=0, digest_hour__lte=23),
                name="subscription_of_its_rhythm",
            ),
        ]
        indexes = [
            models.Index(
                fields=["covers", "user"], condition=models.Q(ended_at=None), name="subscription_in_force"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.covers}"

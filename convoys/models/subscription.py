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


# What a subscription may name, the narrowest first.
SCOPE = ("convoy", "control_point", "route", "sponsor")


class Subscription(models.Model):
    """A person's wish to be told, in force until `ended_at`.

    Of what it names all must fit; where it names nothing it is of all that its owner may see.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="subscriptions")
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
            # The sweep asks for those that name one of its convoys, or none.
            models.Index(
                fields=["convoy", "control_point", "route", "sponsor"],
                condition=models.Q(ended_at=None),
                name="subscription_in_force",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {', '.join(str(code) for code in self.named.values()) or 'all'}"

    @property
    def named(self) -> dict[str, int | str]:
        """The keys of what it names, by kind."""
        keys = {kind: getattr(self, f"{kind}_id") for kind in SCOPE}
        return {kind: key for kind, key in keys.items() if key is not None}

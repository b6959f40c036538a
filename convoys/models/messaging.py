"""Who is told of what: subscriptions, what each recipient is owed, and the messages that say it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from convoys.models.alerting import Alert, Deadline, Telling
from convoys.models.convoy import Convoy
from convoys.models.place import ControlPoint
from convoys.models.route import Route


class Channel(models.TextChoices):
    MAIL = "mail", _("mail")


class Covers(models.TextChoices):
    """What a subscription covers, of what its owner may see."""

    CONVOY = "convoy", _("one convoy")
    ROUTE = "route", _("one route")
    CONTROL_POINT = "control_point", _("one control point")
    SPONSOR = "sponsor", _("one sponsor's convoys")
    ALL = "all", _("all that I may see")


TARGETS = ("convoy", "route", "control_point", "sponsor")


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
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.MAIL)
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
            )
        ]
        indexes = [
            models.Index(
                fields=["covers", "user"], condition=models.Q(ended_at=None), name="subscription_in_force"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.covers}"


class MessageState(models.TextChoices):
    PENDING = "pending", _("waiting")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")
    DROPPED = "dropped", _("dropped")


class Message(models.Model):
    """One mail to one person, frozen before its first attempt; every attempt sends the same bytes.

    While it is being sent, `lease` names the attempt that owns it until `lease_until`.
    `attempt_began_at` stands from just before an attempt until it is settled, so that a crash in
    between shows; `uncertain_attempts` counts those after which the server may have accepted.
    """

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.MAIL)
    telling = models.CharField(max_length=16, choices=Telling)
    to_address = models.EmailField(max_length=254)
    subject = models.CharField(max_length=400)
    text = models.TextField()
    html = models.TextField()
    headers = models.JSONField(default=dict)
    reply_to = models.JSONField(default=list)
    message_id = models.CharField(max_length=200, unique=True)
    shown_convoys = models.JSONField(default=list, help_text="Convoys it names: its reader must see each.")
    shown_claims = models.JSONField(default=list, help_text="Claims it repeats: its reader must see each.")
    state = models.CharField(max_length=16, choices=MessageState, default=MessageState.PENDING)
    frozen_at = models.DateTimeField()
    give_up_at = models.DateTimeField(help_text="Transient errors are retried until then.")
    next_attempt_at = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    attempt_began_at = models.DateTimeField(null=True)
    uncertain_attempts = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-frozen_at", "-id"]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(state="pending"),
                name="message_by_next_attempt",
            ),
            models.Index(
                fields=["lease_until"], condition=models.Q(state="sending"), name="message_by_lease"
            ),
            models.Index(fields=["frozen_at"], condition=models.Q(state="failed"), name="message_failed"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} → {self.to_address}"


class NotificationState(models.TextChoices):
    OPEN = "open", _("owed")
    FROZEN = "frozen", _("in a message")
    SENT = "sent", _("told")
    DROPPED = "dropped", _("not told")
    FAILED = "failed", _("failed")


class Notification(models.Model):
    """What one recipient is owed about one alert over one channel: exists once.

    `occasion` tells several endings of one episode apart: the chain that ended it, or 0 of a step.
    `deadline` is the part of the episode that it is about.
    """

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="notifications")
    deadline = models.ForeignKey(Deadline, on_delete=models.PROTECT, related_name="notifications")
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    subscription = models.ForeignKey(Subscription, on_delete=models.SET_NULL, null=True, related_name="+")
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.MAIL)
    telling = models.CharField(max_length=16, choices=Telling)
    occasion = models.BigIntegerField(default=0)
    state = models.CharField(max_length=16, choices=NotificationState, default=NotificationState.OPEN)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it was not told.")
    message = models.ForeignKey(Message, on_delete=models.SET_NULL, null=True, related_name="notifications")
    may_have_been_told = models.BooleanField(
        default=False, help_text="An attempt ended without an answer: the server may have taken it."
    )
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["alert", "recipient", "channel", "telling", "occasion"], name="notification_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["recipient", "created_at"], condition=models.Q(state="open"), name="notification_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.telling} of alert {self.alert_id} to {self.recipient_id}"


class UnsubscribeToken(models.Model):
    """A random link to end the subscriptions behind a message. Works without signing in, for ever."""

    token = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    subscriptions = models.ManyToManyField(Subscription, related_name="+")
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"of {self.user_id}"

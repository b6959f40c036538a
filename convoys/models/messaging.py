"""What each recipient is owed, the messages that say it, and the links that stand in them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from convoys.models.alerting import Alert, Deadline, Telling
from convoys.models.subscription import Channel, Subscription
from convoys.models.webhook import Webhook


class MessageState(models.TextChoices):
    PENDING = "pending", _("waiting")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")
    DROPPED = "dropped", _("dropped")


class Message(models.Model):
    """One mail or one webhook call to one person, frozen before its first attempt; every attempt sends
    the same bytes. Of a webhook, `text` is the body and `message_id` the `webhook-id`; a message
    without notifications is a test that its owner asked for, or a notice that a webhook was disabled.

    While it is being sent, `lease` names the attempt that owns it until `lease_until`.
    `attempt_began_at` stands from just before an attempt until it is settled, so that a crash in
    between shows; `uncertain_attempts` counts those after which the server may have accepted.
    """

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.MAIL)
    webhook = models.ForeignKey(
        Webhook, on_delete=models.CASCADE, null=True, blank=True, related_name="messages"
    )
    telling = models.CharField(max_length=16, choices=Telling, blank=True)
    to_address = models.EmailField(max_length=254, blank=True)
    subject = models.CharField(max_length=400)
    text = models.TextField()
    html = models.TextField(blank=True)
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
    """What one recipient is owed about one alert over one channel, or one webhook: exists once.

    `occasion` tells several endings of one episode apart: the chain that ended it, or 0 of a step.
    `deadline` is the part of the episode that it is about.
    """

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="notifications")
    deadline = models.ForeignKey(Deadline, on_delete=models.PROTECT, related_name="notifications")
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    subscription = models.ForeignKey(Subscription, on_delete=models.SET_NULL, null=True, related_name="+")
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.MAIL)
    webhook = models.ForeignKey(
        Webhook, on_delete=models.CASCADE, null=True, blank=True, related_name="notifications"
    )
    telling = models.CharField(max_length=16, choices=Telling)
    occasion = models.BigIntegerField(default=0)
    state = models.CharField(max_length=16, choices=NotificationState, default=NotificationState.OPEN)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it was not told.")
    message = models.ForeignKey(Message, on_delete=models.SET_NULL, null=True, related_name="notifications")
    may_have_been_told = models.BooleanField(
        default=False, help_text="An attempt ended without an answer: the server may have taken it."
    )
    created_at = models.DateTimeField()
    not_before = models.DateTimeField(null=True, help_text="Of a daily digest: when it is due.")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["alert", "recipient", "telling", "occasion"],
                condition=models.Q(webhook=None),
                name="notification_once_by_mail",
            ),
            models.UniqueConstraint(
                fields=["alert", "webhook", "telling", "occasion"],
                condition=models.Q(webhook__isnull=False),
                name="notification_once_by_webhook",
            ),
        ]
        indexes = [
            models.Index(
                fields=["recipient", "created_at"], condition=models.Q(state="open"), name="notification_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.telling} of alert {self.alert_id} to {self.recipient_id}"


class MailLink(models.Model):
    """The random token of the links in one message. They work without signing in, for ever.

    They end the subscriptions behind it, acknowledge and snooze what it tells.
    """

    token = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    message = models.OneToOneField(Message, on_delete=models.CASCADE, null=True, related_name="link")
    subscriptions = models.ManyToManyField(Subscription, related_name="+")
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, help_text="When it ended subscriptions.")

    def __str__(self) -> str:
        return f"of {self.user_id}"


class MailSettings(models.Model):
    """What staff set about mail: one row, with key 1."""

    bounce_address = models.EmailField(
        blank=True, help_text="Where mail servers report what they cannot deliver; empty: the sender."
    )

    class Meta:
        verbose_name_plural = "mail settings"
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="mail_settings_once")]

    def __str__(self) -> str:
        return "mail settings"

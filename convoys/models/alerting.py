"""Alerts: which policy governs, when to look next, and which step of which episode was reached."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from convoys.models.convoy import Convoy
from convoys.models.place import Place
from convoys.models.route import Route


class Watch(models.TextChoices):
    """What a clock runs on. `unconfirmed` has no policy: it asks staff about a hold nobody confirms."""

    HELD = "held", _("held")
    STOPPED = "stopped", _("stopped")
    SILENT = "silent", _("silent")
    UNCONFIRMED = "unconfirmed", _("unconfirmed")


GOVERNED = [Watch.HELD, Watch.STOPPED, Watch.SILENT]


class Scope(models.TextChoices):
    """What a policy governs; the narrowest wins."""

    DEFAULT = "default", _("all convoys")
    ROUTE = "route", _("one route")
    CONVOY = "convoy", _("one convoy")


class Severity(models.TextChoices):
    NOTICE = "notice", _("notice")
    WARNING = "warning", _("warning")
    CRITICAL = "critical", _("critical")


class Policy(models.Model):
    """Ordered steps for one watch, then a repeat. Master data: not in the ledger, read as of now."""

    scope = models.CharField(max_length=8, choices=Scope)
    watch = models.CharField(max_length=16, choices=[(watch.value, watch.label) for watch in GOVERNED])
    route = models.ForeignKey(Route, on_delete=models.CASCADE, null=True, blank=True, related_name="policies")
    convoy = models.ForeignKey(
        Convoy, on_delete=models.CASCADE, null=True, blank=True, related_name="policies"
    )
    repeat_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="After the last step, again every so many seconds; empty: not again."
    )
    staff_only = models.BooleanField(default=False, help_text="Only staff are told.")

    class Meta:
        verbose_name_plural = "policies"
        ordering = ["watch", "scope", "route", "convoy"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scope=Scope.DEFAULT, route=None, convoy=None)
                | models.Q(scope=Scope.ROUTE, route__isnull=False, convoy=None)
                | models.Q(scope=Scope.CONVOY, route=None, convoy__isnull=False),
                name="policy_of_its_scope",
            ),
            models.CheckConstraint(
                condition=models.Q(repeat_seconds=None) | models.Q(repeat_seconds__gte=60),
                name="policy_repeats_by_the_minute_at_most",
            ),
            models.UniqueConstraint(
                fields=["watch"], condition=models.Q(scope=Scope.DEFAULT), name="one_default_policy"
            ),
            models.UniqueConstraint(
                fields=["watch", "route"], condition=models.Q(scope=Scope.ROUTE), name="one_policy_per_route"
            ),
            models.UniqueConstraint(
                fields=["watch", "convoy"],
                condition=models.Q(scope=Scope.CONVOY),
                name="one_policy_per_convoy",
            ),
        ]

    def __str__(self) -> str:
        governed = self.route or self.convoy or self.get_scope_display()
        return f"{self.get_watch_display()}, {governed}"


class PolicyStep(models.Model):
    """A threshold, in seconds from the clock's start."""

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="steps")
    after_seconds = models.PositiveIntegerField()
    severity = models.CharField(max_length=8, choices=Severity, default=Severity.WARNING)

    class Meta:
        ordering = ["policy", "after_seconds"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "after_seconds"], name="policy_step_once"),
            models.CheckConstraint(condition=models.Q(after_seconds__gte=1), name="policy_step_takes_time"),
        ]

    def __str__(self) -> str:
        return f"{self.after_seconds} s"


class DeadlineState(models.TextChoices):
    OPEN = "open", _("running")
    PAUSED = "paused", _("tracking ended")
    ENDED = "ended", _("ended")
    WITHDRAWN = "withdrawn", _("withdrawn")


class Telling(models.TextChoices):
    """What a message says. All but `step` correct what was told before."""

    STEP = "step", _("a step was reached")
    ENDED = "ended", _("it has ended")
    WITHDRAWN = "withdrawn", _("it was not so")
    NOT_ENDED = "not_ended", _("it goes on after all")


class Deadline(models.Model):
    """The running clock of one episode: a sweep reads those with `next_at` in the past and no others.

    `episode` is the chain that names the episode: `opening_chain`, or, where a hold was reopened
    before the same control point within a day, that of the hold it goes on from. `last_step` is
    the highest step raised in it. `known_at` is when the clock's start became known: steps past by
    then raise one alert together. `next_at` is the soonest of `step_at`, `ask_at` and `tell_at`.
    Moved by `convoys.services.deadlines` and by the sweep, under a lock of its row.
    """

    convoy = models.ForeignKey(Convoy, on_delete=models.CASCADE, db_index=False, related_name="deadlines")
    watch = models.CharField(max_length=16, choices=Watch)
    opening_chain = models.BigIntegerField()
    episode = models.BigIntegerField()
    state = models.CharField(max_length=16, choices=DeadlineState, default=DeadlineState.OPEN)
    stands_at = models.ForeignKey(
        Place, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    held_before = models.ForeignKey(
        Place, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    backfilled = models.BooleanField(default=False)
    clock_from = models.DateTimeField()
    known_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, help_text="The earliest instant at which it may have ended.")
    last_step = models.PositiveBigIntegerField(default=0)
    confirmed_at = models.DateTimeField(help_text="The last report, by the latest instant it allows.")
    confirming_chain = models.BigIntegerField()
    asked_chain = models.BigIntegerField(null=True, help_text="The last report that staff were asked about.")
    step_at = models.DateTimeField(null=True)
    ask_at = models.DateTimeField(null=True)
    tell = models.CharField(max_length=16, choices=Telling, blank=True, default="")
    tell_at = models.DateTimeField(null=True)
    tell_chain = models.BigIntegerField(
        null=True, help_text="The chain that ended it, or of what was retracted."
    )
    next_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["convoy", "watch", "opening_chain"]
        constraints = [
            models.UniqueConstraint(
                fields=["convoy", "watch", "opening_chain"], name="deadline_once_per_opening"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_at"], condition=models.Q(next_at__isnull=False), name="deadline_by_next_at"
            ),
            models.Index(fields=["watch", "episode"], name="deadline_by_episode"),
        ]

    def __str__(self) -> str:
        return f"{self.convoy_id} {self.watch} since entry {self.opening_chain}"


class Alert(models.Model):
    """One step reached in one episode: exists once, whatever crashes or runs twice.

    It names its deadline and not its convoy: a foreign key to the convoy would wait for a desk
    officer's lock while that officer waits for the deadline's.
    """

    deadline = models.ForeignKey(Deadline, on_delete=models.PROTECT, related_name="alerts")
    watch = models.CharField(max_length=16, choices=Watch)
    episode = models.BigIntegerField()
    step_seconds = models.PositiveBigIntegerField()
    severity = models.CharField(max_length=8, choices=Severity, default=Severity.WARNING)
    reached_at = models.DateTimeField(help_text="When the step was reached by the clock.")
    passed = models.JSONField(default=list, help_text="Lower steps past when it became known, in seconds.")
    backfilled = models.BooleanField(default=False, help_text="The hold was loaded from history.")
    asks_to_confirm = models.BooleanField(
        default=False, help_text="Nobody has confirmed the hold for 30 days."
    )
    staff_only = models.BooleanField(default=False)
    nobody_to_tell = models.BooleanField(default=False)
    raised_at = models.DateTimeField()

    class Meta:
        ordering = ["-raised_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["watch", "episode", "step_seconds"], name="alert_once_per_step")
        ]
        indexes = [
            models.Index(
                fields=["raised_at"],
                condition=models.Q(nobody_to_tell=True),
                name="alert_with_nobody_to_tell",
            )
        ]

    def __str__(self) -> str:
        return f"{self.watch} {self.step_seconds} s of entry {self.episode}"


class Sweep(models.Model):
    """When each recurring task last finished without a fault: how the system watches itself."""

    name = models.CharField(max_length=32, primary_key=True)
    last_success_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

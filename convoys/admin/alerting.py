"""Alert policies and subscriptions, which coordinators keep, and what was owed and sent, to look at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone

from accounts.role_admin import ByRole, NamedFieldsAdmin, ReadOnlyAdmin
from accounts.roles import Role
from convoys.models import Alert, Message, Notification, Policy, PolicyStep, Subscription


class PolicyStepInline(ByRole, admin.TabularInline):
    view_role = Role.VIEWER
    add_role = change_role = delete_role = Role.COORDINATOR
    model = PolicyStep
    extra = 1


@admin.register(Policy)
class PolicyAdmin(NamedFieldsAdmin):
    """When somebody is told. The narrowest policy governs: a convoy's, its route's, the default."""

    add_role = change_role = Role.COORDINATOR
    inlines = [PolicyStepInline]
    list_display = ["__str__", "scope", "watch", "repeat_seconds", "staff_only"]
    list_select_related = ["route", "convoy"]
    raw_id_fields = ["convoy"]


@admin.register(Subscription)
class SubscriptionAdmin(NamedFieldsAdmin):
    """Who is told of what they may see. Ended by a date, never deleted: mails link to it."""

    add_role = change_role = Role.COORDINATOR
    list_display = ["user", "covers", "convoy", "route", "control_point", "sponsor", "created_at", "ended_at"]
    list_select_related = ["user", "convoy", "route", "control_point__place", "sponsor"]
    search_fields = ["user__username", "user__email", "convoy__reference"]
    raw_id_fields = ["convoy"]
    exclude = ["created_at"]

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        if not change and isinstance(obj, Subscription):
            obj.created_at = timezone.now()
        super().save_model(request, obj, form, change)


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ["raised_at", "watch", "deadline", "step_seconds", "severity", "nobody_to_tell"]
    list_display_links = ["raised_at"]
    list_select_related = ["deadline"]


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "alert", "recipient", "telling", "state", "reason"]
    list_display_links = ["created_at"]
    list_select_related = ["alert", "recipient"]


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """What was sent, without the personal links that the mail itself carries."""

    list_display = ["frozen_at", "subject", "to_address", "state", "attempts", "failure"]
    list_display_links = ["frozen_at"]
    search_fields = ["subject", "to_address"]
    fields = [
        "recipient", "to_address", "subject", "state", "failure", "attempts", "uncertain_attempts",
        "frozen_at", "next_attempt_at", "sent_at",
    ]  # fmt: skip

"""Alert policies and subscriptions, which coordinators keep, and what was owed and sent, to look at.

A failed message can be sent again by a button; nothing else about alerts is changed by hand.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.role_admin import ByRole, NamedFieldsAdmin, ReadOnlyAdmin, has_role
from accounts.roles import Role
from convoys.bell import ring
from convoys.models import (
    Alert,
    Message,
    MessageState,
    Notification,
    Policy,
    PolicyStep,
    Scope,
    Subscription,
)
from convoys.services.alerting.telling import is_redating
from convoys.services.deadlines import redate_open_deadlines
from convoys.services.messaging.phrases import step_words
from convoys.services.messaging.recover import retry

PERSONAL_LINK = re.compile(r"/u/[\w-]+")


def check_targets(form: forms.BaseForm, chosen: str, names: tuple[str, ...]) -> None:
    """Exactly the field that the scope is named after is filled in, and no other."""
    for name in names:
        value = form.cleaned_data.get(name)
        if name == chosen and value is None and name not in form.errors:
            form.add_error(name, _("This scope needs it."))
        elif name != chosen and value is not None:
            form.add_error(name, _("This scope does not have it: leave it empty."))


class PolicyForm(forms.ModelForm):
    """A policy for all convoys, one route or one convoy."""

    class Meta:
        model = Policy
        fields = ["watch", "scope", "route", "convoy", "repeat_seconds", "staff_only"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        check_targets(self, str(cleaned.get("scope", "")), ("route", "convoy"))
        repeat = cleaned.get("repeat_seconds")
        if repeat is not None and repeat < 60:
            self.add_error("repeat_seconds", _("Once a minute is the most."))
        return cleaned


class PolicyStepInline(ByRole, admin.TabularInline):
    view_role = Role.VIEWER
    add_role = change_role = delete_role = Role.COORDINATOR
    model = PolicyStep
    extra = 1


@admin.register(Policy)
class PolicyAdmin(NamedFieldsAdmin):
    """When somebody is told. The narrowest policy governs: a convoy's, its route's, the default.

    Saving or deleting one re-dates the open holds that it governs; no step is repeated or lost.
    """

    form = PolicyForm
    add_role = change_role = Role.COORDINATOR
    inlines = [PolicyStepInline]
    list_display = ["__str__", "scope", "watch", "steps_in_words", "staff_only"]
    list_select_related = ["route", "convoy"]
    raw_id_fields = ["convoy"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("steps")

    @admin.display(description="steps")
    def steps_in_words(self, policy: Policy) -> str:
        words = ", ".join(step_words(step.after_seconds) for step in policy.steps.all())
        if policy.repeat_seconds:
            return _("%(steps)s, then every %(repeat)s") % {
                "steps": words, "repeat": step_words(policy.repeat_seconds),
            }  # fmt: skip
        return words

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A narrower policy may go; every watch keeps its default."""
        if isinstance(obj, Policy) and obj.scope == Scope.DEFAULT:
            return False
        return has_role(request, Role.COORDINATOR)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        _redate(form.instance)

    def delete_model(self, request: HttpRequest, obj: Policy) -> None:
        super().delete_model(request, obj)
        _redate(obj)


def _redate(policy: Policy) -> None:
    redate_open_deadlines(policy)
    transaction.on_commit(partial(ring, "convoys.tasks.detect"))


class SubscriptionForm(forms.ModelForm):
    """Who is told of what."""

    class Meta:
        model = Subscription
        fields = [
            "user", "convoy", "route", "control_point", "sponsor", "from_seconds", "language", "ended_at",
        ]  # fmt: skip


@admin.register(Subscription)
class SubscriptionAdmin(NamedFieldsAdmin):
    """Who is told of what they may see. Ended by a date, never deleted: mails link to it."""

    form = SubscriptionForm
    add_role = change_role = Role.COORDINATOR
    list_display = ["user", "convoy", "route", "control_point", "sponsor", "created_at", "ended_at"]
    list_select_related = ["user", "convoy", "route", "control_point__place", "sponsor"]
    search_fields = ["user__username", "user__email", "convoy__reference"]
    raw_id_fields = ["convoy"]

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        if not change and isinstance(obj, Subscription):
            obj.created_at = timezone.now()
        super().save_model(request, obj, form, change)


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ["raised_at", "watch", "convoy", "step", "severity", "backfilled", "nobody_to_tell"]
    list_display_links = ["raised_at"]
    list_select_related = ["deadline__convoy"]
    list_filter = ["watch", "nobody_to_tell"]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in ("watch__exact", "nobody_to_tell__exact")

    @admin.display(description="convoy")
    def convoy(self, alert: Alert) -> str:
        return alert.deadline.convoy.reference

    @admin.display(description="step", ordering="step_seconds")
    def step(self, alert: Alert) -> str:
        return step_words(alert.step_seconds)


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "alert", "recipient", "what_is_told", "state", "reason"]
    list_display_links = ["created_at"]
    list_select_related = ["alert", "recipient", "deadline"]

    @admin.display(description="telling", ordering="telling")
    def what_is_told(self, notification: Notification) -> str:
        if is_redating(notification):
            return _("since when or where it is held was corrected")
        return notification.get_telling_display()


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """What was sent, without the personal links that the mail itself carries."""

    change_form_template = "admin/convoys/message/change_form.html"
    list_display = ["frozen_at", "subject", "to_address", "state", "attempts", "failure"]
    list_display_links = ["frozen_at"]
    list_filter = ["state"]
    search_fields = ["subject", "to_address"]
    fields = [
        "recipient", "to_address", "subject", "state", "failure", "attempts", "uncertain_attempts",
        "frozen_at", "next_attempt_at", "sent_at", "message_id", "said",
    ]  # fmt: skip

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup == "state__exact"

    @admin.display(description="text")
    def said(self, message: Message) -> str:
        return PERSONAL_LINK.sub("/u/…", message.text)

    def get_urls(self) -> list[URLPattern]:
        again = path(
            "<path:object_id>/retry/",
            self.admin_site.admin_view(self.retry_view),
            name="convoys_message_retry",
        )
        return [again, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        message = self.get_object(request, object_id)
        failed = isinstance(message, Message) and message.state == MessageState.FAILED
        more = {"may_retry": failed and has_role(request, Role.DESK_OFFICER)}
        return super().change_view(request, object_id, form_url, more | (extra_context or {}))

    def retry_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send a failed message again, exactly as it was frozen. By POST alone."""
        if not has_role(request, Role.DESK_OFFICER):
            raise PermissionDenied
        message = self.get_object(request, object_id)
        if not isinstance(message, Message) or request.method != "POST":
            raise Http404
        if retry(message):
            self.log_change(request, message, "Sent again by hand.")
            ring("convoys.tasks.deliver")
            messages.success(request, _("It is tried again now."))
        else:
            messages.warning(request, _("It has not failed, so there is nothing to try again."))
        return HttpResponseRedirect(reverse("admin:convoys_message_change", args=[message.pk]))

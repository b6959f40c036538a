"""Alerts raised, and what was owed and sent, to look at.

A failed message can be sent again by a button; nothing else about alerts is changed by hand.
"""

from __future__ import annotations

import re
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from accounts.role_admin import ReadOnlyAdmin, has_role
from accounts.roles import Role
from convoys.bell import ring
from convoys.models import (
    Alert,
    Message,
    MessageState,
    Notification,
)
from convoys.services.alerting.telling import is_redating
from convoys.services.messaging.phrases import step_words
from convoys.services.messaging.recover import retry

PERSONAL_LINK = re.compile(r"/u/[\w-]+")


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
            by_webhook = message.webhook_id is not None
            ring("convoys.tasks.deliver_webhooks" if by_webhook else "convoys.tasks.deliver")
            messages.success(request, _("It is tried again now."))
        else:
            messages.warning(
                request, _("It has not failed, or its webhook is called no more: nothing is tried again.")
            )
        return HttpResponseRedirect(reverse("admin:convoys_message_change", args=[message.pk]))

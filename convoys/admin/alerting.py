"""Alerts raised, and what was owed and sent, to look at.

A failed message can be sent again by a button; nothing else about alerts is changed by hand.
"""

from __future__ import annotations

import re
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.role_admin import ReadOnlyAdmin, has_role
from accounts.roles import Role
from convoys.admin import responding
from convoys.bell import ring
from convoys.models import (
    Alert,
    Deadline,
    Message,
    MessageState,
    Notification,
    ResponseDoor,
)
from convoys.queries.responses import charges, in_charge, name_of
from convoys.services.alerting import responses
from convoys.services.alerting.telling import is_redating
from convoys.services.messaging.phrases import step_words
from convoys.services.messaging.recover import retry

PERSONAL_LINK = re.compile(r"/u/[\w-]+")


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """Alerts raised. Those ticked can be acknowledged, snoozed, or taken charge of."""

    change_list_template = "admin/convoys/alert/change_list.html"
    list_display = [
        "raised_at", "watch", "convoy", "step", "severity", "charge", "remarks",
    ]  # fmt: skip
    list_display_links = ["raised_at"]
    list_select_related = ["deadline__convoy"]
    list_filter = ["watch", "nobody_to_tell"]
    actions = ["acknowledge", "snooze_for_a_day", "snooze_for_3_days", "snooze_for_7_days", "take_charge"]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Taking charge is offered to the desk alone; nothing here can be deleted."""
        offered: dict[str, Any] = super().get_actions(request)
        offered.pop("delete_selected", None)
        if not has_role(request, Role.DESK_OFFICER):
            offered.pop("take_charge", None)
        return offered

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in ("watch__exact", "nobody_to_tell__exact")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With who is in charge of each, in one query."""
        changelist = super().get_changelist_instance(request)
        taken = charges({(row.deadline.watch, row.deadline.episode) for row in changelist.result_list})
        holders = {key: in_charge(rows) for key, rows in taken.items()}
        for row in changelist.result_list:
            row.holder = holders.get((row.deadline.watch, row.deadline.episode))
        return changelist

    @admin.display(description="convoy")
    def convoy(self, alert: Alert) -> SafeString:
        convoy = alert.deadline.convoy
        url = reverse("admin:convoys_convoy_change", args=[convoy.pk])
        return format_html('<a href="{}#alerts">{}</a>', url, convoy.reference)

    @admin.display(description="step", ordering="step_seconds")
    def step(self, alert: Alert) -> str:
        return step_words(alert.step_seconds)

    @admin.display(description="in charge", empty_value="–")
    def charge(self, alert: Alert) -> str | None:
        holder = getattr(alert, "holder", None)
        return name_of(holder.user) if holder is not None else None

    @admin.display(description="remarks")
    def remarks(self, alert: Alert) -> str:
        told = [
            (alert.nobody_to_tell, _("nobody to tell")),
            (alert.asks_to_confirm, _("asks to confirm")),
            (alert.backfilled, _("loaded from history")),
        ]
        return ", ".join(words for is_so, words in told if is_so)

    @admin.action(description="Acknowledge: tell me no further steps")
    def acknowledge(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        def act(user: User, deadline: Deadline) -> object:
            return responses.acknowledge(user, deadline, ResponseDoor.DESK)

        responding.for_each(request, alerts, act, _("%(count)s acknowledged."))

    @admin.action(description="Snooze for 24 h")
    def snooze_for_a_day(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        self._snooze(request, alerts, "24")

    @admin.action(description="Snooze for 3 days")
    def snooze_for_3_days(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        self._snooze(request, alerts, "72")

    @admin.action(description="Snooze for 7 days")
    def snooze_for_7_days(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        self._snooze(request, alerts, "168")

    def _snooze(self, request: HttpRequest, alerts: QuerySet[Alert], hours: str) -> None:
        responding.for_each(
            request, alerts, lambda user, row: responding.snooze(user, row, hours), _("%(count)s snoozed.")
        )

    @admin.action(description="Take charge")
    def take_charge(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        """Of those that nobody is in charge of; handing over is done on the convoy's page."""

        def act(user: User, deadline: Deadline) -> object:
            return responses.take_charge(user, deadline, ResponseDoor.DESK)

        responding.for_each(request, alerts, act, _("You are in charge of %(count)s."))


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

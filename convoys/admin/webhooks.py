"""Webhooks for coordinators: who has which, how they stand, what each call came to. Never a secret.

Disabling and enabling are the only things done to somebody else's webhook; failed calls are tried
again on the page of their message.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from accounts.role_admin import ReadOnlyAdmin, has_role
from accounts.roles import Role
from convoys.models import Webhook, WebhookAttempt
from convoys.services.webhooks import manage


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    """Somebody's webhook, without its secrets."""

    view_role = Role.COORDINATOR
    change_form_template = "admin/convoys/webhook/change_form.html"
    list_display = ["description_or_key", "user", "url", "stands", "created_at"]
    list_display_links = ["description_or_key"]
    list_select_related = ["user"]
    search_fields = ["user__username", "url", "description"]
    fields = [
        "user", "url", "description", "stands", "created_at", "disabled_at", "disabled_because", "ended_at",
        "previous_secret_until",
    ]  # fmt: skip

    @admin.display(description="webhook", ordering="description")
    def description_or_key(self, webhook: Webhook) -> str:
        return webhook.description or str(webhook)

    @admin.display(description="stands")
    def stands(self, webhook: Webhook) -> str:
        if webhook.ended_at is not None:
            return _("ended")
        return _("disabled") if webhook.disabled_at is not None else _("in force")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<path:object_id>/disable/", view(self.disable_view), name="convoys_webhook_disable"),
            path("<path:object_id>/enable/", view(self.enable_view), name="convoys_webhook_enable"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        found = self.get_object(request, object_id)
        more: dict[str, Any] = {}
        if isinstance(found, Webhook):
            lately = WebhookAttempt.objects.filter(message__webhook=found).select_related("message")
            more = {"attempts": lately.order_by("-began_at", "-pk")[:50]}
        return super().change_view(request, object_id, form_url, more | (extra_context or {}))

    def disable_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Call it no more; its owner sees so on their page."""
        return self._switch(request, object_id, manage.switch_off, "Disabled by a coordinator.")

    def enable_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Call it again."""
        return self._switch(request, object_id, manage.enable, "Enabled by a coordinator.")

    def _switch(
        self, request: HttpRequest, object_id: str, act: Callable[[Webhook], bool], noted: str
    ) -> HttpResponse:
        if not has_role(request, Role.COORDINATOR):
            raise PermissionDenied
        webhook = self.get_object(request, object_id)
        if not isinstance(webhook, Webhook) or request.method != "POST":
            raise Http404
        if act(webhook):
            self.log_change(request, webhook, noted)
            messages.success(request, noted)
        else:
            messages.warning(request, _("It stood so already, so nothing was changed."))
        return HttpResponseRedirect(reverse("admin:convoys_webhook_change", args=[webhook.pk]))


@admin.register(WebhookAttempt)
class WebhookAttemptAdmin(ReadOnlyAdmin):
    """Every call and what came of it."""

    view_role = Role.COORDINATOR
    list_display = ["began_at", "webhook", "told", "status", "milliseconds", "outcome", "asked_by_hand"]
    list_display_links = ["began_at"]
    list_select_related = ["message__webhook"]
    fields = ["message", "began_at", "status", "milliseconds", "outcome", "asked_by_hand"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookAttempt]:
        return super().get_queryset(request).select_related("message__webhook__user")

    @admin.display(description="webhook")
    def webhook(self, attempt: WebhookAttempt) -> str:
        webhook = attempt.message.webhook
        return f"{webhook.user}: {webhook.description or webhook.url}" if webhook is not None else ""

    @admin.display(description="told")
    def told(self, attempt: WebhookAttempt) -> str:
        return attempt.message.subject

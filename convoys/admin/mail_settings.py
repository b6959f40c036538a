"""The one row of what staff set about mail."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.role_admin import NamedFieldsAdmin
from accounts.roles import Role
from convoys.models import MailSettings
from convoys.services.messaging.mail_settings import set_bounce_address


@admin.register(MailSettings)
class MailSettingsAdmin(NamedFieldsAdmin):
    """Where mail servers report what they cannot deliver. Coordinators and administrators set it."""

    view_role = change_role = Role.COORDINATOR
    fields = ["bounce_address"]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """There is one, so its page is the list."""
        return HttpResponseRedirect(reverse("admin:convoys_mailsettings_change", args=[1]))

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> MailSettings | None:
        """The row, or what it would be before anybody has set anything."""
        if object_id != "1":
            return None
        return MailSettings.objects.filter(pk=1).first() or MailSettings(pk=1)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        set_bounce_address(obj.bounce_address)

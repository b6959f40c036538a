"""Admin permissions by role: one rule for every model, so that no group can be given more by mistake.

Groups carry the roles (`accounts.roles`); what a role may do in the admin stands beside each model
as four roles, and the admin asks nothing else.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from accounts.models import User
from accounts.roles import Role, may


def has_role(request: HttpRequest, role: Role | None) -> bool:
    """Whether the signed-in person holds this role; None is what nobody may."""
    user = request.user
    return role is not None and isinstance(user, User) and may(user, role)


class ByRole(admin.options.BaseModelAdmin):
    """Who may look, add, change and delete: a role each, None for nobody."""

    view_role: Role | None = Role.VIEWER
    add_role: Role | None = None
    change_role: Role | None = None
    delete_role: Role | None = None

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return has_role(request, self.view_role)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return has_role(request, self.add_role)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return has_role(request, self.change_role)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return has_role(request, self.delete_role)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return has_role(request, self.view_role)


class NamedFieldsAdmin(ByRole, admin.ModelAdmin):
    """Saves the columns that the form changed and no others: a row may hold columns that others write."""

    actions = None
    save_on_top = False

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        if not change:
            obj.save(force_insert=True)
            return
        columns = {field.name for field in obj._meta.concrete_fields if not field.primary_key}
        changed = columns & set(form.changed_data) | columns & self.columns_of(obj, form)
        if changed:
            obj.save(update_fields=sorted(changed))

    def columns_of(self, obj: Model, form: Any) -> set[str]:
        """Columns to save besides those that the form changed."""
        return set()


class ReadOnlyAdmin(ByRole, admin.ModelAdmin):
    """To be looked at; nobody adds, changes or deletes here, whatever is posted."""

    actions: Any = None
    list_display_links: Any = None

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return False

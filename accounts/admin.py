"""Accounts in the admin: people and their roles, organisations, tokens of programs."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import ApiToken, Organisation, OrganisationName, TokenScope, User
from accounts.role_admin import ByRole, NamedFieldsAdmin, ReadOnlyAdmin, has_role
from accounts.roles import STAFF_ROLES, Role, role_of
from accounts.tokens import issue_token, revoke_token

admin.site.unregister(Group)  # the roles are fixed; who holds one is said on the person's page
# Addresses stand on the person's page; allauth's own page of second factors would show their secrets.
admin.site.unregister([EmailAddress, Authenticator])
ROLE_CHOICES = [(Role.NONE.name, gettext_lazy("partner, no staff role"))] + [
    (r.name, r.label) for r in STAFF_ROLES
]


class PersonForm(UserChangeForm):
    """A person with one staff role, or none."""

    role = forms.ChoiceField(
        choices=ROLE_CHOICES,
        help_text=gettext_lazy(
            "A role may do whatever a lower one may. A partner sees its organisation's convoys."
        ),
    )

    class Meta(UserChangeForm.Meta):
        model = User

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].initial = role_of(self.instance).name if self.instance.pk else Role.NONE.name

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        editor = getattr(self, "editor", None)
        if (
            editor is not None
            and editor.pk == self.instance.pk
            and {"role", "is_active"} & set(self.changed_data)
        ):
            raise forms.ValidationError(_("Your own role and access are changed by another administrator."))
        return cleaned


def may_act_on(request: HttpRequest, person: Model | None) -> bool:
    """Whether this person's way in may be changed: a superuser's by superusers alone."""
    return not getattr(person, "is_superuser", False) or getattr(request.user, "is_superuser", False)


@admin.register(User)
class PersonAdmin(ByRole, UserAdmin):
    """Administrators make accounts, give roles and end access. Nobody is deleted: the record names them."""

    view_role = add_role = change_role = Role.ADMINISTRATOR
    form = PersonForm
    actions = None
    filter_horizontal = ()
    list_display = ["username", "first_name", "last_name", "organisation", "role", "is_active", "last_login"]
    list_filter = ["is_active", "groups"]
    list_select_related = ["organisation"]
    search_fields = ["username", "first_name", "last_name", "email", "organisation__name"]
    fieldsets = [
        (None, {"fields": ["username", "password", "is_active"]}),
        (gettext_lazy("Person"), {"fields": ["first_name", "last_name", "email", "language", "time_zone"]}),
        (gettext_lazy("May do"), {"fields": ["role", "organisation"]}),
    ]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A superuser's password and address open more than an administrator may."""
        return super().has_change_permission(request, obj) and may_act_on(request, obj)

    @admin.display(description=gettext_lazy("role"))
    def role(self, person: User) -> str:
        held = role_of(person)
        return held.label if held else _("partner")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.editor = request.user
        return form

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        chosen = form.cleaned_data.get("role")
        if chosen is not None:
            obj.is_staff = chosen != Role.NONE.name or obj.is_superuser
        if not change:
            obj.save()
            return
        columns = {field.name for field in obj._meta.concrete_fields}
        obj.save(update_fields=sorted(columns & set(form.changed_data) | {"is_staff"}))
        if "email" in form.changed_data:
            # allauth keeps addresses of its own, and resets passwords by them: the old one must open nothing.
            EmailAddress.objects.filter(user=obj).exclude(email__iexact=obj.email).delete()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        chosen = form.cleaned_data.get("role")
        if chosen is None:
            return
        person: User = form.instance
        person.groups.remove(*Group.objects.filter(name__in=[role.group_name for role in STAFF_ROLES]))
        if chosen != Role.NONE.name:
            group, _made = Group.objects.get_or_create(name=Role[chosen].group_name)
            person.groups.add(group)


@admin.register(Authenticator)
class SecondFactorAdmin(ReadOnlyAdmin):
    """Who has a second factor. It is taken away when a telephone is lost; its secret stays hidden."""

    view_role = delete_role = Role.ADMINISTRATOR
    list_display = ["user", "type", "created_at", "last_used_at"]
    list_display_links = ["user"]
    list_select_related = ["user"]
    fields = ["user", "type", "created_at", "last_used_at"]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        person = obj.user if isinstance(obj, Authenticator) else None
        return super().has_delete_permission(request, obj) and may_act_on(request, person)


class OrganisationNameInline(ByRole, admin.TabularInline):
    view_role = Role.VIEWER
    add_role = change_role = delete_role = Role.COORDINATOR
    model = OrganisationName
    extra = 1


@admin.register(Organisation)
class OrganisationAdmin(NamedFieldsAdmin):
    """Sponsors, carriers, sources and parties. None is deleted, since the record names them by code."""

    add_role = change_role = Role.COORDINATOR
    inlines = [OrganisationNameInline]
    list_display = ["name", "code", "type", "country", "is_exercise"]
    list_filter = ["type", "is_exercise"]
    search_fields = ["code", "name", "names__name", "iati_identifier"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["code"] if obj else []


class TokenForm(forms.ModelForm):
    """A new token: for whom, for which program, and what it opens."""

    scopes = forms.TypedMultipleChoiceField(
        choices=TokenScope.choices,
        initial=[TokenScope.READ],
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "Give what its program needs. One that makes tokens gives no more than it has itself."
        ),
    )

    class Meta:
        model = ApiToken
        fields = ["user", "label", "scopes", "expires_at"]


@admin.register(ApiToken)
class ApiTokenAdmin(NamedFieldsAdmin):
    """Tokens are issued, shown once, and revoked; what is stored cannot be turned back into the secret."""

    view_role = add_role = Role.ADMINISTRATOR
    form = TokenForm
    list_display = [
        "label", "user", "prefix", "opens", "created_at", "expires_at", "last_used_at", "revoked_at",
    ]  # fmt: skip
    list_select_related = ["user"]
    search_fields = ["label", "prefix", "user__username", "user__organisation__name"]
    fields = ["user", "label", "scopes", "expires_at"]
    change_form_template = "admin/accounts/apitoken/change_form.html"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return self.fields
        return ["user", "label", "opens", "expires_at", "prefix", "created_at", "last_used_at", "revoked_at"]

    @admin.display(description=gettext_lazy("scopes"))
    def opens(self, token: ApiToken) -> str:
        return ", ".join(str(TokenScope(scope).label) for scope in token.scopes)

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "<int:pk>/revoke/", self.admin_site.admin_view(self.revoke), name="accounts_apitoken_revoke"
        )
        return [own, *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        if change or not isinstance(obj, ApiToken):
            raise PermissionDenied
        issued, secret = issue_token(obj.user, obj.label, obj.expires_at, obj.scopes)
        obj.__dict__.update(issued.__dict__)
        form.issued_secret = secret
        request.issued_secret = secret  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The one page that shows the secret; it is kept nowhere else and must not be cached."""
        context = self.admin_site.each_context(request) | {
            "title": _("Token issued"),
            "token": obj,
            "secret": request.issued_secret,  # type: ignore[attr-defined]
            "opts": self.opts,
        }
        response = TemplateResponse(request, "admin/accounts/apitoken/issued.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def revoke(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, then end the token at once."""
        if not has_role(request, Role.ADMINISTRATOR):
            raise PermissionDenied
        token = get_object_or_404(ApiToken.objects.select_related("user"), pk=pk)
        if request.method == "POST":
            revoke_token(token)
            self.log_change(request, token, [{"changed": {"fields": ["revoked_at"]}}])
            self.message_user(
                request, _("The token is revoked; it opens nothing any more."), messages.SUCCESS
            )
            return HttpResponseRedirect(reverse("admin:accounts_apitoken_changelist"))
        context = self.admin_site.each_context(request) | {
            "title": _("Revoke a token"),
            "token": token,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/accounts/apitoken/revoke.html", context)

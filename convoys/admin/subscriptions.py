"""Everybody's subscriptions, which coordinators keep for those who do not keep their own.

What one can name is what its owner may see; the services check it as they do on the owner's page.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.role_admin import ReadOnlyAdmin, has_role
from accounts.roles import Role
from convoys.errors import InvalidInput, NotPermitted
from convoys.models import Subscription
from convoys.models.subscription import SCOPE
from convoys.queries.subscriptions import scope_words, with_names
from convoys.queries.visibility import viewer_of
from convoys.services.alerting.described import described
from convoys.services.alerting.subscriptions import change_subscription, end_subscription, subscribe
from convoys.services.messaging.phrases import step_words
from convoys.wish_form import WishForm, as_typed


class OwnerForm(forms.Form):
    """Who is to be told."""

    user = forms.ModelChoiceField(
        label=gettext_lazy("Who is to be told"),
        queryset=User.objects.filter(is_active=True).order_by("username"),
    )

    def clean_user(self) -> User:
        user: User = self.cleaned_data["user"]
        if viewer_of(user).sees_nothing:
            raise forms.ValidationError(_("This account sees no convoys: give it a role or an organisation."))
        return user


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    """Who is told of what they may see. Ended, never deleted: mails link to it."""

    add_role = change_role = Role.COORDINATOR
    list_display = ["user", "what", "from_step", "channel", "rhythm", "since", "until"]
    list_display_links = ["user", "what"]
    search_fields = ["user__username", "user__email", "convoy__reference"]
    ordering = [F("ended_at").desc(nulls_first=True), "user__username", "created_at"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return with_names(super().get_queryset(request))

    @admin.display(description="told of")
    def what(self, one: Subscription) -> str:
        return scope_words(one, {one.convoy_id or 0}) if one.named else _("all that they may see")

    @admin.display(description="from", ordering="from_seconds")
    def from_step(self, one: Subscription) -> str:
        return step_words(one.from_seconds) if one.from_seconds else _("the first step")

    @admin.display(description="since", ordering="created_at")
    def since(self, one: Subscription) -> str:
        return date_format(one.created_at, "j M Y")

    @admin.display(description="ended", ordering="ended_at")
    def until(self, one: Subscription) -> str:
        return date_format(one.ended_at, "j M Y") if one.ended_at else _("in force")

    def get_urls(self) -> list[URLPattern]:
        end = path(
            "<path:object_id>/end/",
            self.admin_site.admin_view(self.end_view),
            name="convoys_subscription_end",
        )
        return [end, *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """One subscription, or a new one once its owner is chosen."""
        may_save = has_role(request, Role.COORDINATOR)
        is_writing = object_id is None or request.method == "POST"
        if not has_role(request, Role.COORDINATOR if is_writing else Role.VIEWER):
            raise PermissionDenied
        if object_id is not None:
            return self._change(request, self._found(request, object_id), may_save)
        owner = OwnerForm(request.GET if "user" in request.GET else None, initial={"user": None})
        if not owner.is_valid():
            return self._page(request, {"owner_form": owner, "kept": self._wanted(request)})
        return self._add(request, owner.cleaned_data["user"])

    def _found(self, request: HttpRequest, object_id: str) -> Subscription:
        found = self.get_object(request, unquote(object_id))
        if not isinstance(found, Subscription):
            raise Http404
        return found

    @staticmethod
    def _wanted(request: HttpRequest) -> dict[str, str]:
        """What a link to this page wants the new one to name."""
        return {kind: request.GET[kind] for kind in SCOPE if kind in request.GET}

    def _add(self, request: HttpRequest, owner: User) -> HttpResponse:
        form = WishForm(owner, request.POST or None, initial=self._wanted(request))
        if request.method == "POST" and form.is_valid():
            try:
                made = subscribe(owner, form.wish())
            except (InvalidInput, NotPermitted) as problem:
                form.add_faults(getattr(problem, "fields", {"subscription": problem.message}))
            else:
                self.log_addition(request, made, described(owner, [made])[0].sentence)
                return self._saved(request, made)
        return self._page(request, {"form": form, "owner": owner})

    def _change(self, request: HttpRequest, one: Subscription, may_save: bool) -> HttpResponse:
        owner = one.user
        told = described(owner, [one])[0]
        may_change = may_save and told.may_change and one.ended_at is None
        form = WishForm(owner, request.POST or None, initial=as_typed(one)) if may_change else None
        if request.method == "POST" and form is None:
            raise PermissionDenied
        if form is not None and request.method == "POST" and form.is_valid():
            try:
                changed = change_subscription(owner, one.pk, form.wish())
            except (InvalidInput, NotPermitted) as problem:
                form.add_faults(getattr(problem, "fields", {"subscription": problem.message}))
            else:
                if changed is None:
                    raise Http404
                self.log_change(request, changed, described(owner, [changed])[0].sentence)
                return self._saved(request, changed)
        may_end = may_save and one.ended_at is None
        return self._page(request, {"form": form, "owner": owner, "told": told, "may_end": may_end})

    def _saved(self, request: HttpRequest, one: Subscription) -> HttpResponse:
        messages.success(request, _("Saved. %(who)s reads:") % {"who": one.user} + f" “{self._reads(one)}”")
        return HttpResponseRedirect(reverse("admin:convoys_subscription_changelist"))

    @staticmethod
    def _reads(one: Subscription) -> str:
        return described(one.user, [one])[0].sentence

    def end_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End it, by POST alone."""
        if not has_role(request, Role.COORDINATOR):
            raise PermissionDenied
        one = self._found(request, object_id)
        if request.method != "POST":
            raise Http404
        if end_subscription(one.user, one.pk):
            self.log_change(request, one, "Ended.")
            messages.success(request, _("Ended: no more comes from it."))
        else:
            messages.warning(request, _("It had ended already."))
        return HttpResponseRedirect(reverse("admin:convoys_subscription_change", args=[quote(one.pk)]))

    def _page(self, request: HttpRequest, more: dict[str, Any]) -> HttpResponse:
        form = more.get("form") or more.get("owner_form")
        has_errors = form is not None and form.is_bound and bool(form.errors)
        context = self.admin_site.each_context(request) | {
            "title": _("Subscription of %(who)s") % {"who": more["owner"]} if "owner" in more
            else _("New subscription"),
            "opts": self.opts, "has_errors": has_errors,
        } | more  # fmt: skip
        status = 422 if has_errors else 200
        return TemplateResponse(request, "admin/convoys/subscription/form.html", context, status=status)

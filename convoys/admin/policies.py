"""Alert policies, which coordinators keep: what one governs, and what a change of it would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.role_admin import ReadOnlyAdmin, has_role
from accounts.roles import Role
from convoys import bell
from convoys.admin.policy_form import PolicyForms
from convoys.clocks import instance_zone
from convoys.errors import InvalidInput
from convoys.models import Convoy, Policy, Route, Scope, Watch
from convoys.models.alerting import GOVERNED
from convoys.services.alerting.governing import Target, effect_on, target_of, wider_ladder
from convoys.services.alerting.policies import Ladder, Ladders, ladder_of
from convoys.services.alerting.policy_editing import delete_policy, mark_of, policy_for, save_policy
from convoys.services.messaging.phrases import ladder_words

DETECT = "convoys.tasks.detect"
REDATE = "convoys.tasks.recover"


@dataclass(frozen=True)
class Governing:
    """Which policy governs one watch of a convoy or a route. `own_url` is where a narrower one is made."""

    watch: str
    words: str
    whose: str
    url: str
    own_url: str


@admin.register(Policy)
class PolicyAdmin(ReadOnlyAdmin):
    """When somebody is told. The narrowest policy governs: a convoy's, its route's, the default.

    Saving or deleting one goes through the services, which re-date the clocks that it governs; a page
    before it says what will change.
    """

    add_role = change_role = delete_role = Role.COORDINATOR
    list_display = ["__str__", "steps_in_words", "told"]
    list_display_links = ["__str__"]
    list_select_related = ["route", "convoy"]

    @admin.display(description="told", ordering="staff_only")
    def told(self, policy: Policy) -> str:
        return _("staff only") if policy.staff_only else _("subscribers")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("route", "convoy").prefetch_related("steps")

    @admin.display(description="steps")
    def steps_in_words(self, policy: Policy) -> str:
        return ladder_words(ladder_of(policy))

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A narrower policy may go; every watch keeps its default."""
        is_default = isinstance(obj, Policy) and obj.scope == Scope.DEFAULT
        return not is_default and super().has_delete_permission(request, obj)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("of/convoy/<int:key>/", view(self.of_convoy), name="convoys_policy_of_convoy"),
            path("of/route/<path:code>/", view(self.of_route), name="convoys_policy_of_route"),
        ]
        return [*own, *super().get_urls()]

    # --- the page of one policy

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show, try or save a policy. Not in a transaction: the service opens its own."""
        policy = self._policy(request, object_id)
        may_save = has_role(request, Role.COORDINATOR)
        is_writing = policy is None or request.method == "POST"
        if not has_role(request, Role.COORDINATOR if is_writing else Role.VIEWER):
            raise PermissionDenied
        posted = request.POST if request.method == "POST" else None
        forms = PolicyForms(policy, posted, self._wanted(request, policy))
        ladder = forms.ladder() if posted is not None else None
        if ladder is not None and "_save" in request.POST:
            saved = self._save(request, forms, ladder)
            if saved is not None:
                return saved
        return self._page(request, policy, forms, ladder, may_save)

    def _policy(self, request: HttpRequest, object_id: str | None) -> Policy | None:
        if object_id is None:
            return None
        policy = self.get_object(request, unquote(object_id))
        if not isinstance(policy, Policy):
            raise Http404
        return policy

    def _wanted(self, request: HttpRequest, policy: Policy | None) -> dict[str, Any]:
        if policy is not None:
            return {"seen": mark_of(policy)}
        wanted = {name: request.GET[name] for name in ("watch", "route", "convoy") if name in request.GET}
        return wanted | {"seen": mark_of(None)}

    def _save(self, request: HttpRequest, forms: PolicyForms, ladder: Ladder) -> HttpResponse | None:
        target, seen = forms.form.chosen_target(), forms.form.cleaned_data["seen"]
        is_new = forms.form.target is None
        if is_new and policy_for(target) is not None:
            forms.form.add_error(None, _("There is a policy for this already: change that one."))
            return None
        try:
            saved = save_policy(target, ladder, seen)
        except InvalidInput as problem:
            forms.add_faults(problem)
            return None
        bell.ring(DETECT if saved.moved is not None else REDATE)
        log = self.log_addition if is_new else self.log_change
        log(request, saved.policy, ladder_words(ladder))
        messages.success(request, _saved_words(ladder, saved.moved))
        return HttpResponseRedirect(_url_of(saved.policy))

    def _page(
        self,
        request: HttpRequest,
        policy: Policy | None,
        forms: PolicyForms,
        ladder: Ladder | None,
        may_save: bool,
    ) -> HttpResponse:
        now, effect, governs = timezone.now(), None, None
        is_fine = ladder is not None and forms.form.is_valid()
        if ladder is not None and is_fine:
            effect = effect_on(forms.form.chosen_target(), ladder, now)
        elif policy is not None:
            governs = effect_on(target_of(policy), ladder_of(policy), now)
        name = capfirst(str(policy)) if policy is not None else _("New alert policy")
        context = self.admin_site.each_context(request) | {
            "title": name, "opts": self.opts, "policy": policy, "forms": forms, "now": now,
            "effect": effect, "governs": governs, "may_save": may_save, "zone": instance_zone(),
            "words": ladder_words(ladder_of(policy)) if policy else "",
            "has_errors": forms.have_errors,
            "delete_url": (
                reverse("admin:convoys_policy_delete", args=[quote(policy.pk)])
                if policy is not None and self.has_delete_permission(request, policy)
                else ""
            ),
        }  # fmt: skip
        status = 422 if context["has_errors"] else 200
        return TemplateResponse(request, "admin/convoys/policy/form.html", context, status=status)

    # --- deleting one

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Say what governs afterwards and what that changes; delete by POST."""
        policy = self._policy(request, object_id)
        if policy is None or not self.has_delete_permission(request, policy):
            raise PermissionDenied
        target, name = target_of(policy), str(policy)
        if request.method == "POST":
            rows = list(Policy.objects.filter(pk=policy.pk))
            try:
                moved = delete_policy(policy, request.POST.get("seen", ""))
            except InvalidInput as problem:
                messages.error(request, problem.message)
                return HttpResponseRedirect(_url_of(policy))
            self.log_deletions(request, rows)  # type: ignore[arg-type]
            bell.ring(DETECT if moved is not None else REDATE)
            deleted = _("Deleted: %(name)s.") % {"name": name}
            messages.success(request, f"{deleted} {_redated_words(moved)}")
            return HttpResponseRedirect(reverse("admin:convoys_policy_changelist"))
        ladder = wider_ladder(target)
        context = self.admin_site.each_context(request) | {
            "title": _("Delete: %(name)s") % {"name": name}, "opts": self.opts, "policy": policy,
            "words": ladder_words(ladder), "effect": effect_on(target, ladder, timezone.now()),
            "zone": instance_zone(), "url": _url_of(policy), "seen": mark_of(policy),
        }  # fmt: skip
        return TemplateResponse(request, "admin/convoys/policy/delete.html", context)

    # --- whose policy governs

    def of_convoy(self, request: HttpRequest, key: int) -> HttpResponse:
        convoy = get_object_or_404(Convoy, pk=key)
        page = reverse("admin:convoys_convoy_change", args=[convoy.pk])
        return self._governing(request, convoy, f"convoy={convoy.reference}", convoy.reference, page)

    def of_route(self, request: HttpRequest, code: str) -> HttpResponse:
        route = get_object_or_404(Route, pk=code)
        page = reverse("admin:convoys_route_change", args=[quote(route.pk)])
        return self._governing(request, Convoy(pk=0, route=route), f"route={route.pk}", route.name, page)

    def _governing(
        self, request: HttpRequest, convoy: Convoy, own: str, name: str, page: str
    ) -> HttpResponse:
        """Which policy governs each watch of this convoy, or of a convoy on this route."""
        if not has_role(request, Role.VIEWER):
            raise PermissionDenied
        ladders = Ladders([convoy])
        may_save = has_role(request, Role.COORDINATOR)
        rows = []
        for watch in GOVERNED:
            policy = _narrowest(watch, convoy)
            is_own = policy is not None and policy.scope == (Scope.CONVOY if convoy.pk else Scope.ROUTE)
            add = f"{reverse('admin:convoys_policy_add')}?watch={watch}&{own}"
            rows.append(
                Governing(
                    watch=str(Watch(watch).label),
                    words=ladder_words(ladders.of(convoy, watch)),
                    whose=capfirst(str(policy)) if policy is not None else _("built in"),
                    url=_url_of(policy) if policy is not None else "",
                    own_url=add if may_save and not is_own else "",
                )
            )
        context = self.admin_site.each_context(request) | {
            "title": _("Alert policies of %(name)s") % {"name": name}, "opts": self.opts, "rows": rows,
            "name": name, "page": page,
        }  # fmt: skip
        return TemplateResponse(request, "admin/convoys/policy/of.html", context)


def _narrowest(watch: str, convoy: Convoy) -> Policy | None:
    targets = [Target(watch, None, convoy.pk or None), Target(watch, convoy.route_id), Target(watch)]
    found = (policy_for(target) for target in targets)
    return next((policy for policy in found if policy is not None), None)


def _url_of(policy: Policy) -> str:
    return reverse("admin:convoys_policy_change", args=[quote(policy.pk)])


def _saved_words(ladder: Ladder, moved: int | None) -> str:
    told = _("Saved: %(words)s.") % {"words": ladder_words(ladder)}
    return f"{told} {_redated_words(moved)}"


def _redated_words(moved: int | None) -> str:
    if moved is None:
        return _("It governs many clocks: they are re-dated in the background, within minutes.")
    return _("Clocks re-dated: %d.") % moved

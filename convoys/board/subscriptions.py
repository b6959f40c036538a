"""What a partner or a member of staff is told of: list, add, change, end."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from convoys.errors import InvalidInput
from convoys.models import Subscription
from convoys.queries.subscriptions import in_force_for
from convoys.queries.visibility import viewer_of
from convoys.services.alerting.described import described
from convoys.services.alerting.digest import zone_for
from convoys.services.alerting.subscriptions import change_subscription, end_subscription, subscribe
from convoys.wish_form import WishForm, as_typed

NAMED = ("convoy", "route", "control_point", "sponsor")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def subscriptions(request: HttpRequest) -> HttpResponse:
    """The person's own subscriptions, and a form for one more; a link may say what it is to name."""
    user = _reader(request)
    wanted = {name: request.GET[name] for name in NAMED if name in request.GET}
    form = WishForm(user, request.POST or None, initial=wanted)
    if request.method == "POST" and form.is_valid():
        try:
            made = subscribe(user, form.wish())
        except InvalidInput as problem:
            form.add_faults(problem.fields)
        else:
            return _back_with(request, user, made)
    mine = described(user, in_force_for(user))
    context = {"form": form, "subscriptions": mine, "zone": _zone_of(user)}
    return _page(request, user, "alerts/subscriptions.html", form, context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def subscription_change(request: HttpRequest, key: int) -> HttpResponse:
    """Change one of the person's own; one whose convoy they may no longer see can only be ended."""
    user = _reader(request)
    one = next((one for one in described(user, in_force_for(user)) if one.subscription.pk == key), None)
    if one is None or not one.may_change:
        raise Http404
    form = WishForm(user, request.POST or None, initial=as_typed(one.subscription))
    if request.method == "POST" and form.is_valid():
        try:
            changed = change_subscription(user, key, form.wish())
        except InvalidInput as problem:
            form.add_faults(problem.fields)
        else:
            if changed is None:
                raise Http404
            return _back_with(request, user, changed)
    return _page(request, user, "alerts/subscription_change.html", form, {"form": form, "one": one})


@login_required
@require_POST
def subscription_end(request: HttpRequest, key: int) -> HttpResponse:
    """End one of the person's own subscriptions; another's does not exist for them."""
    if not end_subscription(_reader(request), key):
        raise Http404
    messages.success(request, _("Ended: no more comes from it."))
    return redirect("board:subscriptions")


def _reader(request: HttpRequest) -> User:
    """Staff or a partner; a stranger sees nothing and can be told of nothing."""
    user = request.user
    if not isinstance(user, User) or viewer_of(user).sees_nothing:
        raise PermissionDenied
    return user


def _back_with(request: HttpRequest, user: User, saved: Subscription) -> HttpResponse:
    """Say what the subscription will do now that it is saved."""
    messages.success(request, described(user, [saved])[0].sentence)
    return redirect("board:subscriptions")


def _page(
    request: HttpRequest, user: User, template: str, form: WishForm, context: dict[str, object]
) -> HttpResponse:
    status = 422 if form.is_bound and form.errors else 200
    more = {"section": "subscriptions", "address": user.email}
    return render(request, template, context | more, status=status)


def _zone_of(user: User) -> str:
    """The person's zone, in which the page says when something was sent."""
    return zone_for(Subscription(user=user)).key

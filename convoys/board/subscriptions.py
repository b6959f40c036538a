"""What a partner or a member of staff is told of by mail: list, add, end."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from convoys.board.subscription_form import SubscriptionForm
from convoys.errors import InvalidInput
from convoys.queries.subscriptions import in_force_for, named_and_seen, scope_words
from convoys.queries.visibility import viewer_of
from convoys.services.alerting.subscriptions import end_subscription, subscribe
from convoys.services.messaging.phrases import step_words


@dataclass(frozen=True)
class Shown:
    key: int
    what: str
    from_step: str
    language: str


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def subscriptions(request: HttpRequest) -> HttpResponse:
    """The person's own subscriptions, and a form for one more."""
    user = _reader(request)
    form = SubscriptionForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            subscribe(user, form.wish())
        except InvalidInput as problem:
            form.add_faults(problem.fields)
        else:
            messages.success(request, _("You will be told by mail."))
            return redirect("board:subscriptions")
    context = {"section": "subscriptions", "form": form, "subscriptions": _shown(user), "address": user.email}
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "alerts/subscriptions.html", context, status=status)


@login_required
@require_POST
def subscription_end(request: HttpRequest, key: int) -> HttpResponse:
    """End one of the person's own subscriptions; another's does not exist for them."""
    if not end_subscription(_reader(request), key):
        raise Http404
    messages.success(request, _("Ended: no more mails from it."))
    return redirect("board:subscriptions")


def _reader(request: HttpRequest) -> User:
    """Staff or a partner; a stranger sees nothing and can be told of nothing."""
    user = request.user
    if not isinstance(user, User) or viewer_of(user).sees_nothing:
        raise PermissionDenied
    return user


def _shown(user: User) -> list[Shown]:
    names = dict(settings.LANGUAGES)
    mine = in_force_for(user)
    seen = named_and_seen(mine, viewer_of(user))
    return [
        Shown(
            one.pk,
            scope_words(one, seen),
            _("from %(step)s on") % {"step": step_words(one.from_seconds)}
            if one.from_seconds
            else _("from the first"),
            names.get(one.language, "") if one.language else "",
        )
        for one in mine
    ]

"""A person's own webhooks: list, add, test, rotate, disable, enable, end, and the log with its replays.

A secret is on one page once: the answer to the form that made it. It stands in no session, no
message and no address.
"""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from convoys.bell import ring
from convoys.board.readers import reader
from convoys.errors import InvalidInput
from convoys.models import Webhook
from convoys.queries.webhooks import deliveries, is_busy, webhook_of, webhooks_of
from convoys.services.webhooks import manage


class WebhookForm(forms.Form):
    """Where to call."""

    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        help_text=gettext_lazy("Begins with https:// and leads to a public host, by port 443 or 8443."),
        widget=forms.URLInput(attrs={"autocomplete": "off"}),
    )
    description = forms.CharField(
        label=gettext_lazy("Description"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("For you: which of your programs it is."),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def webhooks(request: HttpRequest) -> HttpResponse:
    """The person's own webhooks, and a form for one more, which answers with its secret."""
    user = reader(request)
    form = WebhookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = manage.make(user, form.cleaned_data["url"], form.cleaned_data["description"])
        except InvalidInput as problem:
            for field, sentence in problem.fields.items():
                form.add_error(field if field in form.fields else None, sentence)
        else:
            return _show_secret(request, made, secret, is_new=True)
    status = 422 if form.is_bound and form.errors else 200
    return render(
        request, "alerts/webhooks.html", {"form": form, "webhooks": webhooks_of(user)}, status=status
    )


@login_required
@require_safe
def webhook(request: HttpRequest, key: int) -> HttpResponse:
    """One webhook: how it stands, what can be done with it, and its log."""
    mine = _mine(request, key)
    until = mine.previous_secret_until if mine.previous_secret else None
    context = {
        "webhook": mine, "deliveries": deliveries(mine), "is_busy": is_busy(mine),
        "both_sign_until": until if until is not None and until > timezone.now() else None,
    }  # fmt: skip
    return render(request, "alerts/webhook.html", context)


@login_required
@require_POST
def webhook_rotate(request: HttpRequest, key: int) -> HttpResponse:
    """Make a new secret and show it, once."""
    mine = _mine(request, key)
    secret = manage.rotate(mine)
    if secret is None:
        raise Http404
    return _show_secret(request, mine, secret, is_new=False)


@login_required
@require_POST
def webhook_test(request: HttpRequest, key: int) -> HttpResponse:
    """Put a test on its way; the log shows what comes of it."""

    def act(mine: Webhook) -> str:
        manage.test(mine)
        return _("A test is on its way. Its result appears in the log below.")

    return _do(request, key, act)


@login_required
@require_POST
def webhook_replay(request: HttpRequest, key: int, message: int) -> HttpResponse:
    """Send one delivery again, with the same id."""

    def act(mine: Webhook) -> str:
        if not manage.replay(mine, message):
            raise Http404
        return _("It is sent again now, with the same id and body.")

    return _do(request, key, act)


@login_required
@require_POST
def webhook_disable(request: HttpRequest, key: int) -> HttpResponse:
    """Call it no more until it is enabled."""

    def act(mine: Webhook) -> str:
        manage.switch_off(mine)
        return _("Disabled. What it misses until you enable it is not sent later.")

    return _do(request, key, act)


@login_required
@require_POST
def webhook_enable(request: HttpRequest, key: int) -> HttpResponse:
    """Call it again from now on."""

    def act(mine: Webhook) -> str:
        manage.enable(mine)
        return _("Enabled. It is called from now on; what it missed can be sent again from the log.")

    return _do(request, key, act)


@login_required
@require_POST
def webhook_end(request: HttpRequest, key: int) -> HttpResponse:
    """End it for good, with the subscriptions that lead to it."""
    manage.end(_mine(request, key))
    messages.success(request, _("Ended for good, with the subscriptions that led to it."))
    return redirect("board:webhooks")


def _do(request: HttpRequest, key: int, act: Callable[[Webhook], str]) -> HttpResponse:
    """Do something with one of the person's own, say what was done, and show its page again."""
    mine = _mine(request, key)
    try:
        messages.success(request, act(mine))
    except InvalidInput as problem:
        messages.error(request, problem.message)
    else:
        ring("convoys.tasks.deliver_webhooks")
    return redirect("board:webhook", key=key)


def _show_secret(request: HttpRequest, mine: Webhook, secret: str, is_new: bool) -> HttpResponse:
    context = {"webhook": mine, "secret": secret, "is_new": is_new}
    response = render(request, "alerts/webhook_secret.html", context)
    response["Cache-Control"] = "private, no-store"
    return response


def _mine(request: HttpRequest, key: int) -> Webhook:
    mine = webhook_of(reader(request), key)
    if mine is None:
        raise Http404
    return mine

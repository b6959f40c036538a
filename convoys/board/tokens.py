"""A person's own tokens for programs: list, make, revoke. A secret is on one page once: the answer to the
form that made it. It stands in no session, no message and no address.
"""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import ApiToken, TokenScope
from accounts.tokens import LASTS, MOST_A_PERSON, TooManyTokensError, issue_own, revoke_token
from convoys.board.readers import reader

LENGTHS = {
    "30": gettext_lazy("30 days"),
    "90": gettext_lazy("90 days"),
    str(LASTS.days): gettext_lazy("a year"),
}


class TokenForm(forms.Form):
    """What the token is for, what it opens, and for how long."""

    label = forms.CharField(
        label=gettext_lazy("For which program"),
        max_length=100,
        help_text=gettext_lazy("So that you know later which one to revoke: nightly import, map, Excel."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("It may"),
        choices=TokenScope.choices,
        initial=[TokenScope.READ],
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Give a program no more than it needs. What it sees is what you see."),
    )
    lasts = forms.ChoiceField(
        label=gettext_lazy("It ends after"), choices=list(LENGTHS.items()), initial=str(LASTS.days)
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """The person's own tokens, and a form for one more, which answers with its secret."""
    user = reader(request)
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        expires_at = timezone.now() + timedelta(days=int(said["lasts"]))
        try:
            token, secret = issue_own(user, said["label"], said["scopes"], expires_at)
        except TooManyTokensError:
            most = _("You have %(most)s tokens in force. Revoke one that no program uses first.")
            form.add_error(None, most % {"most": MOST_A_PERSON})
        else:
            return _show_secret(request, token, secret)
    mine = ApiToken.objects.filter(user=user).order_by("-created_at")
    context = {"form": form, "tokens": mine, "now": timezone.now()}
    return render(request, "board/tokens.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def token_revoke(request: HttpRequest, key: int) -> HttpResponse:
    """End one of them at once."""
    token = get_object_or_404(ApiToken, pk=key, user=reader(request))
    revoke_token(token)
    said = _("Revoked: %(prefix)s… opens nothing from now on.")
    messages.success(request, said % {"prefix": token.prefix})
    return redirect("board:tokens")


def _show_secret(request: HttpRequest, token: ApiToken, secret: str) -> HttpResponse:
    response = render(request, "board/token_secret.html", {"token": token, "secret": secret})
    response["Cache-Control"] = "private, no-store"
    return response

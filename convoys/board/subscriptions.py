"""What a partner or a member of staff is told of by mail: list, add, end."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from convoys.errors import InvalidInput
from convoys.models import Watch
from convoys.queries.subscriptions import choices_for, in_force_for, scope_words
from convoys.queries.visibility import viewer_of
from convoys.services.alerting.policies import DAY, Ladders
from convoys.services.alerting.subscriptions import Wish, end_subscription, subscribe
from convoys.services.messaging.phrases import step_words


class SubscriptionForm(forms.Form):
    """One wish. `what` is a scope and a code, as `choices_for` names them."""

    what = forms.ChoiceField(label=gettext_lazy("Tell me of"))
    from_seconds = forms.TypedChoiceField(label=gettext_lazy("From which step on"), coerce=int)
    language = forms.ChoiceField(label=gettext_lazy("Language of the mails"), required=False)

    def __init__(self, user: User, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["what"].choices = choices_for(viewer_of(user))  # type: ignore[attr-defined]
        self.fields["from_seconds"].choices = _steps()  # type: ignore[attr-defined]
        own = dict(settings.LANGUAGES).get(user.language, user.language)
        languages = [("", _("my own (%(language)s)") % {"language": own}), *settings.LANGUAGES]
        self.fields["language"].choices = languages  # type: ignore[attr-defined]

    def wish(self) -> Wish:
        covers, _colon, target = self.cleaned_data["what"].partition(":")
        return Wish(covers, target, self.cleaned_data["from_seconds"], self.cleaned_data["language"])


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
            for field, sentence in problem.fields.items():
                form.add_error(field if field in form.fields else "what", sentence)
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
    return [
        Shown(
            one.pk,
            scope_words(one),
            _("from %(step)s on") % {"step": step_words(one.from_seconds)}
            if one.from_seconds
            else _("from the first"),
            names.get(one.language, "") if one.language else "",
        )
        for one in in_force_for(user)
    ]


def _steps() -> list[tuple[int, str]]:
    """From the first step, or from one of the default policy's."""
    ladder = Ladders([]).default(Watch.HELD)
    later = [
        (rung.seconds, _("not before %(step)s") % {"step": step_words(rung.seconds)}) for rung in ladder.steps
    ]
    return [
        (0, _("the first step")),
        *later,
        (30 * DAY, _("not before %(step)s") % {"step": step_words(30 * DAY)}),
    ]

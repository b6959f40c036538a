"""Registering a convoy: its reference, what it is said to be, who sees it."""

from __future__ import annotations

from dataclasses import replace

from django.contrib.admin.models import ADDITION
from django.contrib.admin.options import ModelAdmin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from convoys.admin import writing
from convoys.admin.choices import choices_for
from convoys.admin.forms.register import RegisterForm
from convoys.admin.forms.when import now_in
from convoys.admin.sending import ONLY_SHOW, refused, require
from convoys.admin.subjects import subject_or_404
from convoys.clocks import instance_zone
from convoys.errors import ConvoyError
from convoys.models import Convoy
from convoys.vocabulary import KINDS, Audience, SubjectType

REGISTERED = KINDS["registered"]


def register(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """The form of a new convoy, and its first entry. `?exercise=1` makes it one for training."""
    require(request, REGISTERED.role)
    # Read as the form reads it: an exercise must not choose among real places, whatever is posted.
    posted = RegisterForm.base_fields["is_exercise"].to_python(request.POST.get("is_exercise"))
    exercise = request.GET.get("exercise") == "1" or bool(posted)
    choices = choices_for(exercise)
    form = RegisterForm(
        request.POST if request.method == "POST" else None,
        kind=replace(REGISTERED, allowed=frozenset()),
        choices=choices,
        default_audience=Audience.PARTIES,
        initial={"is_exercise": exercise, "shared": ""}
        | now_in(instance_zone(), timezone.now(), with_time=False),
    )
    status = 200
    if request.method == "POST":
        if any(name in request.POST for name in ONLY_SHOW):
            if "_now" in request.POST:
                now = now_in(instance_zone(), timezone.now(), with_time=True)
                form.send_again(day=now["day"], time=now["time"].strftime("%H:%M"), precision="")
            form.without_errors()
        elif form.is_valid():
            ref = form.subject_ref()
            try:
                written = writing.write(request, form.steps(ref), {ref: None}, form.cleaned_data["uuid"])
            except ConvoyError as error:
                status = refused(form, error, None)
            else:
                row = Convoy.objects.get(reference=ref.code)
                what = _("%(reference)s is registered") % {"reference": ref.code}
                writing.tell(request, model_admin, written, [row], what, ADDITION)
                return HttpResponseRedirect(subject_or_404(SubjectType.CONVOY, str(row.pk)).page_url)
    context = model_admin.admin_site.each_context(request) | {
        "opts": model_admin.opts,
        "title": _("Register an exercise convoy") if exercise else _("Register a convoy"),
        "form": form,
        "form_title": _("Register an exercise convoy") if exercise else _("Register a convoy"),
        "subject": None,
        "is_exercise": exercise,
    }
    return TemplateResponse(request, "admin/convoys/register.html", context, status=status)

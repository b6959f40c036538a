"""Recording, from the page of a subject: a form by GET at its own address, the record by POST.

All writes go through the one write path. What it refuses comes back on the same form, with
everything that was typed; a form sent twice writes once.
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.roles import Role
from convoys import wording
from convoys.admin import writing
from convoys.admin.accounts import AccountsAdmin
from convoys.admin.erasing import ErasingAdmin
from convoys.admin.forms.report import ReportForm
from convoys.admin.forms.when import now_in
from convoys.admin.pages import LATE, leads_to, subject_page
from convoys.admin.revising import RevisingAdmin
from convoys.admin.sending import ONLY_SHOW, refused, require
from convoys.admin.subjects import DeskSubject, subject_or_404
from convoys.clocks import instance_zone
from convoys.errors import ConvoyError
from convoys.queries.desk_record import record_of
from convoys.transitions import TRANSITIONS
from convoys.vocabulary import FINAL_STATES, KINDS, Kind, SubjectType

LATE_NOTE = gettext_lazy(
    "For what happened before the last entry. It takes its place by its day. If it does not fit there, the "
    "page says which two entries clash, and nothing is written; what is legal only together is recorded by "
    "“Several reports at once”."
)
# Fields that the step of confirmation says in one sentence.
TOLD_TOGETHER = frozenset({"bound", "day", "time", "precision"})


def initial_of(subject: DeskSubject, kind: Kind, final: bool, is_late: bool = False) -> dict[str, Any]:
    """What a fresh form says: now for the daily round, today for the rest, where the subject stands; of a
    late report neither, since both would be wrong."""
    initial: dict[str, Any] = {"seen": subject.row.newest_entry}
    if is_late:
        return initial
    stands_at, zone = subject.stands_at, instance_zone()
    # Where a convoy ends, or a place must be named, the last known one is a bad guess.
    if stands_at is not None and "place" in kind.allowed - kind.required and not final:
        initial["place"], zone = stands_at.pk, subject.zone
    return initial | now_in(zone, timezone.now(), with_time=kind.group == "seen")


class SubjectAdmin(AccountsAdmin, RevisingAdmin, ErasingAdmin):
    """A subject's page and the forms that write its record; Django's own forms write nothing of it."""

    subject_type: SubjectType

    def get_urls(self) -> list[URLPattern]:
        name = f"convoys_{self.opts.model_name}"
        view = self.admin_site.admin_view
        return [
            path("<str:pk>/record/<slug:code>/", view(self.record), name=f"{name}_record"),
            path("<str:pk>/account/<slug:about>/<slug:target>/", view(self.account), name=f"{name}_account"),
            path("<str:pk>/retract/<int:sequence>/", view(self.retract), name=f"{name}_retract"),
            path("<str:pk>/correct/<int:sequence>/", view(self.correct), name=f"{name}_correct"),
            path("<str:pk>/erase/<int:chain>/", view(self.erase), name=f"{name}_erase"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The subject's page. It only shows: nothing is posted here."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET"])
        require(request, Role.VIEWER)
        return subject_page(self, request, subject_or_404(self.subject_type, unquote(object_id)))

    # --- a report

    def record(self, request: HttpRequest, pk: str, code: str) -> HttpResponse:
        """One report of one kind."""
        subject = subject_or_404(self.subject_type, pk)
        kind = KINDS.get(code)
        if kind is None or kind not in subject.kinds() or kind.code == "registered":
            raise Http404
        require(request, kind.role)
        history = record_of(subject.row).history
        final = leads_to(kind, history) in FINAL_STATES
        is_late = LATE in request.GET and kind.code in TRANSITIONS
        form = ReportForm(
            request.POST if request.method == "POST" else None,
            kind=kind,
            subject=subject.ref,
            choices=subject.choices(),
            default_audience=subject.default_audience(kind),
            declared=history.declaration if history else {},
            initial=initial_of(subject, kind, final, is_late)
            | (sharing_now(subject.row) if "visible_to" in kind.allowed else {}),
        )
        form.has_now = not is_late
        title = _("%(kind)s, a late report") % {"kind": kind.label} if is_late else kind.label
        shown: dict[str, Any] = {
            "form": form,
            "form_title": title,
            "form_kind": kind,
            "form_notes": [LATE_NOTE] if is_late else [],
            "is_final": final,
        }
        if request.method != "POST":
            return subject_page(self, request, subject, kind, **shown)
        if any(name in request.POST for name in ONLY_SHOW):
            if "_now" in request.POST:
                form.is_valid()
                zone = getattr(form, "zone", form.home)
                now = now_in(zone, timezone.now(), with_time=True)
                form.send_again(day=now["day"], time=now["time"].strftime("%H:%M"), precision="")
            form.without_errors()
            return subject_page(self, request, subject, kind, **shown)
        status = 200
        if form.is_valid():
            if final and "confirmed" not in request.POST:
                return self.confirmation(request, subject, kind, form)
            steps = form.steps(subject.ref)
            try:
                written = writing.write(
                    request, steps, {subject.ref: form.cleaned_data["seen"]}, form.cleaned_data["uuid"]
                )
            except ConvoyError as error:
                subject = subject_or_404(self.subject_type, pk)
                status = refused(form, error, subject.row.newest_entry)
            else:
                writing.tell(request, self, written, [subject.row], f"{kind.label}, {subject.name}")
                return HttpResponseRedirect(subject.page_url)
        return subject_page(self, request, subject, kind, status=status, **shown)

    def confirmation(
        self, request: HttpRequest, subject: DeskSubject, kind: Kind, form: ReportForm
    ) -> HttpResponse:
        """The step before a final state: what will be written, and the way back to the form."""
        sent = [
            (name, value)
            for name, values in request.POST.lists()
            for value in values
            if name != "csrfmiddlewaretoken"
        ]
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "title": _("%(kind)s: %(subject)s") % {"kind": kind.label, "subject": subject.name},
            "subject": subject,
            "kind": kind,
            "said": in_words(form),
            "sent": sent,
        }
        return TemplateResponse(request, "admin/convoys/confirm.html", context)


def sharing_now(row: Any) -> dict[str, Any]:
    """Who sees a convoy beside its parties, as the form shows it."""
    if row.shared_with_all_partners:
        return {"shared": "all_partners"}
    named = [
        link.organisation.name
        for link in row.organisations.filter(part="shared").select_related("organisation")
    ]
    return {"shared": "named", "shared_with": "; ".join(named)} if named else {"shared": ""}


def in_words(form: ReportForm) -> list[tuple[str, str]]:
    """What a form was filled with, label and value, for the step of confirmation."""
    said = []
    if form.when is not None:
        when = wording.moment(form.when.at, form.when.precision, form.when.bound, form.zone)
        said.append((_("When"), f"{when} ({form.zone})"))
    for field in form.visible_fields():
        value = field.value()
        if value in (None, "", False, []) or field.name in TOLD_TOGETHER:
            continue
        if field.name == "note_audience" and not form.cleaned_data.get("note"):
            continue
        choices = dict(getattr(field.field, "choices", ()) or ())
        word = _("yes") if value in (True, "on") else str(choices.get(value, value))
        said.append((str(field.label), word))
    return said

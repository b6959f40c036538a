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

from accounts.roles import Role
from convoys import wording
from convoys.admin import writing
from convoys.admin.forms.account import AccountForm
from convoys.admin.forms.report import ReportForm
from convoys.admin.forms.when import now_in
from convoys.admin.pages import leads_to, subject_page
from convoys.admin.revising import RevisingAdmin
from convoys.admin.sending import ONLY_SHOW, refused, require, write_form
from convoys.admin.subjects import DeskSubject, subject_or_404
from convoys.clocks import instance_zone
from convoys.errors import ConvoyError
from convoys.models import Convoy
from convoys.queries.desk_record import record_of
from convoys.services.changes import Claim, Target
from convoys.vocabulary import FINAL_STATES, KINDS, Item, Kind, SubjectType

# Fields that the step of confirmation says in one sentence.
TOLD_TOGETHER = frozenset({"bound", "day", "time", "precision"})


def initial_of(subject: DeskSubject, kind: Kind, final: bool) -> dict[str, Any]:
    """What a fresh form says: now for the daily round, today for the rest, where the subject stands."""
    initial: dict[str, Any] = {"seen": subject.row.newest_entry}
    stands_at, zone = subject.stands_at, instance_zone()
    # Where a convoy ends, or a place must be named, the last known one is a bad guess.
    if stands_at is not None and "place" in kind.allowed - kind.required and not final:
        initial["place"], zone = stands_at.pk, subject.zone
    return initial | now_in(zone, timezone.now(), with_time=kind.group == "seen")


class SubjectAdmin(RevisingAdmin):
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
        form = ReportForm(
            request.POST if request.method == "POST" else None,
            kind=kind,
            subject=subject.ref,
            choices=subject.choices(),
            default_audience=subject.default_audience(kind),
            declared=history.declaration if history else {},
            initial=initial_of(subject, kind, final)
            | (sharing_now(subject.row) if "visible_to" in kind.allowed else {}),
        )
        shown: dict[str, Any] = {"form": form, "form_title": kind.label, "form_kind": kind, "is_final": final}
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

    # --- an account

    def account(self, request: HttpRequest, pk: str, about: str, target: str) -> HttpResponse:
        """One more account of an event, a figure, an account, a control point or an agreement."""
        require(request, Role.DESK_OFFICER)
        subject = subject_or_404(self.subject_type, pk)
        title, found, audience = self.target_of(subject, about, target)
        form = AccountForm(
            request.POST if request.method == "POST" else None,
            request.FILES or None,
            choices=subject.choices(),
            subject_type=subject.type,
            default_audience=audience,
            zone=subject.zone,
            is_link=found.item == Item.LINKS,
            initial={"seen": subject.row.newest_entry},
        )
        status = 200
        if request.META.get("convoytracker.file_too_large"):
            form.add_error("document", _("This file is too large: 10 MB is the most. Nothing was written."))
        if request.method == "POST" and form.is_valid():
            account = form.account()
            if account is not None and not form.errors:
                status = write_form(self, request, subject, form, [Claim(found, account)], title)
                if not status:
                    return HttpResponseRedirect(subject.page_url)
        shown = {"form": form, "form_title": title, "submit_label": _("Record the account")}
        return subject_page(self, request, subject, None, status, about=found.chain, **shown)

    def target_of(self, subject: DeskSubject, about: str, target: str) -> tuple[str, Target, str]:
        """What an account is about, in words and for the write path, and who reads such accounts."""
        default = subject.default_audience()
        if about == "subject" and target == subject.model_name and not isinstance(subject.row, Convoy):
            return (
                _("An account of %(subject)s") % {"subject": subject.name},
                Target(subject=subject.ref),
                default,
            )
        if about == "item" and target in Item.values and isinstance(subject.row, Convoy):
            item = Item(target)
            title = _("An account of the %(item)s of %(subject)s") % {
                "item": item.label,
                "subject": subject.name,
            }
            return title, Target(subject=subject.ref, item=item.value), default
        told = record_of(subject.row)
        if about == "event":
            for line in told.lines:
                if str(line.event.chain) == target and not line.is_inferred and not line.is_retracted:
                    title = _("Another account of: %(what)s") % {"what": KINDS[line.kind].label}
                    return title, Target(chain=line.event.chain), line.event.audience
        if about == "claim":
            for account in [a for line in told.lines for a in line.accounts] + told.accounts:
                if str(account.claim.chain) == target and not account.is_retracted:
                    title = _("An answer to what %(speaker)s says") % {
                        "speaker": account.speaker or _("a source")
                    }
                    return title, Target(chain=account.claim.chain), account.claim.audience
        raise Http404


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

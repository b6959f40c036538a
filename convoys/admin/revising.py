"""Taking back and correcting: further entries of a chain. What they replace stays readable."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.role_admin import ReadOnlyAdmin
from accounts.roles import Role
from convoys.admin.forms.correct import CorrectAccountForm, CorrectReportForm, account_initial, report_initial
from convoys.admin.forms.retract import RetractForm
from convoys.admin.pages import event_named, subject_page
from convoys.admin.sending import ONLY_SHOW, require, write_form
from convoys.admin.subjects import DeskSubject, subject_or_404
from convoys.queries.desk_record import Account, Line, record_of
from convoys.services.changes import Correct, Retract
from convoys.vocabulary import SubjectType

RETRACT_NOTE = gettext_lazy(
    "For what should not have been entered. It stays readable, struck through, with your reason, and counts "
    "no more. If later entries do not hold together without it, the page says which: take those back first."
)
CORRECT_NOTE = gettext_lazy(
    "For our own slip: say what the entry should have said from the start. What it said stays readable "
    "beneath it. If somebody tells it differently, that is another account, not a correction."
)


def name_of(entry: Line | Account) -> str:
    if isinstance(entry, Line):
        return event_named(entry.event)
    return _("the account of %(speaker)s") % {"speaker": entry.speaker or _("a source")}


def chain_of(entry: Line | Account) -> int:
    return entry.event.chain if isinstance(entry, Line) else entry.claim.chain


def entry_of(subject: DeskSubject, sequence: int) -> Line | Account:
    """The entry, if it is the newest of a chain that stands; else not found."""
    told = record_of(subject.row)
    first = [account for line in told.lines for account in line.accounts] + told.accounts
    for line in told.lines:
        if line.event.sequence == sequence and not line.is_inferred and not line.is_retracted:
            return line
    for account in [*first, *(answer for each in first for answer in each.answers)]:
        if account.claim.sequence == sequence and not account.is_retracted:
            return account
    raise Http404


class RevisingAdmin(ReadOnlyAdmin):
    """The two forms that revise an entry of a subject's record."""

    subject_type: SubjectType

    def retract(self, request: HttpRequest, pk: str, sequence: int) -> HttpResponse:
        """Take back an entry, with a reason: one's own slip, or, as a coordinator, anybody's."""
        require(request, Role.DESK_OFFICER)
        subject = subject_or_404(self.subject_type, pk)
        entry = entry_of(subject, sequence)
        author = entry.event.author_id if isinstance(entry, Line) else entry.claim.author_id
        if author != getattr(request.user, "pk", None):
            require(request, Role.COORDINATOR)
        data = request.POST if request.method == "POST" else None
        form = RetractForm(data, initial={"seen": subject.row.newest_entry})
        title = _("Take back: %(what)s") % {"what": name_of(entry)}
        status = 200
        if request.method == "POST" and form.is_valid():
            steps = [Retract(sequence, form.cleaned_data["reason"])]
            status = write_form(self, request, subject, form, steps, title)
            if not status:
                return HttpResponseRedirect(subject.page_url)
        shown = {
            "form": form,
            "form_title": title,
            "form_notes": [RETRACT_NOTE],
            "submit_label": _("Take it back"),
        }
        return subject_page(self, request, subject, None, status, about=chain_of(entry), **shown)

    def correct(self, request: HttpRequest, pk: str, sequence: int) -> HttpResponse:
        """Say what an entry should have said, with a reason. Coordinators only."""
        require(request, Role.COORDINATOR)
        subject = subject_or_404(self.subject_type, pk)
        entry = entry_of(subject, sequence)
        title = _("Correct: %(what)s") % {"what": name_of(entry)}
        data = request.POST if request.method == "POST" else None
        form = self._form_for(subject, entry, data, request.FILES or None)
        status = 200
        if request.method == "POST":
            if any(name in request.POST for name in ONLY_SHOW):
                form.without_errors()
            elif form.is_valid():
                contents = form.contents(subject.ref)
                if not form.errors:
                    steps = [Correct(sequence, contents, form.cleaned_data["reason"])]
                    status = write_form(self, request, subject, form, steps, title)
                    if not status:
                        return HttpResponseRedirect(subject.page_url)
        shown = {
            "form": form,
            "form_title": title,
            "form_notes": [CORRECT_NOTE],
            "submit_label": _("Record the correction"),
        }
        return subject_page(self, request, subject, None, status, about=chain_of(entry), **shown)

    @staticmethod
    def _form_for(
        subject: DeskSubject, entry: Line | Account, data: Any, files: Any
    ) -> CorrectReportForm | CorrectAccountForm:
        choices = subject.choices()
        if isinstance(entry, Line):
            initial = report_initial(entry, choices) | {"seen": subject.row.newest_entry}
            return CorrectReportForm(
                data, event=entry.event, ref=subject.ref, choices=choices, initial=initial
            )
        initial = account_initial(entry, choices, subject.zone) | {"seen": subject.row.newest_entry}
        return CorrectAccountForm(
            data,
            files,
            claim=entry.claim,
            choices=choices,
            subject_type=subject.type,
            default_audience=entry.claim.audience,
            zone=subject.zone,
            initial=initial,
        )

"""Erasing words, for administrators alone: what will be gone and what stays, asked once more, then shown."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.role_admin import ReadOnlyAdmin
from accounts.roles import Role
from convoys.admin.forms.erase import EraseForm
from convoys.admin.sending import require
from convoys.admin.subjects import DeskSubject, subject_or_404
from convoys.errors import ConvoyError, NotPermitted
from convoys.queries.erasable import EntryOfChain, entries_of_chain
from convoys.services.erasing import erase_words
from convoys.vocabulary import SubjectType

LABELS = {
    "speaker": gettext_lazy("who says so"),
    "person": gettext_lazy("person"),
    "publisher": gettext_lazy("published by"),
    "title": gettext_lazy("title"),
    "link": gettext_lazy("link"),
    "language": gettext_lazy("language"),
    "statement": gettext_lazy("what they say"),
    "alleged_place_words": gettext_lazy("where, in their words"),
    "time_as_printed": gettext_lazy("time as printed"),
    "text": gettext_lazy("text of the note"),
    "reason": gettext_lazy("reason of the revision"),
}


class ErasingAdmin(ReadOnlyAdmin):
    """The page on which the words of a chain's entries are erased. What it writes, the service writes."""

    subject_type: SubjectType

    def erase(self, request: HttpRequest, pk: str, chain: int) -> HttpResponse:
        """By GET the entries with their words; by POST first what will be gone, then, confirmed, the act."""
        require(request, Role.ADMINISTRATOR)
        subject = subject_or_404(self.subject_type, pk)
        entries = entries_of_chain(subject.row, chain) if chain < 1 << 62 else []
        if not entries:
            raise Http404
        with_words = [entry.sequence for entry in entries if entry.words]
        data = request.POST if request.method == "POST" and "_edit" not in request.POST else None
        typed = {"entries": request.POST.getlist("entries"), "reason": request.POST.get("reason", "")}
        initial = typed if "_edit" in request.POST else {"entries": with_words}
        form = EraseForm(data, offered=with_words, initial=initial)
        problem, status = "", 200
        if data is not None and form.is_valid():
            chosen = [entry for entry in entries if entry.sequence in form.cleaned_data["entries"]]
            if "confirmed" not in request.POST:
                return self._page(
                    request, subject, entries, chosen=chosen, reason=form.cleaned_data["reason"]
                )
            try:
                self._erase(request, subject, chosen, form.cleaned_data["reason"])
            except ConvoyError as error:
                problem, status = error.message, 403 if isinstance(error, NotPermitted) else 409
            else:
                return HttpResponseRedirect(request.path)
        return self._page(request, subject, entries, status, form=form, problem=problem)

    def _erase(
        self, request: HttpRequest, subject: DeskSubject, chosen: list[EntryOfChain], reason: str
    ) -> None:
        """One erasure for each, each an entry; what was erased before one fails stays erased and is said."""
        if not isinstance(request.user, User):
            raise PermissionDenied
        for entry in chosen:
            erasure = erase_words(entry.sequence, reason, request.user)
            told = _("The words of entry %(entry)s are erased; entry %(erasure)s says so.") % {
                "entry": entry.sequence,
                "erasure": erasure,
            }
            messages.success(request, told)
            change: list[Any] = [
                {"changed": {"name": "words", "object": f"entry {entry.sequence}", "fields": []}}
            ]
            LogEntry.objects.log_actions(int(str(request.user.pk)), [subject.row], CHANGE, change)

    def _page(
        self,
        request: HttpRequest,
        subject: DeskSubject,
        entries: list[EntryOfChain],
        status: int = 200,
        **more: Any,
    ) -> HttpResponse:
        shown = [
            (entry, [(LABELS.get(name, name), said) for name, said in entry.words.items()])
            for entry in more.get("chosen") or entries
        ]
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "title": _("Erase words: %(subject)s") % {"subject": subject.name},
            "subject": subject,
            "entries": shown,
            "is_left": any(entry.words for entry in entries),
            "all_verify": not any(entry.flaw for entry in entries),
        }
        return TemplateResponse(request, "admin/convoys/erase.html", context | more, status=status)

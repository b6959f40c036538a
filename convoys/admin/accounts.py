"""Further accounts: of an event, a figure, a control point, an agreement, or in answer to an account."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.role_admin import ReadOnlyAdmin
from accounts.roles import Role
from convoys.admin.forms.account import AccountForm
from convoys.admin.pages import event_named, subject_page
from convoys.admin.sending import require, write_form
from convoys.admin.subjects import DeskSubject, subject_or_404
from convoys.models import Convoy
from convoys.queries.desk_record import record_of
from convoys.services.changes import Claim, Target
from convoys.vocabulary import Item, SubjectType

EVENT_NOTE = gettext_lazy(
    "For who tells the same event too, or with another day, place or figure. It stands beside the accounts "
    "on record, in the same form, and replaces none of them."
)
ANSWER_NOTE = gettext_lazy(
    "For what somebody says to this account: that it is so, or that it is not. It stands beneath it, in the "
    "same form. An answer to an answer is recorded as one more answer here."
)
ITEM_NOTE = gettext_lazy(
    "For what somebody says of it. It stands beside the others and changes nothing by itself; what we take "
    "the convoy to be is changed by “Amend”."
)


class AccountsAdmin(ReadOnlyAdmin):
    """The form of one more account about a subject or an entry of its record."""

    subject_type: SubjectType

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
        shown = {
            "form": form,
            "form_title": title,
            "form_notes": [{"event": EVENT_NOTE, "claim": ANSWER_NOTE}.get(about, ITEM_NOTE)],
            "submit_label": _("Record the account"),
        }
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
                    title = _("Another account of: %(what)s") % {"what": event_named(line.event)}
                    return title, Target(chain=line.event.chain), line.event.audience
        if about == "claim":
            for account in [a for line in told.lines for a in line.accounts] + told.accounts:
                if str(account.claim.chain) == target and not account.is_retracted:
                    title = _("An answer to what %(speaker)s says") % {
                        "speaker": account.speaker or _("a source")
                    }
                    return title, Target(chain=account.claim.chain), account.claim.audience
        raise Http404

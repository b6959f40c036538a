"""Several reports of one convoy at once: steps that are legal only together, written as one change set.

So a hold that began and ended in the past is entered: neither of its ends could stand without the
other. Who says so is asked with the first report and holds for all, unless another is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.contrib.admin.options import ModelAdmin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from accounts.role_admin import has_role
from accounts.roles import Role
from convoys.admin import writing
from convoys.admin.forms.report import ReportForm
from convoys.admin.pages import page_context
from convoys.admin.sending import refused, require
from convoys.admin.subjects import DeskSubject, subject_or_404
from convoys.errors import ConvoyError, InvalidInput
from convoys.services.changes import Account, Step
from convoys.transitions import TRANSITIONS
from convoys.vocabulary import FINAL_STATES, Audience, Kind, SubjectType

FEWEST, MOST = 2, 4


class OneOfSeveral(ReportForm):
    """A report among others: the first carries the account, the rest one only if it differs."""

    has_now = False

    def __init__(self, *args: Any, kind: Kind, number: int, **more: Any) -> None:
        self.is_first = number == 0
        # The account of a desk's own act may be left out: so may that of every report but the first.
        super().__init__(
            *args, kind=kind if self.is_first else replace(kind, desk_act=True), prefix=f"r{number}", **more
        )
        left_out = ["note", "note_audience"] + ([] if self.is_first else ["uuid", "seen"])
        for name in left_out:
            self.fields.pop(name, None)

    def sharing(self, account: Account) -> None:
        """Rest this report on the first one's source where nobody else was named for it; a source that
        is kept to staff there is kept to staff here."""
        if not self.carried["claims"]:
            kept = account.audience == Audience.STAFF
            self.carried["claims"] = [
                source_of(account, Audience.STAFF if kept else self.cleaned_data["audience"])
            ]


def source_of(account: Account, audience: str) -> Account:
    """The same speaker and document, without what was alleged of one report alone."""
    return Account(
        speaker=account.speaker,
        speaker_kind=account.speaker_kind,
        speaker_person=account.speaker_person,
        is_confidential=account.is_confidential,
        statement=account.statement,
        is_verbatim=account.is_verbatim,
        publisher=account.publisher,
        title=account.title,
        link=account.link,
        language=account.language,
        said_on=account.said_on,
        reported_on=account.reported_on,
        audience=audience,
    )


def kinds_for(request: HttpRequest, subject: DeskSubject) -> list[Kind]:
    """Kinds that can stand among several: none that ends the way (it is confirmed on a page of its own),
    and none that changes what the convoy is said to be or who sees it."""
    return [
        kind
        for kind in subject.kinds()
        if has_role(request, kind.role)
        and kind.code not in ENDS_THE_WAY
        and not kind.items
        and "visible_to" not in kind.allowed
    ]


ENDS_THE_WAY = frozenset(
    code for code, rules in TRANSITIONS.items() if any(rule.target in FINAL_STATES for rule in rules.values())
)


def several(model_admin: ModelAdmin, request: HttpRequest, pk: str) -> HttpResponse:
    """By GET with `kind` given two to four times the form, without it the choice; by POST the record."""
    require(request, Role.DESK_OFFICER)
    subject = subject_or_404(SubjectType.CONVOY, pk)
    offered = {kind.code: kind for kind in kinds_for(request, subject)}
    asked = request.POST if request.method == "POST" else request.GET
    chosen = [offered[code] for code in asked.getlist("kind")[:MOST] if code in offered]
    if len(chosen) < FEWEST:
        return _choice(model_admin, request, subject, list(offered.values()), "kind" in asked)
    forms = _forms(request, subject, chosen)
    status, problems = 200, []
    # Every form is judged, so that all that is wrong is said at once.
    judged = [form.is_valid() for form in forms] if request.method == "POST" else [False]
    if all(judged):
        try:
            written = writing.write(
                request,
                _steps(forms, subject),
                {subject.ref: forms[0].cleaned_data["seen"]},
                forms[0].cleaned_data["uuid"],
            )
        except InvalidInput as error:
            # The write path names a field, not whose: said above them all.
            problems = [f"{name.replace('_', ' ')}: {words}" for name, words in error.fields.items()]
        except ConvoyError as error:
            subject = subject_or_404(SubjectType.CONVOY, pk)
            status = refused(forms[0], error, subject.row.newest_entry)
        else:
            what = ", ".join(str(kind.label) for kind in chosen)
            writing.tell(request, model_admin, written, [subject.row], f"{what}, {subject.name}")
            return HttpResponseRedirect(subject.page_url)
    numbered = list(zip(chosen, forms, strict=True))
    return _page(
        model_admin, request, subject, status, forms=numbered, form=forms[0], problems=problems,
        wrong=sum(form.field_errors_count for form in forms),
    )  # fmt: skip


def _forms(request: HttpRequest, subject: DeskSubject, kinds: Sequence[Kind]) -> list[OneOfSeveral]:
    choices = subject.choices()
    return [
        OneOfSeveral(
            request.POST if request.method == "POST" else None,
            kind=kind,
            number=number,
            subject=subject.ref,
            choices=choices,
            default_audience=subject.default_audience(kind),
            initial={"seen": subject.row.newest_entry},  # no day: all of it lies in the past
        )
        for number, kind in enumerate(kinds)
    ]


def _steps(forms: Sequence[OneOfSeveral], subject: DeskSubject) -> list[Step]:
    first, *others = forms
    for form in others:
        if first.carried["claims"]:
            form.sharing(first.carried["claims"][0])
    return [step for form in forms for step in form.steps(subject.ref)]


def _choice(
    model_admin: ModelAdmin,
    request: HttpRequest,
    subject: DeskSubject,
    offered: Sequence[Kind],
    was_asked: bool,
) -> HttpResponse:
    wanted = (request.POST if request.method == "POST" else request.GET).getlist("kind")
    selects = [(number, wanted[number] if number < len(wanted) else "") for number in range(MOST)]
    problems = [_("Choose at least two reports.")] if was_asked else []
    return _page(
        model_admin, request, subject, 200, forms=[], form=None, offered=offered, selects=selects,
        problems=problems,
    )  # fmt: skip


def _page(
    model_admin: ModelAdmin, request: HttpRequest, subject: DeskSubject, status: int, **more: Any
) -> HttpResponse:
    context = page_context(model_admin, request, subject, form_title=_("Several reports at once"), **more)
    return TemplateResponse(request, "admin/convoys/several.html", context, status=status)

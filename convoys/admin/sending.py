"""What the forms of a subject's page share: who may, what a refusal looks like, one form written."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.contrib.admin.options import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.role_admin import has_role
from accounts.roles import Role
from convoys.admin import writing
from convoys.admin.forms.base import DeskForm
from convoys.admin.subjects import DeskSubject, subject_or_404
from convoys.errors import AlreadySent, Conflict, ConvoyError, NotPermitted
from convoys.services.changes import Step

# Buttons that send a form back for more blank rows, the present time, or another look.
ONLY_SHOW = ("more_cargo", "more_reference", "_now", "_edit")


def require(request: HttpRequest, role: Role) -> None:
    if not has_role(request, role):
        raise PermissionDenied


def refused(form: DeskForm, error: ConvoyError, newest: int | None) -> int:
    """Put an error of the write path on the form, made ready to be sent again; the answer's status."""
    form.refuse(error)
    if isinstance(error, Conflict):
        form.send_again(seen=newest)
        return 409
    if isinstance(error, AlreadySent):
        form.send_again(uuid=uuid.uuid4())
        return 409
    return 403 if isinstance(error, NotPermitted) else 200


def write_form(
    model_admin: ModelAdmin,
    request: HttpRequest,
    subject: DeskSubject,
    form: DeskForm,
    steps: Sequence[Step],
    what: str,
) -> int:
    """Write what a valid form asks. Returns 0, or the status under which to show it again."""
    seen = {subject.ref: form.cleaned_data["seen"]}
    try:
        written = writing.write(request, steps, seen, form.cleaned_data["uuid"])
    except ConvoyError as error:
        subject.row = subject_or_404(subject.type, str(subject.row.pk)).row
        return refused(form, error, subject.row.newest_entry)
    writing.tell(request, model_admin, written, [subject.row], f"{what}, {subject.name}")
    return 0

"""From a form to the record: one change set, the bell, a line in the admin's own log, a way back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User
from convoys import bell
from convoys.services import timeline
from convoys.services.changes import ChangeSet, Step, SubjectRef, Written

WAKES = "convoys.tasks.detect"


def write(
    request: HttpRequest, steps: Sequence[Step], seen: Mapping[SubjectRef, int | None], uuid: UUID
) -> Written:
    """Write one change set in the name of the person signed in. Raises what `timeline.apply` raises."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    written = timeline.apply(ChangeSet(steps=steps, author=request.user, seen=seen, door="admin", uuid=uuid))
    if not written.is_repeat:
        bell.ring(WAKES)
    return written


def tell(
    request: HttpRequest,
    model_admin: ModelAdmin,
    written: Written,
    rows: Iterable[Model],
    what: str,
    flag: int = CHANGE,
) -> None:
    """Say on the next page what was recorded, and keep a line of it in the admin's log."""
    if written.is_repeat:
        messages.info(request, _("This was recorded already; sending it again changed nothing."))
        return
    entries = [number for step in written.sequences for number in step]
    named = {"what": what, "first": entries[0], "last": entries[-1]}
    if len(entries) > 1:
        messages.success(request, _("Recorded: %(what)s (entries %(first)s to %(last)s).") % named)
    else:
        messages.success(request, _("Recorded: %(what)s (entry %(first)s).") % named)
    first = f"entry {entries[0]}"
    change: list[Any] = [{"changed": {"name": what, "object": first, "fields": [str(written.uuid)]}}]
    LogEntry.objects.log_actions(int(str(request.user.pk)), list(rows), flag, change)

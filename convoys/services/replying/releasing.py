"""The desk's side: a coordinator makes an account a claim, or leaves it outside of the record."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Role, may
from convoys.errors import NotPermitted
from convoys.models import AccountOffered, OfferState
from convoys.services import changes, checking, timeline
from convoys.services.replying.deciding import refuse_decided, settle, settled, update
from convoys.services.replying.saying import About, step_of

LONGEST_REASON = 2000


def release(user: User, key: uuid.UUID, seen: int | None) -> AccountOffered | None:
    """Make it a claim in the name of its organisation; None where there is none with this UUID.

    `seen` is the convoy's newest event that the coordinator saw. Raises NotPermitted, AlreadyDecided,
    and what `timeline.apply` raises; then it waits on.
    """
    _require_coordinator(user)
    row = _take(user, key)
    if row is None or row.sequence is not None:
        return row
    try:
        about = About(row.convoy, row.event, row.claim)
        ref = changes.convoy(row.convoy.reference)
        written = timeline.apply(
            changes.ChangeSet(
                [step_of(row, about)], author=user, seen={ref: seen}, door="admin", uuid=row.uuid
            )
        )
    except Exception:
        untold = AccountOffered.objects.filter(pk=row.pk, state=OfferState.RELEASED, sequence=None)
        untold.update(state=OfferState.WAITING, decided_by=None, decided_at=None)
        raise
    settle(row, written.sequences[0][0])
    return row


def decline(user: User, key: uuid.UUID, reason: str) -> AccountOffered | None:
    """Leave it outside of the record, for a reason that its partner reads; None where there is none.

    Raises NotPermitted, InvalidInput, AlreadyDecided.
    """
    _require_coordinator(user)
    reason = checking.text("reason", reason, limit=LONGEST_REASON, required=True)
    with transaction.atomic():
        row = AccountOffered.objects.select_for_update(of=("self",)).filter(uuid=key).first()
        if row is not None:
            refuse_decided(row)
            update(row, state=OfferState.DECLINED, decided_by=user, decided_at=timezone.now(), reason=reason)
    return row


def _require_coordinator(user: User) -> None:
    if not may(user, Role.COORDINATOR):
        raise NotPermitted(_("This needs the role of a coordinator. Nothing was written."))


def _take(user: User, key: uuid.UUID) -> AccountOffered | None:
    """Mark it as being released; settled already where a release was broken off after it was written."""
    with transaction.atomic():
        rows = AccountOffered.objects.select_for_update(of=("self",)).select_related(
            "convoy", "event", "claim__target_event"
        )
        row = rows.filter(uuid=key).first()
        if row is None or settled(row):
            return row
        refuse_decided(row)
        update(row, state=OfferState.RELEASED, decided_by=user, decided_at=timezone.now())
    return row

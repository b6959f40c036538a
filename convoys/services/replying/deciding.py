"""Whether an account still waits for a decision."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from convoys.errors import ConvoyError
from convoys.models import AccountOffered, ChangeSet, OfferState

# A release takes seconds; one that takes longer than this was broken off.
RELEASE_TAKES = timedelta(minutes=1)


class AlreadyDecided(ConvoyError):
    """It does not wait any more."""

    code = "already_decided"


def settled(row: AccountOffered) -> bool:
    """Whether its claim was written by a release that did not come to say so; says so then."""
    if row.state != OfferState.RELEASED or row.sequence is not None:
        return False
    written = ChangeSet.objects.filter(pk=row.uuid).first()
    if written is not None:
        settle(row, written.sequences[0][0])
    return written is not None


def refuse_decided(row: AccountOffered) -> None:
    """Raises AlreadyDecided unless it waits, or was left behind by a release that was broken off."""
    if row.state == OfferState.WAITING:
        return
    if row.state == OfferState.RELEASED and row.sequence is None:
        if row.decided_at is not None and timezone.now() - row.decided_at > RELEASE_TAKES:
            if not settled(row):
                return
        else:
            raise AlreadyDecided(_("It is being released at this moment. Look again in a minute."))
    state = OfferState(row.state).label
    raise AlreadyDecided(_("It does not wait any more: it was %(state)s.") % {"state": state})


def settle(row: AccountOffered, sequence: int) -> None:
    update(row, sequence=sequence, account={})


def update(row: AccountOffered, **columns: Any) -> None:
    AccountOffered.objects.filter(pk=row.pk).update(**columns)
    for name, value in columns.items():
        setattr(row, name, value)

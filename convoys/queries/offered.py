"""Partners' own accounts that wait for staff, or waited: whose they are, what stands to be decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from convoys.models import AccountOffered, OfferState
from convoys.queries.history import words_of
from convoys.queries.visibility import Viewer, visible_claims, visible_events

# What waits for staff: also one whose release was broken off before the record was told to be written.
UNDECIDED = Q(state=OfferState.WAITING) | Q(state=OfferState.RELEASED, sequence=None)


def own_accounts(viewer: Viewer) -> QuerySet[AccountOffered]:
    """What this partner's organisation has said, of what it may still see. Staff have none of their own."""
    if viewer.is_staff or viewer.sees_nothing:
        return AccountOffered.objects.none()
    sees_event = Exists(visible_events(viewer).filter(sequence=OuterRef("event")))
    sees_claim = Exists(visible_claims(viewer).filter(sequence=OuterRef("claim")))
    mine = AccountOffered.objects.filter(sees_event | sees_claim, organisation=viewer.organisation)
    return mine.select_related("convoy")


@dataclass(frozen=True)
class OfferTold:
    """One account offered with its words: its own, or those of the claim that it became, if any are left."""

    offer: AccountOffered
    account: dict[str, Any]

    @property
    def state(self) -> str:
        return OfferState.WAITING if self._is_under_way else self.offer.state

    @property
    def decided_at(self) -> datetime | None:
        return None if self._is_under_way else self.offer.decided_at

    @property
    def _is_under_way(self) -> bool:
        return self.offer.state == OfferState.RELEASED and self.offer.sequence is None


def tell_offers(offers: Sequence[AccountOffered]) -> list[OfferTold]:
    """One query where any was released, else none."""
    words = words_of([offer.sequence for offer in offers if offer.sequence is not None])
    return [OfferTold(offer, words.get(offer.sequence or 0, offer.account)) for offer in offers]


def undecided() -> QuerySet[AccountOffered]:
    """What waits for staff, oldest first, with all that a list shows of it."""
    rows = AccountOffered.objects.filter(UNDECIDED).select_related("organisation", "author", "convoy")
    return rows.order_by("offered_at", "pk")


def event_of(offer: AccountOffered) -> int | None:
    """The chain of the event that it is about in the end; None for an item of the convoy's declaration."""
    row = AccountOffered.objects.filter(pk=offer.pk)
    chain: int | None = row.values_list(Coalesce(F("event"), F("claim__target_event")), flat=True).get()
    return chain

"""Texts kept of convoys, read in the same statement as the convoys: what it finds is good at that instant."""

from __future__ import annotations

from django.db.models import F, FilteredRelation, Q, QuerySet, Subquery

from convoys.models import Convoy, MasterData

# A convoy as a row of a list, the same for all who may see it.
ROW = "row"


def with_kept(convoys: QuerySet[Convoy], shape: str, circumstances: str) -> QuerySet[Convoy]:
    """The convoys with `text`, None where none is kept that is good now, and with the `master_data` that a
    new one would be made from at the least."""
    stamp = Subquery(MasterData.objects.values("stamp")[:1])
    is_good = Q(
        kept_texts__shape=shape,
        kept_texts__version=F("newest_entry"),
        kept_texts__circumstances=circumstances,
        kept_texts__master_data=stamp,
    )
    kept = FilteredRelation("kept_texts", condition=is_good)
    return convoys.annotate(kept=kept).annotate(text=F("kept__text"), master_data=stamp)

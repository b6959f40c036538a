"""Texts kept of convoys, read in the same statement as the convoys: what it finds is good at that instant."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import F, FilteredRelation, Q, QuerySet, Subquery

from convoys.models import Claim, Convoy, Event, MasterData
from convoys.queries.visibility import Relation, Viewer, takes_part

# A convoy as a row of a list, the same for all who may see it; else all of it, as a relation reads it.
ROW = "row"
VERSIONS = {ROW: "newest_entry"} | dict.fromkeys(
    (Relation.STAFF.value, Relation.PARTY.value, Relation.PARTNER.value), "newest_mention"
)


def with_kept(convoys: QuerySet[Convoy], shapes: Collection[str], circumstances: str) -> QuerySet[Convoy]:
    """The convoys with `text` and its `shape`, None where none is kept that is good now, and with the
    `master_data` that a new one would be made from at the least. One row for each shape that is kept."""
    stamp = Subquery(MasterData.objects.values("stamp")[:1])
    (version,) = {VERSIONS[shape] for shape in shapes}
    is_good = Q(
        kept_texts__shape__in=sorted(shapes),
        kept_texts__version=F(version),
        kept_texts__circumstances=circumstances,
        kept_texts__master_data=stamp,
    )
    kept = FilteredRelation("kept_texts", condition=is_good)
    return convoys.annotate(kept=kept).annotate(
        text=F("kept__text"), shape=F("kept__shape"), master_data=stamp
    )


def relations_of(viewer: Viewer) -> list[str]:
    """What a viewer can be to a convoy that it may know of."""
    return ["staff"] if viewer.is_staff else ["partner", "party"]


def with_relation(convoys: QuerySet[Convoy], viewer: Viewer) -> QuerySet[Convoy]:
    """The convoys that a partner may know of, with whether it `takes_part`; of staff that is no question."""
    return convoys if viewer.is_staff else convoys.annotate(takes_part=takes_part(viewer, "pk"))


def is_read_alike(convoy: Convoy) -> bool:
    """Whether all partners that are the same to this convoy read the same of it: its record names no other
    convoy, which some may know of and some not, and nobody with whom it is shared. Three queries."""
    events = Event.objects.filter(convoy=convoy)
    sharing = events.filter(declares__has_key="visible_to").values_list("declares", flat=True)
    if any(isinstance(shared := declares["visible_to"], list) and shared for declares in sharing):
        return False
    linking = Claim.objects.filter(alleged_convoy__isnull=False, target_convoy=convoy)
    return not (events.filter(other_convoy__isnull=False).exists() or linking.exists())

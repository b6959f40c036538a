"""Who may know of a convoy as its record grew: what each change set made of whom.

Folded from the record alone, so that it says the same whenever it is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from convoys.models import Event, VisibilityChange
from convoys.projection import ALL_PARTNERS
from convoys.queries.visibility import Relation, Standing, Viewer, relation_of
from convoys.replay import History, in_force, replay

# A change set moves who sees a convoy by entries of these kinds alone: where an amendment or its
# correction does, the write path adds one that says so.
SAYS_WHO_SEES = frozenset({"registered", "visibility_changed"})
# What states parties or sharing.
DECLARES_WHO_SEES = SAYS_WHO_SEES | {"amended"}
NOT_YET = Standing(is_registered=False, is_for_all_partners=False, parties=frozenset(), named=frozenset())
ANY_OTHER = Viewer(is_staff=False, organisation="")


def standing_of(history: History) -> Standing:
    """What its history makes of who may know of a convoy."""
    declared, visible_to = history.declaration, history.facts.visible_to
    parties = {*(declared.get("sponsors") or ()), declared.get("carrier"), declared.get("consignee")}
    is_for_all = visible_to == ALL_PARTNERS
    return Standing(
        is_registered=bool(history.facts.state),
        is_for_all_partners=is_for_all,
        parties=frozenset(parties - {None}),
        named=frozenset(() if is_for_all else visible_to or ()),
    )


def changes_between(convoy: int, sequence: int, before: Standing, after: Standing) -> list[VisibilityChange]:
    """Unsaved rows of who became what to a convoy at this entry."""
    everybody = _relation(ANY_OTHER, before), _relation(ANY_OTHER, after)
    is_for_everybody = everybody[0] != everybody[1]
    found: list[tuple[str | None, Relation, Relation]] = []
    if is_for_everybody:
        found.append((None, *everybody))
    for code in sorted(before.parties | before.named | after.parties | after.named):
        viewer = Viewer(is_staff=False, organisation=code)
        was, became = _relation(viewer, before), _relation(viewer, after)
        if is_for_everybody or was != became:
            found.append((code, was, became))
    return [
        VisibilityChange(
            sequence=sequence,
            convoy_id=convoy,
            organisation_id=code,
            before=was.value,
            after=became.value,
        )
        for code, was, became in found
    ]


def changes_in(convoy: int, events: Iterable[Event]) -> Iterator[VisibilityChange]:
    """The unsaved rows of a convoy's whole record, in order, from its events that declare who sees it."""
    known: list[Event] = []
    before = NOT_YET
    declaring = (event for event in events if event.kind in DECLARES_WHO_SEES)
    in_order = sorted(declaring, key=lambda event: event.sequence)
    for _, change_set in groupby(in_order, key=lambda event: event.change_set_id):
        new = list(change_set)
        known += new
        sequence = entry_that_says(new)
        if sequence is not None:
            after = standing_of(replay(in_force(known), {}))
            yield from changes_between(convoy, sequence, before, after)
            before = after


def entry_that_says(new: Sequence[Event]) -> int | None:
    """Of one convoy's events of a change set the one that tells who sees it; None where none does."""
    return max((event.sequence for event in new if event.kind in SAYS_WHO_SEES), default=None)


def _relation(viewer: Viewer, standing: Standing) -> Relation:
    return relation_of(viewer, standing) if standing.is_registered else Relation.STRANGER

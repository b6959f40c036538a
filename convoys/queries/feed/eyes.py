"""Which entries of a page's worth a reader may read, asked by their keys.

`queries.visibility` says it for any list, by conditions for which the database looks through all convoys;
a page is a few hundred entries. `queries.sight` answers by the same rule, which a test holds it to.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q

from convoys.models import Claim, Event
from convoys.queries.rows import is_one_of
from convoys.queries.sight import Sight
from convoys.queries.visibility import Viewer


class Eyes:
    """One reader's, for one page. `events` and `claims` are the sequences of what was found readable."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.events: set[int] = set()
        self.claims: set[int] = set()
        self._sight = Sight()

    def look(self, among: Q) -> None:
        """Find what is readable among these entries. Eight queries."""
        self._look_at_events(among)
        self._look_at_claims(among)

    def look_at(self, sequences: Collection[int]) -> None:
        if sequences:
            self.look(is_one_of("sequence", sequences))

    def knows(self, convoys: Collection[int]) -> set[int]:
        """Which of these convoys the reader may know of."""
        if self.viewer.is_staff:
            return set(convoys)
        self._sight.load_convoys(convoys)
        return {convoy for convoy in convoys if self._sight.knows(self.viewer, convoy)}

    def reads_claim(self, claim: Claim) -> bool:
        """Of a chain of which a claim was looked at."""
        return self.viewer.is_staff or self._sight.reads_claim(self.viewer, claim.sequence)

    def withholds_source(self, claim: Claim) -> bool:
        """Whether the reader is shown of a readable claim's source its kind only."""
        if self.viewer.is_staff:
            return False
        return bool(self._sight.claim(claim.sequence).__dict__["source_withheld"])

    def _look_at_events(self, among: Q) -> None:
        found = list(Event.objects.filter(among).order_by().values_list("sequence", "chain", "convoy_id"))
        if self.viewer.is_staff:
            self.events.update(sequence for sequence, _, _ in found)
            return
        self._sight.load_events({chain for _, chain, _ in found})
        self._sight.load_convoys({convoy for _, _, convoy in found if convoy is not None})
        self.events.update(
            sequence for sequence, chain, _ in found if self._sight.reads_event(self.viewer, chain)
        )

    def _look_at_claims(self, among: Q) -> None:
        found = list(Claim.objects.filter(among).order_by().values_list("sequence", flat=True))
        if not self.viewer.is_staff:
            self._sight.load_claims(found)
            found = [sequence for sequence in found if self._sight.reads_claim(self.viewer, sequence)]
        self.claims.update(found)

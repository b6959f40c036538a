"""A change set on its way: its subjects locked, its steps drafted, each convoy's history replayed."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils import timezone

from convoys.errors import Conflict, IllegalHistory, InvalidInput, UnknownReference
from convoys.models import Claim as ClaimRow
from convoys.models import Convoy, Event, OtherReference
from convoys.queries.events import record_of_convoy
from convoys.queries.routes import route_positions
from convoys.queries.statements import Batch
from convoys.replay import PROVISIONAL, History, in_force, replay
from convoys.services import checking
from convoys.services.balancing import check_balance
from convoys.services.changes import ChangeSet, Claim, Correct, Record, SubjectRef
from convoys.services.drafting import (
    Draft,
    Subject,
    draft_claim,
    draft_event,
    effective_at,
    event_known_from,
)
from convoys.services.ordering import earlier_placings
from convoys.services.resolving import ConvoyAlone, Locked, Resolver, could_be_code, lock_subjects
from convoys.services.revising import (
    corrected_claim,
    corrected_event,
    is_same_period,
    moved_in_order,
    retraction_of,
)
from convoys.services.splitting import check_splits, split_into
from convoys.services.targets import Targets
from convoys.vocabulary import PARTY_ITEMS, Act, Audience, SubjectType

AnyDraft = Draft[Event] | Draft[ClaimRow]


@dataclass
class Work:
    """One locked subject: all entries on its record, and those on their way.

    `before` and `after` are what the one and both come to, once a convoy has been replayed.
    """

    ref: SubjectRef
    row: Subject
    events: list[Event]
    is_new: bool = False
    new_events: list[Event] = field(default_factory=list)
    before: History = field(default_factory=History)
    after: History = field(default_factory=History)

    @property
    def all_events(self) -> list[Event]:
        return self.events + self.new_events


class Assembly:
    """Everything about a change set that can be decided before the ledger's head is locked.

    `lock` comes first; `drafts` are in the order in which they enter the ledger.
    """

    def __init__(self, change_set: ChangeSet) -> None:
        self.change_set = change_set
        self.now = timezone.now()
        self._batch = Batch()
        self.resolver = Resolver(change_set, self._batch)
        self.targets = Targets(change_set)
        self.routes = route_positions()
        self.works: dict[SubjectRef, Work] = {}
        self.drafts: list[AnyDraft] = []
        self.others: dict[SubjectRef, Convoy] = {}
        self._alone: ConvoyAlone | None = None

    def lock(self) -> None:
        """Lock the subjects, and what is split off into, creating the convoys that are registered."""
        records = [step for step in self.change_set.steps if isinstance(step, Record)]
        refs = {record.subject for record in records} | self.targets.subjects
        new = {record.subject for record in records if record.kind == "registered"}
        others = split_into(self.change_set) - refs
        rows = self._locked(refs | others)
        self.others = {ref: row for ref, row in rows.items() if ref in others and isinstance(row, Convoy)}
        for ref in sorted(refs):
            if ref in new:
                exercise = any(record.is_exercise for record in records if record.subject == ref)
                self.works[ref] = Work(ref, _create(ref, ref in rows, exercise), [], is_new=True)
            elif ref in rows:
                row = rows[ref]
                self.works[ref] = Work(ref, row, self._record(row))
            else:
                raise UnknownReference("subject", ref.code)

    def _locked(self, refs: set[SubjectRef]) -> Locked:
        """The rows of what is on record, locked; most change sets are about one convoy alone."""
        ref = next(iter(refs)) if len(refs) == 1 else None
        if ref is not None and ref.type == SubjectType.CONVOY and could_be_code(ref.code):
            self._alone = ConvoyAlone(ref, self._batch)
            self._batch.run()
            return self._alone.locked()
        self._batch.run()
        return lock_subjects(refs)

    def _record(self, row: Subject) -> list[Event]:
        if not isinstance(row, Convoy):
            return list(row.events.order_by("sequence"))
        return self._alone.record(row) if self._alone is not None else record_of_convoy(row)

    def check_seen(self) -> None:
        """Raises Conflict where a subject has a newer event than the author saw."""
        for ref, seen in self.change_set.seen.items():
            work = self.works.get(ref)
            if work is not None and not work.is_new and work.row.newest_entry != seen:
                raise Conflict(ref.code)

    def draft(self) -> None:
        """Draft every step in order. Raises InvalidInput, UnknownReference, Conflict."""
        for number, step in enumerate(self.change_set.steps):
            if isinstance(step, Record):
                self._draft_record(number, step)
            elif isinstance(step, Claim):
                target = self.targets.of_claim(step)
                audience = target.audience or Audience.PARTIES
                self._add(draft_claim(step.account, target.column, self.resolver, self.now, number, audience))
            else:
                row, subject = self.targets.revised(step)
                if isinstance(step, Correct):
                    self._correct(number, step, row, self.works[subject])
                else:
                    self._add(retraction_of(row, step, number), self.works[subject])

    def replay(self) -> None:
        """Replay each convoy that gets a new event. Raises IllegalHistory, and InvalidInput where the
        cargo of a journey that has ended does not add up.

        Where its parties change without an entry that says so, that entry is added here.
        """
        histories = {}
        for ref, work in self.works.items():
            if ref.type != SubjectType.CONVOY or not work.new_events:
                continue
            work.before = replay(in_force(work.events), self.routes)
            work.after = self._strictly(work)
            if not work.is_new and _parties_changed(work):
                record = Record(ref, "visibility_changed", visible_to=[])
                draft = draft_event(record, work.row, self.resolver, self.now, len(self.change_set.steps) - 1)
                # As it is on record: the change set need not name those with whom it is shared.
                draft.row.declares["visible_to"] = work.after.facts.visible_to
                self._place(draft, work)
                work.after = self._strictly(work)
            check_balance(ref.code, work.before, work.after)
            histories[ref] = work.after
        own = {ref: work.row for ref, work in self.works.items() if isinstance(work.row, Convoy)}
        written = [event for work in self.works.values() for event in work.new_events]
        check_splits(written, histories, self.others | own)

    def _strictly(self, work: Work) -> History:
        """Replay with all that is new; where that fails, with new reports earlier in their period."""
        try:
            return self._replayed(work, work.all_events)
        except IllegalHistory as refused:
            for event in [event for event in work.new_events if event.act != Act.RETRACT]:
                if self._place_earlier(event, work):
                    return self._replayed(work, work.all_events)
            raise refused

    def _replayed(self, work: Work, events: list[Event]) -> History:
        return replay(in_force(events), self.routes, strict=True, subject=work.ref.code)

    def _place_earlier(self, event: Event, work: Work) -> bool:
        """Find the nearest earlier place in its period where the history holds; add what moves for it."""
        others = [other for other in in_force(work.all_events) if other.chain != event.chain]
        first_placing = event.effective_at
        for placing in earlier_placings(event, others):
            if any(other in work.new_events for other, _ in placing.moved):
                continue
            event.effective_at = placing.effective_at
            own = next(draft for draft in self.drafts if draft.row is event)
            moves = [moved_in_order(other, at, own.step) for other, at in placing.moved]
            for number, move in enumerate(moves):
                move.row.sequence = PROVISIONAL + len(self.drafts) + number
            try:
                self._replayed(work, work.all_events + [move.row for move in moves])
            except IllegalHistory:
                continue
            for move, (other, _) in zip(moves, placing.moved, strict=True):
                # Whoever asks what was known in between is to find both in the same order.
                move.known_from = max(own.known_from, other.known_from) if own.known_from else None
                self._add(move, work)
            return True
        event.effective_at = first_placing
        return False

    def _draft_record(self, number: int, step: Record) -> None:
        work = self.works[step.subject]
        draft = draft_event(step, work.row, self.resolver, self.now, number)
        event = draft.row
        if step.kind == "registered" and step.is_exercise:
            event.declares["exercise"] = True
        _check_references(event)
        self._place(draft, work)
        self._draft_accounts(number, step, draft)
        if step.kind == "registered" and step.visible_to is not None:
            shared = Record(step.subject, "visibility_changed", step.when, visible_to=step.visible_to)
            self._place(draft_event(shared, work.row, self.resolver, self.now, number), work)

    def _draft_accounts(self, number: int, record: Record, draft: Draft[Event]) -> None:
        claims = []
        for account in record.claims:
            claim = draft_claim(account, {}, self.resolver, self.now, number, draft.row.audience)
            claim.follows = draft
            claims.append(claim)
            self._add(claim)
        draft.known_from = event_known_from(claims)

    def _correct(self, number: int, step: Correct, row: Event | ClaimRow, work: Work) -> None:
        if isinstance(row, ClaimRow):
            draft = corrected_claim(row, step, self.resolver, self.now, number)
            self._add(draft)
            return
        event = corrected_event(row, step, work.row, self.resolver, self.now, number)
        _check_references(event.row)
        if is_same_period(event.row, row):
            event.row.effective_at = row.effective_at
            self._add(event, work)
        else:
            others = [other for other in in_force(work.all_events) if other.chain != row.chain]
            event.row.effective_at = effective_at(event.row, others)
            self._add(event, work)
        if isinstance(step.contents, Record):
            self._draft_accounts(number, step.contents, event)

    def _place(self, draft: Draft[Event], work: Work) -> None:
        draft.row.effective_at = effective_at(draft.row, in_force(work.all_events))
        self._add(draft, work)

    def _add(self, draft: AnyDraft, work: Work | None = None) -> None:
        row = draft.row
        row.sequence = PROVISIONAL + len(self.drafts)
        row.chain = row.chain or row.sequence
        row.backfilled = self.change_set.backfilled
        self.drafts.append(draft)
        if work is not None and isinstance(row, Event):
            work.new_events.append(row)


def _create(ref: SubjectRef, is_on_record: bool, is_exercise: bool) -> Convoy:
    if ref.type != SubjectType.CONVOY:
        raise InvalidInput({"kind": "Only convoys are registered."})
    reference = checking.text("reference", ref.code, limit=64, required=True)
    if reference != ref.code or any(
        sign.isspace() or not sign.isprintable() or sign in "/?#%" for sign in reference
    ):
        raise InvalidInput(
            {"reference": "A reference has no spaces, no invisible signs and none of / ? # %."}
        )
    if is_on_record:
        raise InvalidInput({"reference": f"A convoy {reference} is on record already."})
    return Convoy.objects.create(reference=reference, is_exercise=is_exercise)


def _check_references(event: Event) -> None:
    """Raises InvalidInput where an issuer's number is another convoy's already."""
    for row in event.declares.get("references") or ():
        others = OtherReference.objects.filter(**row).exclude(convoy=event.convoy).select_related("convoy")
        if (other := others.first()) is not None:
            taken = (
                f"{row['issuer']} {row['number']} is on record for convoy {other.convoy.reference} already."
            )
            raise InvalidInput({"references": taken})


def _parties_changed(work: Work) -> bool:
    """Whether who may see the convoy changed without an entry that says so."""
    if any(event.kind == "visibility_changed" for event in work.new_events) or not work.after.facts.state:
        return False
    before, after = work.before.declaration, work.after.declaration
    return any(before.get(item) != after.get(item) for item in PARTY_ITEMS)

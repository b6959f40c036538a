"""The one write path: change sets go in, the record grows, and nothing else moves a convoy.

`apply` does, in one transaction:
1. returns the first result where the change set's UUID was written before;
2. locks the subjects in one fixed order, checks that the author may and has seen the newest entry;
3. drafts events and claims, replays each convoy strictly on full knowledge, refuses what cannot stand;
4. locks the ledger head, last of all locks, and reads the clock under it;
5. inserts rows and words, reads them back, hashes them into the ledger;
6. updates projections, state intervals and deadlines.

When two write at once about one subject, the second waits for the first and is then told of the
newer entry. A change set is written whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from convoys.canonical import claim_groups, event_groups
from convoys.errors import AlreadySent, Busy, Conflict, InvalidInput, UnknownReference
from convoys.models import ChangeSet as ChangeSetRow
from convoys.models import Claim as ClaimRow
from convoys.models import ControlPoint, Convoy, EntryType, Event, OtherReference, Words
from convoys.queries.routes import route_positions
from convoys.replay import PROVISIONAL, History, in_force, replay
from convoys.services import checking, deadlines
from convoys.services.authority import check_accounts, check_author
from convoys.services.changes import ChangeSet, Claim, Record, Retract, SubjectRef, Written
from convoys.services.drafting import (
    Draft,
    Subject,
    draft_claim,
    draft_event,
    effective_at,
    event_known_from,
)
from convoys.services.intervals import project_intervals
from convoys.services.ledger import Drafted, OpenHead, append_entries, lock_head, save_words
from convoys.services.projecting import DECLARED, project_control_point, project_convoy, project_declaration
from convoys.services.resolving import Resolver, lock_subjects
from convoys.services.targets import Targets, retraction_of
from convoys.vocabulary import PARTY_ITEMS, Audience, SubjectType

MOST_STEPS = 500


def apply(change_set: ChangeSet) -> Written:
    """Write a change set. Raises a subclass of ConvoyError, and then nothing was written."""
    if not change_set.steps or len(change_set.steps) > MOST_STEPS:
        raise InvalidInput({"steps": f"A change set holds from 1 to {MOST_STEPS} steps."})
    digest = _contents_digest(change_set)
    if (first := _written_before(change_set, digest)) is not None:
        return first
    try:
        with transaction.atomic(durable=True):
            return _Writer(change_set, digest).write()
    except IntegrityError:
        # Two sent the same UUID, or registered the same reference, at once: the other was first.
        if (first := _written_before(change_set, digest)) is not None:
            return first
        taken = next((s.subject.code for s in change_set.steps if isinstance(s, Record)), "This convoy")
        raise Conflict(taken) from None
    except OperationalError as error:
        if "lock" in str(error):
            raise Busy from error
        raise


def _contents_digest(change_set: ChangeSet) -> str:
    author = change_set.author.pk if change_set.author else None
    contents = {
        "author": author,
        "backfilled": change_set.backfilled,
        "steps": [{type(step).__name__: asdict(step)} for step in change_set.steps],
    }
    return hashlib.sha256(json.dumps(contents, default=str, sort_keys=True).encode("utf-8", "replace")).hexdigest()


def _written_before(change_set: ChangeSet, digest: str) -> Written | None:
    row = ChangeSetRow.objects.filter(pk=change_set.uuid).first()
    if row is None:
        return None
    if row.contents_digest != digest:
        raise AlreadySent
    return Written(row.uuid, row.sequences, is_repeat=True)


@dataclass
class _Work:
    """One locked subject, all entries on its record, and those on their way."""

    ref: SubjectRef
    row: Subject
    events: list[Event]
    is_new: bool = False
    drafts: list[Draft] = field(default_factory=list)

    @property
    def all_events(self) -> list[Event]:
        return self.events + [draft.row for draft in self.drafts if isinstance(draft.row, Event)]


class _Writer:
    def __init__(self, change_set: ChangeSet, digest: str) -> None:
        self.change_set, self.digest = change_set, digest
        self.now = timezone.now()
        self.resolver = Resolver(change_set)
        self.targets = Targets(change_set)
        self.routes = route_positions()
        self.drafts: list[Draft] = []

    def write(self) -> Written:
        self.works = self._lock()
        if (first := _written_before(self.change_set, self.digest)) is not None:
            return first
        check_author(self.change_set, self.targets)
        check_accounts(self.change_set)
        self._check_seen()
        for number, step in enumerate(self.change_set.steps):
            self._draft(number, step)
        histories = self._replay()
        head = lock_head()
        written = self._insert(head)
        self._append(head)
        self._project(histories, head)
        return written

    # 2. Locks.

    def _lock(self) -> dict[SubjectRef, _Work]:
        refs = {step.subject for step in self.change_set.steps if isinstance(step, Record)} | self.targets.subjects
        rows = lock_subjects(refs)
        new = {s.subject for s in self.change_set.steps if isinstance(s, Record) and s.kind == "registered"}
        works: dict[SubjectRef, _Work] = {}
        for ref in sorted(refs):
            if ref in new:
                works[ref] = _Work(ref, self._create(ref, rows), [], is_new=True)
            elif ref in rows:
                works[ref] = _Work(ref, rows[ref], _events_of(rows[ref]))
            else:
                raise UnknownReference("subject", ref.code)
        return works

    def _create(self, ref: SubjectRef, rows: dict[SubjectRef, Subject]) -> Convoy:
        if ref.type != SubjectType.CONVOY:
            raise InvalidInput({"kind": "Only convoys are registered."})
        reference = checking.text("reference", ref.code, limit=64, required=True)
        if reference != ref.code or any(sign.isspace() or sign in "/?#%" for sign in reference):
            raise InvalidInput({"reference": "A reference has no spaces and none of / ? # %."})
        if ref in rows:
            raise InvalidInput({"reference": f"A convoy {reference} is on record already."})
        exercise = any(s.is_exercise for s in self.change_set.steps if isinstance(s, Record) and s.subject == ref)
        return Convoy.objects.create(reference=reference, is_exercise=exercise)

    def _check_seen(self) -> None:
        for ref, seen in self.change_set.seen.items():
            work = self.works.get(ref)
            if work is not None and not work.is_new and work.row.newest_entry != seen:
                raise Conflict(ref.code)

    # 3. Drafts and replay.

    def _draft(self, number: int, step: Record | Claim | Retract) -> None:
        if isinstance(step, Record):
            self._draft_record(number, step)
        elif isinstance(step, Claim):
            target = self.targets.of_claim(step)
            audience = target.audience or Audience.PARTIES
            self._add(draft_claim(step.account, target.column, self.resolver, self.now, number, audience), None)
        else:
            row, subject = self.targets.of_retraction(step)
            self._add(retraction_of(row, step, number), self.works[subject])

    def _draft_record(self, number: int, step: Record) -> None:
        work = self.works[step.subject]
        draft = draft_event(step, work.row, self.resolver, self.now, number)
        event = draft.row
        assert isinstance(event, Event)
        if step.kind == "registered" and step.is_exercise:
            event.declares["exercise"] = True
        event.effective_at = effective_at(event, in_force(work.all_events))
        self._add(draft, work)
        claims = []
        for account in step.claims:
            claim = draft_claim(account, {}, self.resolver, self.now, number, event.audience)
            claim.follows = draft
            claims.append(claim)
            self._add(claim, None)
        draft.known_from = event_known_from(claims)
        self._check_references(event, work)
        if step.kind == "registered" and step.visible_to is not None:
            shared = Record(step.subject, "visibility_changed", step.when, visible_to=step.visible_to)
            sharing = draft_event(shared, work.row, self.resolver, self.now, number)
            self._place(sharing, work)

    def _check_references(self, event: Event, work: _Work) -> None:
        for row in event.declares.get("references") or ():
            other = OtherReference.objects.filter(**row).exclude(convoy=event.convoy_id).select_related("convoy").first()
            if other is not None:
                taken = f"{row['issuer']} {row['number']} is on record for convoy {other.convoy.reference} already."
                raise InvalidInput({"references": taken})

    def _place(self, draft: Draft, work: _Work) -> None:
        assert isinstance(draft.row, Event)
        draft.row.effective_at = effective_at(draft.row, in_force(work.all_events))
        self._add(draft, work)

    def _add(self, draft: Draft, work: _Work | None) -> None:
        draft.row.sequence = PROVISIONAL + len(self.drafts)
        if draft.row.chain is None:
            draft.row.chain = draft.row.sequence
        self.drafts.append(draft)
        if work is not None and isinstance(draft.row, Event):
            work.drafts.append(draft)

    def _replay(self) -> dict[SubjectRef, History]:
        histories = {}
        for ref, work in self.works.items():
            if ref.type == SubjectType.CONVOY and work.drafts:
                before = replay(in_force(work.events), self.routes)
                history = replay(in_force(work.all_events), self.routes, strict=True, subject=ref.code)
                if not work.is_new and self._parties_changed(before, history, work):
                    record = Record(ref, "visibility_changed", visible_to=history.facts.visible_to)
                    self._place(draft_event(record, work.row, self.resolver, self.now, work.drafts[-1].step), work)
                    history = replay(in_force(work.all_events), self.routes, strict=True, subject=ref.code)
                histories[ref] = history
        return histories

    @staticmethod
    def _parties_changed(before: History, after: History, work: _Work) -> bool:
        """Whether who may see the convoy changed without an entry that says so."""
        if any(isinstance(d.row, Event) and d.row.kind == "visibility_changed" for d in work.drafts):
            return False
        return any(before.declaration.get(item) != after.declaration.get(item) for item in PARTY_ITEMS)

    # 5. Rows, words, leaves.

    def _insert(self, head: OpenHead) -> Written:
        numbers: dict[int, int] = {}
        sequences: list[list[int]] = [[] for _ in self.change_set.steps]
        for draft in self.drafts:
            row = draft.row
            numbers[row.sequence] = head.next_sequence()
            row.sequence = numbers[row.sequence]
            row.chain = numbers.get(row.chain, row.chain)
            row.change_set_id = self.change_set.uuid
            row.author = self.change_set.author
            row.backfilled = self.change_set.backfilled
            row.recorded_at = head.now
            known = draft.known_from if self.change_set.backfilled else None
            row.known_from = min(known, head.now) if known else head.now
            if draft.follows is not None and isinstance(row, ClaimRow):
                row.target_event_id = draft.follows.row.sequence
            sequences[draft.step].append(row.sequence)
        ChangeSetRow.objects.create(
            uuid=self.change_set.uuid,
            contents_digest=self.digest,
            author=self.change_set.author,
            door=self.change_set.door,
            recorded_at=head.now,
            sequences=sequences,
        )
        Event.objects.bulk_create(draft.row for draft in self.drafts if isinstance(draft.row, Event))
        ClaimRow.objects.bulk_create(draft.row for draft in self.drafts if isinstance(draft.row, ClaimRow))
        save_words([(draft.row.sequence, draft.words) for draft in self.drafts])
        return Written(self.change_set.uuid, sequences)

    def _append(self, head: OpenHead) -> None:
        written = [draft.row.sequence for draft in self.drafts]
        words = dict(Words.objects.filter(sequence__in=written).values_list("sequence", "fields"))
        events = Event.objects.select_related("convoy", "author").filter(sequence__in=written)
        claims = ClaimRow.objects.select_related("target_convoy", "author").filter(sequence__in=written)
        drafted = [Drafted(EntryType.EVENT, row.sequence, event_groups(row, words[row.sequence])) for row in events]
        drafted += [Drafted(EntryType.CLAIM, row.sequence, claim_groups(row, words[row.sequence])) for row in claims]
        append_entries(head, sorted(drafted, key=lambda draft: draft.sequence))

    # 6. Projections.

    def _project(self, histories: dict[SubjectRef, History], head: OpenHead) -> None:
        for ref, work in self.works.items():
            events = [draft.row for draft in work.drafts if isinstance(draft.row, Event)]
            if not events:
                continue
            newest = max(event.sequence for event in events)
            if isinstance(work.row, Convoy):
                history = histories[ref]
                project_convoy(work.row, history, newest)
                if work.is_new or any(DECLARED & set(event.declares) for event in events):
                    project_declaration(work.row, history)
                project_intervals(work.row, work.events, events, history, self.routes)
                deadlines.move_deadlines(work.row, history, events, head.now)
            elif isinstance(work.row, ControlPoint):
                project_control_point(work.row, work.all_events, newest)
            else:
                type(work.row).objects.filter(pk=work.row.pk).update(newest_entry=newest)


def _events_of(subject: Subject) -> list[Event]:
    events: Sequence[Event] = subject.events.select_related("convoy").order_by("sequence")  # type: ignore[assignment]
    return list(events)

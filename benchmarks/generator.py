"""Fills a database with convoys of eight events each, as the write path would have written them.

Reports are taken in the order in which they reached the desk, drafted, placed, replayed, projected
and hashed by the product's own functions; what differs is that rows go in by COPY and that nothing
is asked of the database meanwhile. Memory grows with the convoys under way, not with all of them.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush
from random import Random
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models.base import ModelState

from accounts.models import User
from benchmarks.copying import Row, Tables, row_of
from benchmarks.lives import EVENTS, LAST, Life
from benchmarks.world import World, make_world
from convoys import merkle, projection
from convoys.canonical import COLUMNS, entry_leaf, group_digest, groups_of
from convoys.clocks import MICROSECOND
from convoys.models import (
    ChangeSet,
    Claim,
    Convoy,
    Deadline,
    DeadlineState,
    EntryType,
    Event,
    LedgerEntry,
    LedgerHead,
    LedgerNode,
    Watch,
    Words,
)  # fmt: skip
from convoys.queries.routes import route_positions
from convoys.queries.standings import changes_in
from convoys.replay import History, in_force, replay
from convoys.services.alerting.clocks import schedule
from convoys.services.alerting.policies import Ladders
from convoys.services.alerting.redating import clock_of
from convoys.services.changes import Account, Correct, Record, Retract, Step
from convoys.services.drafting import Draft, draft_claim, draft_event, effective_at
from convoys.services.intervals import intervals_of
from convoys.services.ledger import SALT_BYTES
from convoys.services.revising import corrected_event, is_same_period, retraction_of
from convoys.vocabulary import State

# Columns of other tables that are hashed and that these entries do not name.
RELATED = [column for columns in COLUMNS.values() for column in columns if "__" in column]


def fill(convoys: int, seed: int, progress: bool = False) -> None:
    """Write them all. The database must be empty but for what migrations put there.

    Needs a role that may put off the checks of foreign keys: a superuser, as on a server of one's own.
    """
    writer, tables = Writer(seed, make_world()), Tables()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            for number, rows in enumerate(generate(convoys, seed, writer)):
                tables.add(rows)
                if progress and number % 10_000 == 0:
                    print(f"\r{number:,} of {convoys * EVENTS:,} events", end="", file=sys.stderr)
            tables.flush()
            writer.move_head()
        finally:
            cursor.execute("SET session_replication_role = DEFAULT")
        if progress:
            print(file=sys.stderr)
        if not connection.in_atomic_block:
            cursor.execute("VACUUM ANALYZE")


@dataclass
class Told:
    """A convoy under way: its life, and what is on record of it so far."""

    life: Life
    row: Convoy
    events: list[Event] = field(default_factory=list)
    sequences: list[int] = field(default_factory=list)
    newest_mention: int = 0


def reports(convoys: int, seed: int) -> Iterator[tuple[datetime, Life, int]]:
    """Every report as (when it is recorded, of which convoy, the how manieth), in order of recording."""
    waiting: list[tuple[datetime, int, int, Life]] = []
    last = None
    for number in range(convoys + 1):
        life = Life(number, convoys, seed) if number < convoys else None
        while waiting and (life is None or waiting[0][0] <= life.planned[0].recorded_at):
            recorded_at, _, report, told = heappop(waiting)
            last = max(recorded_at, last + MICROSECOND) if last else recorded_at
            yield last, told, report
            if report + 1 < EVENTS:
                heappush(waiting, (told.planned[report + 1].recorded_at, told.number, report + 1, told))
        if life is not None:
            heappush(waiting, (life.planned[0].recorded_at, number, 0, life))


def generate(convoys: int, seed: int, writer: Writer) -> Iterator[list[Row]]:
    """The rows of one change set after the other; with a convoy's last one those of the convoy."""
    under_way: dict[int, Told] = {}
    for recorded_at, life, number in reports(convoys, seed):
        told = under_way.get(life.number)
        if told is None:
            row = Convoy(pk=life.number + 1, reference=life.subject.code)
            told = under_way[life.number] = Told(life, row)
        rows = writer.write(told, life.step(number, told.sequences), recorded_at)
        if number == EVENTS - 1:
            rows += writer.finish(under_way.pop(life.number))
        yield rows


class Writer:
    """What `services.timeline` does to a change set, without a database at hand."""

    def __init__(self, seed: int, world: World) -> None:
        self.world, self.routes = world, route_positions()
        self.chance = Random(f"writer {seed}")
        self.ladders = Ladders([])
        self.size, self.frontier = 0, list[bytes]()
        self.time: datetime | None = None
        self._drafted: dict[object, Draft[Any]] = {}

    def write(self, told: Told, step: Step, now: datetime) -> list[Row]:
        """The rows of one change set."""
        drafts = self._drafts(told, step, now)
        author = self.chance.choice(self.world.officers)
        uuid = UUID(bytes=self.chance.randbytes(16), version=4)
        sequences = list(range(self.size + 1, self.size + 1 + len(drafts)))
        event: Event = drafts[0].row
        rows: list[Row] = []
        for sequence, draft in zip(sequences, drafts, strict=True):
            row = draft.row
            row.sequence, row.chain = sequence, row.chain or sequence
            row.change_set_id, row.author_id = uuid, author.pk
            row.recorded_at = row.known_from = now
            if isinstance(row, Claim):
                row.target_event_id = event.chain
            rows += [row_of(row), *self._hash(draft, told.row.reference, author)]
        self.time = now
        told.events.append(event)
        told.sequences.append(event.sequence)
        told.newest_mention = sequences[-1]
        # A stand-in for the keyed digest of what the door sent: nobody sends these again.
        digest = hashlib.sha256(uuid.bytes).hexdigest()
        rows.append((ChangeSet, (uuid, digest, author.pk, "admin", now, json.dumps([sequences]))))
        return rows

    def finish(self, told: Told) -> list[Row]:
        """The convoy's row with all that is projected from its history."""
        convoy, history = told.row, replay(in_force(told.events), self.routes, strict=True)
        registered = next(step.event.recorded_at for step in history.steps if step.kind == "registered")
        columns = projection.projected_columns(history)
        convoy.__dict__.update(columns, registered_at=registered, newest_entry=told.sequences[-1])
        convoy.newest_mention = told.newest_mention
        projected = [
            convoy,
            *projection.cargo_lines(convoy, history),
            *projection.organisations(convoy, history),
            *changes_in(convoy.pk, told.events),
            *intervals_of(convoy, told.events, self.routes),
            *self._deadlines(convoy, history),
        ]
        return [row_of(instance) for instance in projected]

    def move_head(self) -> None:
        """Set the ledger's head behind the last entry, so that the write path goes on from there."""
        LedgerHead.objects.update_or_create(
            id=1,
            defaults={
                "size": self.size,
                "root": merkle.root_of(self.frontier),
                "frontier": [value.hex() for value in self.frontier],
                "time": self.time,
            },
        )

    def _drafts(self, told: Told, step: Step, now: datetime) -> list[Draft[Any]]:
        if isinstance(step, Record):
            event = self._event(told, step, now)
            event.row.effective_at = effective_at(event.row, in_force(told.events))
            return [event, *(self._claim(step.kind, one, event.row.audience, now) for one in step.claims)]
        if not isinstance(step, Correct | Retract):
            raise TypeError(f"no life holds a {type(step).__name__}")
        row = next(event for event in told.events if event.sequence == step.sequence)
        if isinstance(step, Retract):
            return [retraction_of(row, step, 0)]
        event = corrected_event(row, step, told.row, self.world.resolver, now, 0)
        others = [other for other in in_force(told.events) if other.chain != row.chain]
        moved = not is_same_period(event.row, row)
        event.row.effective_at = effective_at(event.row, others) if moved else row.effective_at
        return [event]

    # Drafting checks a report field by field. Those of one kind and place differ in their times alone
    # here, so each is drafted once and copied from then on; a declaration is drafted every time.

    def _event(self, told: Told, record: Record, now: datetime) -> Draft[Event]:
        resolver = self.world.resolver
        if record.declares or record.when is None:
            return draft_event(record, told.row, resolver, now, 0)
        key = (record.kind, record.place, record.held_before)
        if key not in self._drafted:
            self._drafted[key] = draft_event(record, told.row, resolver, now, 0)
        draft = _copy(self._drafted[key])
        draft.row.convoy, draft.row.occurred_at = told.row, record.when.at
        return draft

    def _claim(self, kind: str, account: Account, audience: str, now: datetime) -> Draft[Claim]:
        key = (kind, account.speaker)
        if key not in self._drafted:
            self._drafted[key] = draft_claim(account, {}, self.world.resolver, now, 0, audience)
        draft = _copy(self._drafted[key])
        draft.row.said_on, draft.row.reported_on = account.said_on, account.reported_on
        draft.row.alleged_causes = list(account.alleged_causes)
        draft.words["statement"] = account.statement
        if account.link:
            draft.words["link"] = account.link
        return draft

    def _hash(self, draft: Draft[Any], reference: str, author: User) -> list[Row]:
        """The entry with its words and the inner nodes that it closes."""
        row, words = draft.row, draft.words
        entry_type = EntryType.EVENT if isinstance(row, Event) else EntryType.CLAIM
        related = {"author__public_id": author.public_id, "convoy__reference": reference}
        columns = row.__dict__ | dict.fromkeys(RELATED) | related
        groups = groups_of(entry_type, columns, words)
        salts = {name: self.chance.randbytes(SALT_BYTES) for name in groups}
        digests = {name: group_digest(salts[name], fields) for name, fields in groups.items()}
        leaf = entry_leaf(entry_type, digests)
        self.frontier, closed = merkle.append(self.size, self.frontier, leaf)
        self.size += 1
        entry = (row.sequence, entry_type, salts["open"], salts["detail"], digests["words"], leaf)
        return [
            (Words, (row.sequence, salts["words"], json.dumps(words))),
            (LedgerEntry, entry),
            *((LedgerNode, node) for node in closed),
        ]

    def _deadlines(self, convoy: Convoy, history: History) -> list[Deadline]:
        """The clocks that run when the record ends, with the steps past by then taken as raised."""
        facts = history.facts
        running = [(Watch.HELD, facts.hold.opening)] if facts.hold else []
        if facts.state == State.STOPPED and facts.state_since:
            running.append((Watch.STOPPED, facts.state_since))
        if facts.state in (State.DISPATCHED, State.STOPPED, State.HELD) and facts.last_report:
            running.append((Watch.SILENT, facts.last_report))
        rows = []
        for watch, opening in running:
            last = facts.last_report or opening
            row = Deadline(
                convoy=convoy, watch=watch, opening_chain=opening.chain, episode=opening.chain,
                clock_from=clock_of(opening), known_at=opening.recorded_at,
                confirmed_at=clock_of(last), confirming_chain=last.chain, state=DeadlineState.OPEN,
                stands_at_id=facts.stands_at, held_before_id=facts.held_before,
            )  # fmt: skip
            ladder = self.ladders.default(watch)
            past = ladder.highest(*[(LAST - row.clock_from).total_seconds()] * 2)
            row.last_step = past.seconds if past else 0
            schedule(row, ladder)
            rows.append(row)
        return rows


def _copy(draft: Draft[Any]) -> Draft[Any]:
    row = object.__new__(type(draft.row))
    row.__dict__.update(draft.row.__dict__, _state=ModelState())
    return Draft(row, dict(draft.words), 0)

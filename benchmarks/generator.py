"""Fills a database with convoys of eight events each, as the write path would have written them.

Reports are taken in the order in which they reached the desk, drafted, placed, replayed, projected
and hashed by the product's own functions; what differs is that rows go in by COPY and that nothing
is asked of the database meanwhile. Memory grows with the convoys under way, not with all of them.
"""

from __future__ import annotations

import hashlib
import sys
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush
from random import Random

from django.db import connection
from django.db.models import Model

from benchmarks.copying import Tables
from benchmarks.lives import EVENTS, LAST, Life
from benchmarks.world import World, make_world
from convoys import merkle, projection
from convoys.canonical import COLUMNS, Row, entry_leaf, group_digest, groups_of
from convoys.clocks import MICROSECOND
from convoys.models import (
    ChangeSet, Claim, Convoy, Deadline, DeadlineState, EntryType, Event, LedgerEntry, LedgerHead, LedgerNode,
    Watch, Words,
)  # fmt: skip
from convoys.queries.routes import route_positions
from convoys.replay import History, in_force, replay
from convoys.services.alerting.clocks import schedule
from convoys.services.alerting.policies import Ladders
from convoys.services.alerting.redating import clock_of
from convoys.services.changes import Correct, Record, Step
from convoys.services.drafting import Draft, draft_claim, draft_event, effective_at
from convoys.services.intervals import intervals_of
from convoys.services.ledger import SALT_BYTES
from convoys.services.revising import corrected_event, is_same_period, retraction_of
from convoys.vocabulary import State


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


def generate(convoys: int, seed: int, writer: Writer) -> Iterator[list[Model]]:
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

    def write(self, told: Told, step: Step, now: datetime) -> list[Model]:
        """The rows of one change set."""
        drafts = self._drafts(told, step, now)
        change_set = ChangeSet(
            uuid=uuid.UUID(bytes=self.chance.randbytes(16), version=4),
            contents_digest=hashlib.sha256(repr(step).encode()).hexdigest(),
            author=self.chance.choice(self.world.officers),
            door="admin",
            recorded_at=now,
        )
        rows: list[Model] = [change_set]
        event = drafts[0].row
        for draft in drafts:
            row = draft.row
            row.sequence = self.size + 1
            row.chain = row.chain or row.sequence
            row.change_set, row.author = change_set, change_set.author
            row.recorded_at = row.known_from = self.time = now
            if isinstance(row, Claim):
                row.target_event_id = event.chain
            else:
                row.convoy = told.row
            rows += [row, *self._hash(draft)]
        change_set.sequences = [[draft.row.sequence for draft in drafts]]
        told.events.append(drafts[0].row)
        told.sequences.append(drafts[0].row.sequence)
        return rows

    def finish(self, told: Told) -> list[Model]:
        """The convoy's row with all that is projected from its history."""
        convoy, history = told.row, replay(in_force(told.events), self.routes, strict=True)
        registered = next(step.event.recorded_at for step in history.steps if step.kind == "registered")
        columns = projection.projected_columns(history)
        convoy.__dict__.update(columns, registered_at=registered, newest_entry=told.sequences[-1])
        return [
            convoy,
            *projection.cargo_lines(convoy, history),
            *projection.organisations(convoy, history),
            *intervals_of(convoy, told.events, self.routes),
            *self._deadlines(convoy, history),
        ]

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

    def _drafts(self, told: Told, step: Step, now: datetime) -> list[Draft[Event] | Draft[Claim]]:
        resolver = self.world.resolver
        if isinstance(step, Record):
            event = draft_event(step, told.row, resolver, now, 0)
            event.row.effective_at = effective_at(event.row, in_force(told.events))
            accounts = [draft_claim(one, {}, resolver, now, 0, event.row.audience) for one in step.claims]
            return [event, *accounts]
        row = next(event for event in told.events if event.sequence == step.sequence)
        if not isinstance(step, Correct):
            return [retraction_of(row, step, 0)]
        event = corrected_event(row, step, told.row, resolver, now, 0)
        others = [other for other in in_force(told.events) if other.chain != row.chain]
        moved = not is_same_period(event.row, row)
        event.row.effective_at = effective_at(event.row, others) if moved else row.effective_at
        return [event]

    def _hash(self, draft: Draft[Event] | Draft[Claim]) -> list[Model]:
        """The entry with its words and the inner nodes that it closes."""
        row = draft.row
        entry_type = EntryType.EVENT if isinstance(row, Event) else EntryType.CLAIM
        groups = groups_of(entry_type, _columns(row, entry_type), draft.words)
        salts = {name: self.chance.randbytes(SALT_BYTES) for name in groups}
        digests = {name: group_digest(salts[name], fields) for name, fields in groups.items()}
        leaf = entry_leaf(entry_type, digests)
        self.frontier, closed = merkle.append(self.size, self.frontier, leaf)
        self.size += 1
        return [
            Words(sequence=row.sequence, salt=salts["words"], fields=draft.words),
            LedgerEntry(
                sequence=row.sequence,
                type=entry_type,
                open_salt=salts["open"],
                detail_salt=salts["detail"],
                words_digest=digests["words"],
                leaf_hash=leaf,
            ),
            *(LedgerNode(level=level, index=index, hash=value) for level, index, value in closed),
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


def _columns(row: Event | Claim, entry_type: str) -> Row:
    """The columns that are hashed, as they would be read back."""
    related = {"author__public_id": row.author.public_id if row.author else None}
    if isinstance(row, Event):
        related["convoy__reference"] = row.convoy.reference if row.convoy else None
    named = row.__dict__
    return {column: related[column] if column in related else named.get(column) for column in COLUMNS[entry_type]}

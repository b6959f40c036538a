"""The one write path: change sets go in, the record grows, and nothing else moves a convoy.

`apply` does, in one transaction:
1. locks the subjects in one fixed order, checks that the author may and has seen the newest entry;
2. drafts events and claims, replays each convoy strictly on full knowledge, refuses what cannot stand;
3. locks the ledger head, last of all locks, and reads the clock under it;
4. inserts rows and words, reads them back, hashes them into the ledger;
5. updates projections, state intervals and deadlines.

A change set whose UUID was written before comes back with its first result.

When two write at once about one subject, the second waits for the first and is then told of the
newer entry. A change set is written whole or not at all.
"""

from __future__ import annotations

import hashlib
from typing import NoReturn

import orjson
from django.db import IntegrityError, OperationalError, transaction
from django.utils.crypto import salted_hmac

from convoys.errors import AlreadySent, Busy, Conflict, ConvoyError, InvalidInput
from convoys.models import ChangeSet as ChangeSetRow
from convoys.models import Claim, ControlPoint, Convoy
from convoys.queries.ledger_rows import MODELS, Rows, read_back, returned, words_read_back
from convoys.queries.statements import Batch
from convoys.services.assembly import Assembly, Work
from convoys.services.authority import check_accounts, check_author
from convoys.services.changes import ChangeSet, Record, Written
from convoys.services.deadlines import Clocks
from convoys.services.documents import keep
from convoys.services.intervals import known_intervals, project_intervals
from convoys.services.ledger import OpenHead, append_entries, lock_head, save_words
from convoys.services.projecting import (
    note_mention,
    project_control_point,
    project_convoy,
    project_declaration,
    project_visibility,
)
from convoys.services.writes import Writes

MOST_STEPS = 500


def apply(change_set: ChangeSet) -> Written:
    """Write a change set. Raises a subclass of ConvoyError, and then nothing was written."""
    if not 1 <= len(change_set.steps) <= MOST_STEPS:
        raise InvalidInput({"steps": f"A change set holds from 1 to {MOST_STEPS} steps."})
    digest = _contents_digest(change_set)
    try:
        with transaction.atomic(durable=True):
            return _write(change_set, digest)
    except (ConvoyError, IntegrityError, OperationalError) as error:
        # One that is sent again stumbles over its own first writing, if over nothing else at its UUID.
        if (first := _written_before(change_set, digest)) is not None:
            return first
        return _refuse(change_set, error)


def _refuse(change_set: ChangeSet, error: Exception) -> NoReturn:
    """Raise what the author can make sense of."""
    if isinstance(error, IntegrityError):  # two registered the same reference at once: the other was first
        taken = next(
            (step.subject.code for step in change_set.steps if isinstance(step, Record)), "This convoy"
        )
        raise Conflict(taken) from None
    if isinstance(error, OperationalError) and "lock" in str(error):
        raise Busy from error
    raise error


def _write(change_set: ChangeSet, digest: str) -> Written:
    assembly = Assembly(change_set)
    assembly.lock()
    check_author(change_set, assembly.targets)
    check_accounts(change_set)
    assembly.check_seen()
    assembly.draft()
    assembly.replay()
    batch = Batch()
    moved = _Moved(assembly, batch)
    head = lock_head(batch)
    writes = Writes()
    written, rows = _insert(assembly, writes, head, digest)
    append_entries(writes, head, rows)
    moved.project(writes, head)
    writes.run()
    return written


def _contents_digest(change_set: ChangeSet) -> str:
    contents = {
        "author": change_set.author.pk if change_set.author else None,
        "backfilled": change_set.backfilled,
        "steps": [{type(step).__name__: step} for step in change_set.steps],
    }
    try:
        text = orjson.dumps(contents, default=_plain, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # a figure beyond all bounds, half a character: what is refused anyway is told as such
        text = repr(contents).encode(errors="replace")
    # Keyed: the digest outlives the words when they are erased, and must not let them be guessed.
    return salted_hmac("convoys.contents", text, algorithm="sha256").hexdigest()


def _plain(value: object) -> str:
    """A value that JSON has no form for; of a kept file its digest says all."""
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else str(value)


def _written_before(change_set: ChangeSet, digest: str) -> Written | None:
    row = ChangeSetRow.objects.filter(pk=change_set.uuid).first()
    if row is None:
        return None
    if row.contents_digest != digest:
        raise AlreadySent
    return Written(row.uuid, row.sequences, is_repeat=True)


def _insert(assembly: Assembly, writes: Writes, head: OpenHead, digest: str) -> tuple[Written, Rows]:
    """Number the drafts, date them by the clock read under the lock, and write their rows.

    They come back as they are stored, since what was meant ("19") may not be that ("19.000").
    """
    change_set = assembly.change_set
    numbers: dict[int, int] = {}
    sequences: list[list[int]] = [[] for _ in change_set.steps]
    for draft in assembly.drafts:
        row = draft.row
        numbers[row.sequence] = head.next_sequence()
        row.sequence = numbers[row.sequence]
        row.chain = numbers.get(row.chain, row.chain)
        row.change_set_id = change_set.uuid
        row.author = change_set.author
        row.recorded_at = head.now
        known = draft.known_from if change_set.backfilled else None
        row.known_from = min(known, head.now) if known else head.now
        if draft.follows is not None and isinstance(row, Claim):
            row.target_event_id = draft.follows.row.chain
        sequences[draft.step].append(row.sequence)
    submission = {
        "uuid": change_set.uuid,
        "contents_digest": digest,
        "author_id": change_set.author.pk if change_set.author else None,
        "door": change_set.door,
        "recorded_at": head.now,
        "sequences": sequences,
    }
    writes.insert(ChangeSetRow, [submission])
    inserted = {}
    for kind, model in MODELS.items():
        rows = [draft.row for draft in assembly.drafts if isinstance(draft.row, model)]
        inserted[kind] = rows, writes.insert(model, rows, returned(kind))
    words = save_words(writes, ((draft.row.sequence, draft.words) for draft in assembly.drafts))
    writes.run()
    keep((draft.file for draft in assembly.drafts if draft.file is not None), head.now)
    of_type = {kind: read_back(kind, rows, found) for kind, (rows, found) in inserted.items()}
    return Written(change_set.uuid, sequences), Rows(of_type, words_read_back(words))


class _Moved:
    """What follows from the record: projections, state intervals and clocks of the subjects."""

    def __init__(self, assembly: Assembly, batch: Batch) -> None:
        """Lets what it must know of them wait in the batch, before the ledger head is locked."""
        self._routes = assembly.routes
        self._works = [work for work in assembly.works.values() if work.new_events]
        works = [work for work in assembly.works.values() if not work.new_events]
        self._only_mentioned = [work.row for work in works if isinstance(work.row, Convoy)]
        convoys = [(work.row, work.after) for work in self._works if isinstance(work.row, Convoy)]
        self._clocks = Clocks(convoys, batch)
        self._known = {convoy.pk: batch.add(known_intervals(convoy)) for convoy, _ in convoys}

    def project(self, writes: Writes, head: OpenHead) -> None:
        for convoy in self._only_mentioned:
            note_mention(writes, convoy, head.last_sequence)
        for work in self._works:
            newest = max(event.sequence for event in work.new_events)
            if isinstance(work.row, Convoy):
                self._project_convoy(work, work.row, newest, writes, head)
            elif isinstance(work.row, ControlPoint):
                project_control_point(work.row, work.all_events, newest)
            else:
                type(work.row).objects.filter(pk=work.row.pk).update(newest_entry=newest)

    def _project_convoy(
        self, work: Work, convoy: Convoy, newest: int, writes: Writes, head: OpenHead
    ) -> None:
        project_convoy(writes, convoy, work.after, newest, head.last_sequence)
        project_declaration(convoy, work.before, work.after)
        project_visibility(writes, convoy, work.new_events, work.before, work.after)
        known = self._known[convoy.pk]
        project_intervals(writes, convoy, work.events, work.new_events, work.after, self._routes, known)
        self._clocks.move(writes, convoy, work.new_events, head.now)

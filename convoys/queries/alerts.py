"""What an alert mail tells: each episode as the record gives it now, for one pair of eyes.

Read for a whole batch of messages at once: so many statements for a thousand episodes and readers as
for one. What is inferred comes from the whole record; entries, accounts, and how a hold ended, are
those that this reader may see.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from convoys.models import CargoLine, Claim, ControlPoint, Convoy, Deadline, Event, Place
from convoys.queries.accounts import Account, assembled, spoken_in
from convoys.queries.mailed_record import MailedRecord
from convoys.queries.neighbours import Neighbours
from convoys.queries.visibility import Viewer
from convoys.replay import Episode, in_force
from convoys.vocabulary import Act

MOST_NEIGHBOURS = 12


@dataclass
class AccessTold:
    """Whether a control point lets traffic pass, since when, and who says so; `event` None where no
    report that this reader may see says."""

    point: ControlPoint
    event: Event | None = None
    accounts: list[Account] = field(default_factory=list)


@dataclass
class EpisodeTold:
    """One episode: what opened it, what ended it if this reader may know, who says so.

    `entries` are all of the convoy's that this reader may read, in order of recording; `access` is
    that of the control point which it is held before.
    """

    deadline: Deadline
    convoy: Convoy
    opening: Event
    episode: Episode | None = None
    closing: Event | None = None
    ended: str = ""
    is_end_inferred: bool = False
    last_report: Event | None = None
    sponsors: list[str] = field(default_factory=list)
    cargo: list[CargoLine] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    accounts_of_end: list[Account] = field(default_factory=list)
    entries: list[Event] = field(default_factory=list)
    access: AccessTold | None = None


class Episodes:
    """Episodes as their readers are told them, kept for the batch whose messages are written.

    `neighbours` may be older than the batch: they know by the ledger's size whether they still hold.
    """

    def __init__(self, neighbours: Neighbours | None = None) -> None:
        self._record = MailedRecord()
        self._neighbours = neighbours or Neighbours()
        self._told: dict[tuple[Viewer, int], EpisodeTold | None] = {}
        self._size = 0

    def load(self, wanted: Mapping[Viewer, Iterable[Deadline]], size: int) -> None:
        """Read what these readers are to be told of, as far as it is not at hand yet.

        `size` is the ledger's, read before.
        """
        self._size = size
        missing = {
            viewer: new
            for viewer, rows in wanted.items()
            if (new := {row.pk: row for row in rows if (viewer, row.pk) not in self._told})
        }
        rows = {pk: row for new in missing.values() for pk, row in new.items()}
        if not rows:
            return
        self._record.load({row.convoy_id for row in rows.values()})
        self._neighbours.load({row.held_before_id for row in rows.values() if row.held_before_id}, size)
        telling = _Telling(self._record, list(rows.values()))
        for viewer, new in missing.items():
            for pk, row in new.items():
                self._told[viewer, pk] = telling.told(row, viewer)

    def told(self, deadlines: Sequence[Deadline], viewer: Viewer) -> dict[int, EpisodeTold]:
        """By the deadline's key; an episode whose opening this reader may not see is missing."""
        self.load({viewer: deadlines}, self._size)
        found = {row.pk: self._told[viewer, row.pk] for row in deadlines}
        return {pk: told for pk, told in found.items() if told is not None}

    def episode_at(self, row: Deadline, at: datetime) -> Episode | None:
        """The hold of this clock, which was loaded, by what was on record at that instant of ours."""
        history = self._record.history_at(row.convoy_id, at)
        return next((one for one in history.episodes if one.opening.chain == row.opening_chain), None)

    def may_read(self, viewer: Viewer, event: Event) -> bool:
        """Whether this reader may see an event of a convoy that was loaded."""
        return self._record.sight.reads_event(viewer, event.chain)

    def place(self, code: str | None) -> Place | None:
        """One that a record names which was loaded."""
        return self._record.places.get(code or "")

    def also_held(self, viewer: Viewer, near: Collection[EpisodeTold]) -> list[Convoy]:
        """Other convoys that this reader sees held before the same control points, longest first."""
        points = {one.deadline.held_before_id for one in near if one.deadline.held_before_id}
        if not points:
            return []
        own = {one.convoy.pk for one in near}
        is_exercise = next(iter(near)).convoy.is_exercise
        return self._neighbours.longest_held(viewer, points, is_exercise, own, MOST_NEIGHBOURS)


class _Telling:
    """Some episodes, with the accounts of how they began and ended, for any reader."""

    def __init__(self, record: MailedRecord, rows: Sequence[Deadline]) -> None:
        self._record, self._sight = record, record.sight
        self._openings = {row.pk: _opening(row, record.entries.get(row.convoy_id, ())) for row in rows}
        self._episodes = {row.pk: self._episode(row) for row in rows}
        chains = {opening.chain for opening in self._openings.values() if opening is not None}
        chains |= {
            episode.closing.chain
            for episode in self._episodes.values()
            if episode is not None and episode.closing is not None
        }
        points = {row.held_before_id for row in rows if row.held_before_id is not None}
        self._changes = _newest_last(record.load_access(points))
        chains |= {change.chain for changes in self._changes.values() for change in changes}
        claims = record.load_claims(chains)
        self._spoken = spoken_in(claims)
        self._claims = _by_event(claims)
        self._assembled: dict[tuple[object, ...], list[Account]] = {}
        self._access: dict[tuple[Viewer, str], AccessTold] = {}

    def told(self, row: Deadline, viewer: Viewer) -> EpisodeTold | None:
        """None where this reader may not see what opened it."""
        opening, episode = self._openings[row.pk], self._episodes[row.pk]
        if opening is None or not self._sight.reads_event(viewer, opening.chain):
            return None
        pk, record = row.convoy_id, self._record
        told = EpisodeTold(
            row, record.convoys[pk], opening, episode, last_report=record.histories[pk].facts.last_report,
            sponsors=record.sponsors.get(pk, []), cargo=record.cargo.get(pk, []),
        )  # fmt: skip
        closing = episode.closing if episode is not None else None
        if episode is not None and closing is not None:
            told.is_end_inferred = episode.is_end_inferred
            if self._sight.reads_event(viewer, closing.chain):
                told.closing, told.ended = closing, episode.ended
                told.accounts_of_end = self._accounts(viewer, closing.chain)
        told.accounts = self._accounts(viewer, opening.chain)
        told.entries = self._entries(row, viewer)
        if row.held_before_id in record.points:
            told.access = self._access_of(viewer, row.held_before_id)
        return told

    def _episode(self, row: Deadline) -> Episode | None:
        history = self._record.histories.get(row.convoy_id)
        episodes = history.episodes if history is not None else ()
        return next((one for one in episodes if one.opening.chain == row.opening_chain), None)

    def _entries(self, row: Deadline, viewer: Viewer) -> list[Event]:
        entries = self._record.entries[row.convoy_id]
        if viewer.is_staff:
            return entries
        seen = {chain for chain in {one.chain for one in entries} if self._sight.reads_event(viewer, chain)}
        return [entry for entry in entries if entry.chain in seen]

    def _accounts(self, viewer: Viewer, event: int) -> list[Account]:
        """Of one chain of events the accounts that stand; readers of the same claims share them."""
        claims = self._claims.get(event, [])
        seen = claims if viewer.is_staff else [one for one in claims if self._reads(viewer, one)]
        key = (viewer.is_staff, event, *(claim.sequence for claim in seen))
        if key not in self._assembled:
            accounts = assembled(viewer, seen, self._spoken)
            self._assembled[key] = [account for account in accounts if not account.is_retracted]
        return self._assembled[key]

    def _reads(self, viewer: Viewer, claim: Claim) -> bool:
        return self._sight.reads_claim(viewer, claim.sequence)

    def _access_of(self, viewer: Viewer, point: str) -> AccessTold:
        """As the last report in force says that this reader may see."""
        key = (viewer, point)
        if key not in self._access:
            changes = reversed(self._changes.get(point, ()))
            event = next((one for one in changes if self._sight.reads_event(viewer, one.chain)), None)
            accounts = self._accounts(viewer, event.chain) if event is not None else []
            self._access[key] = AccessTold(self._record.points[point], event, accounts)
        return self._access[key]


def _opening(row: Deadline, entries: Iterable[Event]) -> Event | None:
    """The opening as last stated; of a retracted one, as it was stated before."""
    stated = [entry for entry in entries if entry.chain == row.opening_chain and entry.act != Act.RETRACT]
    return stated[-1] if stated else None


def _newest_last(entries: Iterable[Event]) -> dict[str, list[Event]]:
    """By control point: its changes of access that stand, in order."""
    changes: dict[str, list[Event]] = defaultdict(list)
    for event in in_force(entries):
        changes[event.control_point_id or ""].append(event)
    return changes


def _by_event(claims: Sequence[Claim]) -> dict[int, list[Claim]]:
    """By chain of the event that they are about in the end, answers after what they answer."""
    event_of = {claim.chain: claim.target_event_id for claim in claims if claim.target_event_id is not None}
    by_event: dict[int, list[Claim]] = defaultdict(list)
    for claim in claims:
        by_event[claim.target_event_id or event_of[claim.target_claim_id or 0] or 0].append(claim)
    return by_event

"""A subject's whole record as the desk reads it: every entry with its accounts, retracted ones too.

Staff see all, so nothing here is narrowed; doors check the role first. Of another day it tells what
was so then, by the entries known then. A fixed number of queries,
however long the record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from accounts.models import Organisation
from convoys.models import Claim, Convoy, Event
from convoys.queries.as_of import Moment, known_then
from convoys.queries.contested import contested_points
from convoys.queries.history import Subject, claims_of, events_of, words_of
from convoys.queries.late import is_late_reported
from convoys.queries.routes import route_positions
from convoys.queries.visibility import Viewer
from convoys.replay import History, Step, in_force, replay
from convoys.vocabulary import Act

DESK = Viewer(is_staff=True)
LAST_DAY = date.max
NOW = Moment()


@dataclass
class Account:
    """One chain of claims as it stands, with its words, what it replaced, and the answers to it.

    `words_erased` where an administrator took the words out.
    """

    claim: Claim
    words: Mapping[str, Any]
    speaker: str
    publisher: str
    holders: list[str]
    answers: list[Account] = field(default_factory=list)
    earlier: list[Account] = field(default_factory=list)
    reason: str = ""
    words_erased: bool = False

    @property
    def is_retracted(self) -> bool:
        return bool(self.claim.act == Act.RETRACT)

    @property
    def causes(self) -> Sequence[str]:
        return self.claim.alleged_causes or ()

    @property
    def order(self) -> tuple[date, str, int]:
        return (self.claim.said_on or LAST_DAY, self.speaker.casefold(), self.claim.sequence)


@dataclass
class Line:
    """One line of a subject's record: an event's chain as it stands, or a step that it implies."""

    event: Event
    kind: str
    before: str = ""
    after: str = ""
    is_inferred: bool = False
    words: Mapping[str, Any] = field(default_factory=dict)
    accounts: list[Account] = field(default_factory=list)
    contested: tuple[str, ...] = ()
    earlier: list[Line] = field(default_factory=list)
    reason: str = ""
    is_late: bool = False
    words_erased: bool = False

    @property
    def is_retracted(self) -> bool:
        return bool(self.event.act == Act.RETRACT)


@dataclass
class Told:
    """A subject's record, newest first, and the accounts of the subject itself (figures, operators).

    `contested` is what the latter contradict each other on, of a control point or an agreement.
    """

    lines: list[Line]
    accounts: list[Account]
    history: History | None
    contested: tuple[str, ...] = ()


def record_of(subject: Subject, moment: Moment = NOW) -> Told:
    """The record of a convoy, control point or agreement at a moment, retracted entries included."""
    events = _of_the_day(
        known_then(events_of(subject, DESK), moment).prefetch_related(
            "place__names", "held_before__place__names", "heading__names"
        ),
        moment,
    )
    claims = list(known_then(claims_of(subject, DESK), moment).prefetch_related("alleged_place__names"))
    words = words_of([event.sequence for event in events] + [claim.sequence for claim in claims])
    by_event, direct = _accounts(claims, words)
    standing = in_force(events)
    history = replay(standing, route_positions()) if isinstance(subject, Convoy) else None
    lines = _lines(standing, history, words)
    chains = _chains(events)
    lines += [_retracted(chain, words) for chain in chains.values() if chain[-1].act == Act.RETRACT]
    for line in lines:
        if line.is_inferred:
            continue
        replaced = chains[line.event.chain][: -2 if line.is_retracted else -1]
        line.is_late = is_late_reported(line.event, chains[line.event.chain][0].known_from)
        line.earlier = [
            Line(
                event,
                event.kind,
                words=words.get(event.sequence, {}),
                words_erased=event.sequence not in words,
            )
            for event in replaced
        ]
        line.words_erased = _is_erased(chains[line.event.chain], words)
        line.reason = str(words.get(line.event.sequence, {}).get("reason", ""))
        line.accounts = by_event.get(line.event.chain, [])
        line.contested = _contested(line.accounts, words, line.event)
    lines.sort(key=lambda line: (line.event.effective_at, line.event.chain), reverse=True)
    return Told(lines, direct, history, () if history else _contested(direct, words))


def _of_the_day(entries: Iterable[Event], moment: Moment) -> list[Event]:
    """Of the entries known then, those of chains that had happened by then, as they stood."""
    events = list(entries)
    if moment.as_of is None:
        return events
    last = {event.chain: event for event in events}
    happened = {chain for chain, event in last.items() if event.effective_at <= moment.as_of}
    return [event for event in events if event.chain in happened]


def _lines(
    standing: Sequence[Event], history: History | None, words: Mapping[int, Mapping[str, Any]]
) -> list[Line]:
    steps = history.steps if history else [Step(event, event.kind, False, "", "") for event in standing]
    return [
        Line(
            s.event,
            s.kind,
            s.before,
            s.after,
            s.is_inferred,
            {} if s.is_inferred else words.get(s.event.sequence, {}),
        )
        for s in reversed(steps)
    ]


def _chains(events: Iterable[Event]) -> dict[int, list[Event]]:
    chains: dict[int, list[Event]] = {}
    for event in events:
        chains.setdefault(event.chain, []).append(event)
    return chains


def _is_erased(chain: Sequence[Event] | Sequence[Claim], words: Mapping[int, Mapping[str, Any]]) -> bool:
    """Whether the entry that a chain is read by has lost its words: of a retracted one the entry before."""
    last = chain[-1]
    return (chain[-2] if last.act == Act.RETRACT and len(chain) > 1 else last).sequence not in words


def _retracted(chain: list[Event], words: Mapping[int, Mapping[str, Any]]) -> Line:
    """A chain that was taken back: shown as it read before."""
    last = chain[-1]
    before = words.get(chain[-2].sequence, {}) if len(chain) > 1 else {}
    return Line(last, last.kind, words=before)


def _accounts(
    claims: Iterable[Claim], words: Mapping[int, Mapping[str, Any]]
) -> tuple[dict[int, list[Account]], list[Account]]:
    """Accounts by the event chain they are about, and those about the subject itself, oldest said first."""
    chains: dict[int, list[Claim]] = {}
    for claim in sorted(claims, key=lambda claim: claim.sequence):
        chains.setdefault(claim.chain, []).append(claim)
    names = _names(claims, words)
    accounts = {chain: _account(entries, words, names) for chain, entries in chains.items()}
    by_event: dict[int, list[Account]] = defaultdict(list)
    direct: list[Account] = []
    for account in accounts.values():
        claim = account.claim
        if claim.target_claim_id in accounts:
            accounts[claim.target_claim_id].answers.append(account)
        elif claim.target_claim_id is not None:
            continue  # what it answers was not known then, so neither is the answer shown
        elif claim.target_event_id is not None:
            by_event[claim.target_event_id].append(account)
        else:
            direct.append(account)
    for group in [*by_event.values(), direct, *(account.answers for account in accounts.values())]:
        group.sort(key=lambda account: account.order)
    return by_event, direct


def _names(claims: Iterable[Claim], words: Mapping[int, Mapping[str, Any]]) -> dict[str, str]:
    codes = {code for claim in claims for code in claim.alleged_holders}
    for said in words.values():
        codes.update(said[key] for key in ("speaker_organisation", "publisher_organisation") if key in said)
    return dict(Organisation.objects.filter(code__in=codes).values_list("code", "name"))


def _account(
    entries: list[Claim], words: Mapping[int, Mapping[str, Any]], names: Mapping[str, str]
) -> Account:
    last = entries[-1]
    taken_back = last.act == Act.RETRACT and len(entries) > 1
    said = words.get(entries[-2].sequence if taken_back else last.sequence, {})

    def named(key: str) -> str:
        code = said.get(f"{key}_organisation", "")
        return names.get(code, code) or str(said.get(key, ""))

    return Account(
        claim=last,
        words=said,
        speaker=named("speaker"),
        publisher=named("publisher"),
        holders=[names.get(code, code) for code in last.alleged_holders],
        earlier=[_account([entry], words, names) for entry in entries[: -2 if taken_back else -1]],
        reason=str(words.get(last.sequence, {}).get("reason", "")),
        words_erased=_is_erased(entries, words),
    )


def _contested(
    accounts: Iterable[Account], words: Mapping[int, Mapping[str, Any]], event: Event | None = None
) -> tuple[str, ...]:
    said = [one for account in accounts for one in (account, *account.answers)]
    return contested_points([one.claim for one in said if not one.is_retracted], words, event)

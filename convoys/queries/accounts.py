"""Claims as accounts: who says what about an entry, each with its words, its corrections and answers.

Accounts stand oldest first by the day they were said, then by name; none is preferred or merged.
Of each chain the last entry is the account; what it replaced stays readable beneath it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from accounts.models import Organisation
from convoys.models import Agreement, Claim, ControlPoint, Convoy, Event
from convoys.queries.as_of import Moment, known_then
from convoys.queries.contested import contested_points, convoy_points, speaker_of
from convoys.queries.history import Subject, words_of
from convoys.queries.visibility import Viewer, visible_claims, withholds_source
from convoys.vocabulary import Act

NOT_SAID = date.max
CODES = ("speaker_organisation", "publisher_organisation")
TARGETS = {Convoy: "target_convoy", ControlPoint: "target_control_point", Agreement: "target_agreement"}


@dataclass
class Account:
    """One speaker's account. `claim` is the newest entry of its chain, `words` that entry's words.

    `speaker` is empty where the source is confidential for this viewer; `words_erased` where an
    administrator took the words out. `said_by` tells speakers apart and is never shown.
    """

    claim: Claim
    words: Mapping[str, Any]
    speaker: str
    publisher: str
    holders: list[str]
    is_masked: bool
    words_erased: bool = False
    said_by: str = ""
    earlier: list[Account] = field(default_factory=list)
    answers: list[Account] = field(default_factory=list)

    @property
    def is_retracted(self) -> bool:
        return bool(self.claim.act == Act.RETRACT)

    @property
    def order(self) -> tuple[date, str, int]:
        return (self.claim.said_on or NOT_SAID, self.speaker.casefold(), self.claim.sequence)


def accounts_on(
    viewer: Viewer,
    *,
    events: Iterable[int] = (),
    subject: Subject | None = None,
    moment: Moment | None = None,
) -> list[Account]:
    """Every account that this viewer may read on these event chains, and on the subject itself (a
    convoy's items, who operates a control point, an agreement), as known then.

    Answers (claims on claims) hang under the account they answer. A fixed number of queries.
    """
    visible = visible_claims(viewer).select_related("alleged_place", "alleged_convoy")
    visible = visible.prefetch_related("alleged_place__names")
    visible = known_then(visible, moment or Moment())
    about = visible.filter(target_event__in=list(events))
    if subject is not None:
        about = about | visible.filter(**{TARGETS[type(subject)]: subject})
    claims = list(about.order_by("sequence"))
    answers = list(visible.filter(target_claim__in={claim.chain for claim in claims}).order_by("sequence"))
    claims += answers
    return assembled(viewer, claims, spoken_in(claims))


def contested_by_chain(
    accounts: Sequence[Account], events: Mapping[int, Event] | None = None
) -> dict[int, tuple[str, ...]]:
    """What the accounts of each event chain contradict each other on; chains without contest are missing."""
    by_chain: dict[int, list[Account]] = {}
    for account in accounts:
        if account.claim.target_event_id is not None:
            by_chain.setdefault(account.claim.target_event_id, []).append(account)
    found = {}
    for chain, heap in by_chain.items():
        points = contested_points(*_standing(heap), (events or {}).get(chain))
        if points:
            found[chain] = points
    return found


def contested_of_convoy(accounts: Iterable[Account]) -> tuple[str, ...]:
    """What the accounts of one convoy, of its events and its items, contradict each other on beyond
    single events: figures, links, items that are denied."""
    return convoy_points(*_standing(accounts))


def contested_of_itself(accounts: Iterable[Account]) -> tuple[str, ...]:
    """What the accounts of a control point or an agreement itself contradict each other on."""
    return contested_points(*_standing(accounts))


def _standing(accounts: Iterable[Account]) -> tuple[list[Claim], dict[int, dict[str, str]]]:
    """The claims that were not taken back, answers included, and who speaks in each."""
    standing = [one for account in accounts for one in (account, *account.answers) if not one.is_retracted]
    return [one.claim for one in standing], {one.claim.sequence: {"speaker": one.said_by} for one in standing}


@dataclass(frozen=True)
class Spoken:
    """The words of some claims, and our names of the organisations that they name by code."""

    words: Mapping[int, Mapping[str, Any]]
    names: Mapping[str, str]


def spoken_in(claims: Collection[Claim]) -> Spoken:
    """What is said in these claims. Two queries."""
    words = words_of(claim.sequence for claim in claims)
    return Spoken(words, _names(claims, words))


def assembled(viewer: Viewer, claims: Iterable[Claim], spoken: Spoken) -> list[Account]:
    """Claims that this viewer may read, whole chains in order of recording, as accounts."""
    by_chain: dict[int, list[Account]] = {}
    for claim in claims:
        said = spoken.words.get(claim.sequence)
        by_chain.setdefault(claim.chain, []).append(_account(viewer, claim, said, spoken.names))
    newest: dict[int, Account] = {}
    for chain, entries in by_chain.items():
        newest[chain] = entries[-1]
        entries[-1].earlier = entries[:-1]
    top: list[Account] = []
    for account in newest.values():
        target = newest.get(account.claim.target_claim_id or 0)
        (target.answers if target is not None else top).append(account)
    for account in newest.values():
        account.answers.sort(key=lambda answer: answer.order)
    return sorted(top, key=lambda account: account.order)


def _names(claims: Collection[Claim], words: Mapping[int, Mapping[str, Any]]) -> dict[str, str]:
    """Our neutral names of every organisation that is named by code."""
    codes = {str(said[key]) for said in words.values() for key in CODES if key in said}
    codes |= {code for claim in claims for code in claim.alleged_holders}
    return dict(Organisation.objects.filter(code__in=codes).values_list("code", "name"))


def _account(
    viewer: Viewer, claim: Claim, stored: Mapping[str, Any] | None, names: Mapping[str, str]
) -> Account:
    masked = withholds_source(viewer, claim)
    words = {} if masked or stored is None else stored
    return Account(
        claim=claim,
        words=words,
        speaker=_named(words, "speaker", names),
        publisher=_named(words, "publisher", names),
        holders=[names.get(code, code) for code in claim.alleged_holders],
        is_masked=masked,
        words_erased=stored is None and not masked,
        said_by=speaker_of(stored or {}),
    )


def _named(words: Mapping[str, Any], role: str, names: Mapping[str, str]) -> str:
    """Our name of the organisation, or the free name that was given."""
    code = str(words.get(f"{role}_organisation", ""))
    return names.get(code, code) if code else str(words.get(role, ""))

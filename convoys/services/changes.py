"""What a door asks for: change sets, in codes and plain values.

    ChangeSet(
        author=officer,
        steps=[Record(convoy("KB23-06"), "held", When.parse("2023-09-10T10:00", zone), place="barda",
                      claims=[Account(speaker="ru_red_cross", speaker_kind="carrier_staff", ...)])],
        seen={convoy("KB23-06"): 41},
    )

Nothing here touches the database; `timeline.apply` resolves, checks and writes.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from accounts.models import User
from convoys.errors import InvalidInput
from convoys.vocabulary import Audience, Bound, Precision, Stance, SubjectType

Tonnes = Decimal | None


@dataclass(frozen=True, order=True)
class SubjectRef:
    """A convoy by its reference, a control point by its place's code, an agreement by its code."""

    type: str
    code: str

    def __str__(self) -> str:
        return self.code


def convoy(reference: str) -> SubjectRef:
    return SubjectRef(SubjectType.CONVOY, reference)


def control_point(code: str) -> SubjectRef:
    return SubjectRef(SubjectType.CONTROL_POINT, code)


def agreement(code: str) -> SubjectRef:
    return SubjectRef(SubjectType.AGREEMENT, code)


@dataclass(frozen=True)
class When:
    """The first instant of the period named (aware), how exact it is, and the words as printed."""

    at: datetime
    precision: str = Precision.MINUTE
    bound: str = Bound.AT
    as_printed: str = ""

    @classmethod
    def parse(cls, text: str, zone: ZoneInfo, **more: str) -> When:
        """Read `2023-09`, `2023-09-10`, `2023-09-10T10:00` as local time; the shape sets the precision.

        A local time that the zone's clock shows twice is taken as the first, one that it skips is
        an error. Raises InvalidInput on anything else.
        """
        shapes = (
            ("%Y-%m-%dT%H:%M", Precision.MINUTE),
            ("%Y-%m-%d", Precision.DAY),
            ("%Y-%m", Precision.MONTH),
        )
        for shape, precision in shapes:
            try:
                local = datetime.strptime(text, shape)
            except (ValueError, TypeError):
                continue
            return cls(in_zone(local, zone), **({"precision": precision} | more))
        raise InvalidInput({"occurred_at": "Give a date (2023-09-10) or a date and time (2023-09-10T10:00)."})


def in_zone(local: datetime, zone: ZoneInfo) -> datetime:
    """A naive local time as an instant in the zone; raises InvalidInput where the clock skips it."""
    try:
        at = local.replace(tzinfo=zone)
        exists = at.astimezone(ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None) == local
    except OverflowError:
        exists = False
    if not exists:
        raise InvalidInput({"occurred_at": f"The clock in {zone.key} never shows {local:%Y-%m-%d %H:%M}."})
    return at


@dataclass(frozen=True)
class FileToKeep:
    """A file or page copy that an account rests on. Two with the same bytes are one document."""

    name: str
    content: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class Account:
    """One speaker's claim. Speaker and publisher are organisation codes, or free names.

    `alleged_holders` and `alleged_causes` are codes; `alleged_place` a place code, or
    `alleged_place_words` where no place on record fits. `alleged_link` and `alleged_convoy` (its
    reference) say what a convoy is to another one; of the item `links` only, and needed there.
    `document` is the file itself, where it is to be kept.
    """

    speaker: str
    speaker_kind: str
    stance: str = Stance.REPORTS
    statement: str = ""
    is_verbatim: bool = False
    speaker_person: str = ""
    is_confidential: bool = False
    publisher: str = ""
    title: str = ""
    link: str = ""
    language: str = ""
    said_on: date | None = None
    reported_on: date | None = None
    alleged_holders: Sequence[str] = ()
    alleged_causes: Sequence[str] = ()
    alleged_when: When | None = None
    alleged_place: str = ""
    alleged_place_words: str = ""
    alleged_access: str = ""
    alleged_order: str = ""
    alleged_trucks: int | None = None
    alleged_tonnes_low: Tonnes = None
    alleged_tonnes_high: Tonnes = None
    alleged_link: str = ""
    alleged_convoy: str = ""
    document: FileToKeep | None = None
    audience: str | None = None


@dataclass(frozen=True)
class Record:
    """Something that happened. `when` defaults to now, to the minute.

    `tonnes_*` of a kind that accounts for cargo count what became of it, in good order: what came
    damaged or was refused stands beside them. `other_convoy` is a reference on record,
    `next_carrier` an organisation's code.
    `declares` maps items of the declaration to values as stored (see `declaration.py`);
    `visible_to` is "all_partners" or a list of organisation codes (of `visibility_changed`, and of
    `registered`, which then writes that entry with it). `is_exercise` counts for `registered` only.
    `claims` are the accounts written with it; `text` is the text of a note.
    """

    subject: SubjectRef
    kind: str
    when: When | None = None
    place: str = ""
    held_before: str = ""
    heading: str = ""
    decided_by: str = ""
    decided_by_organisation: str = ""
    access: str = ""
    loss_mode: str = ""
    trucks: int | None = None
    tonnes_low: Tonnes = None
    tonnes_high: Tonnes = None
    damaged_tonnes_low: Tonnes = None
    damaged_tonnes_high: Tonnes = None
    refused_tonnes_low: Tonnes = None
    refused_tonnes_high: Tonnes = None
    shortfall_reason: str = ""
    other_convoy: str = ""
    next_carrier: str = ""
    declares: Mapping[str, Any] = field(default_factory=dict)
    visible_to: str | Sequence[str] | None = None
    text: str = ""
    audience: str | None = None
    claims: Sequence[Account] = ()
    is_exercise: bool = False


@dataclass(frozen=True)
class Target:
    """What a claim is about: an event's or a claim's chain (by sequence), an item of a convoy's
    declaration, a control point, an agreement."""

    chain: int | None = None
    subject: SubjectRef | None = None
    item: str = ""


@dataclass(frozen=True)
class Claim:
    """One more account of something on record."""

    target: Target
    account: Account


@dataclass(frozen=True)
class Retract:
    """Take back an event or a claim, by the sequence of its newest entry. It stays readable."""

    sequence: int
    reason: str


@dataclass(frozen=True)
class Correct:
    """Replace what an entry says, by the sequence of its newest entry; the old stays readable.

    Of an event `contents` is the whole report as it should have been, of the same subject and
    kind (its `claims` are added to those on record); of a claim, the whole account.
    """

    sequence: int
    contents: Record | Account
    reason: str


Step = Record | Claim | Correct | Retract


@dataclass(frozen=True)
class ChangeSet:
    """One submission: all of it is written or nothing.

    `seen` holds, per subject, the sequence of the newest event that the author saw (None where
    there was none); a subject that is not in it is not checked, which is for imports only.
    `backfilled` marks history loaded by a coordinator or a command: it is known from the days of
    its documents. An `author` of None is the system itself (imports).
    """

    steps: Sequence[Step]
    author: User | None = None
    seen: Mapping[SubjectRef, int | None] = field(default_factory=dict)
    backfilled: bool = False
    door: str = "admin"
    uuid: uuid.UUID = field(default_factory=uuid.uuid4)


@dataclass(frozen=True)
class Written:
    """What a change set became: sequences of its events and claims, one list a step.

    Of a Record the first is the event, the rest its claims. `is_repeat` where the same UUID had
    been sent before.
    """

    uuid: uuid.UUID
    sequences: Sequence[Sequence[int]]
    is_repeat: bool = False


DEFAULT_AUDIENCE = {
    SubjectType.CONVOY: Audience.PARTIES,
    SubjectType.CONTROL_POINT: Audience.PARTNERS,
    SubjectType.AGREEMENT: Audience.PARTNERS,
}

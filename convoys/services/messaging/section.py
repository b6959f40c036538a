"""What a mail consists of: one part for each episode, in groups, and for whom it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from convoys.models import AlertResponse
from convoys.services.alerting.policies import Ladder
from convoys.services.messaging.phrases import Said

if TYPE_CHECKING:
    from convoys.services.messaging.corrected import Correction


class News(StrEnum):
    """What kind of news a part is, in the order in which a mail tells them."""

    HELD = "held"
    NOT_ENDED = "not_ended"
    CORRECTED = "corrected"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"
    SILENT = "silent"
    UNCONFIRMED = "unconfirmed"


class Fact(NamedTuple):
    """A line of the table; an unknown value is a word in italics."""

    label: str
    value: str
    is_unknown: bool = False


@dataclass(frozen=True)
class Access:
    """Whether a control point lets traffic pass: one word for a subject, a sentence, who says so."""

    code: str
    name: str
    word: str = ""
    sentence: str = ""
    accounts: tuple[Said, ...] = ()
    claim_keys: tuple[int, ...] = ()


@dataclass
class Section:
    """All that one episode's part of a mail shows, in plain words.

    `is_new` says that its reader was told nothing of the episode before; else `changes` are what
    became known since they were told last, and `told_at` is when that was.
    """

    reference: str
    url: str
    badge: str
    badge_label: str
    headline: str
    lead: str
    news: News = News.HELD
    facts: list[Fact] = field(default_factory=list)
    told_at: str = ""
    changes: list[str] = field(default_factory=list)
    accounts: list[Said] = field(default_factory=list)
    more_accounts: int = 0
    notes: list[str] = field(default_factory=list)
    convoy_key: int = 0
    claim_keys: list[int] = field(default_factory=list)
    how_long: str = ""
    where: str = ""
    since: str = ""
    how: str = ""
    silent_since: str = ""
    corrected: str = ""
    tonnage: str = ""
    tonnes: tuple[Decimal | None, Decimal | None] = (None, None)
    access: Access | None = None
    is_new: bool = True
    is_redated: bool = False
    is_brief: bool = False


@dataclass
class Group:
    """Parts that stand together: held before one control point, or one kind of news."""

    sections: list[Section]
    heading: str = ""
    access: Access | None = None


class Neighbour(NamedTuple):
    """Another convoy held before the same control point: which, for how long, with how much."""

    reference: str
    span: str
    tonnage: str


@dataclass(frozen=True)
class Mail:
    """All that a mail says, before it is printed as text and as HTML; in plain words, no markup.

    `preview` is what a mail program shows beside the subject. `links` is the address that unsubscribes,
    with which the others begin, and `reason` why its reader gets it: both are one person's.
    """

    subject: str
    preview: str
    language: str
    groups: Sequence[Group]
    neighbours: Sequence[Neighbour]
    neighbours_title: str
    ledger_size: int
    ledger_head: str
    links: str
    reason: str
    is_exercise: bool = False
    is_staff: bool = False
    may_quiet: bool = True


@dataclass(frozen=True)
class Frame:
    """Whose eyes, clock and moment a mail is written for."""

    zone: ZoneInfo
    is_staff: bool
    now: datetime


@dataclass(frozen=True)
class Beside:
    """What a part is written from beside the record: policy, corrections, who took charge, when its
    reader was told of the episode last, and how many accounts it has room for."""

    ladder: Ladder
    correction: Correction | None = None
    charges: Sequence[AlertResponse] = ()
    told_at: datetime | None = None
    most_accounts: int = 10

"""What one episode's part of a mail consists of, and for whom it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from convoys.services.messaging.phrases import Said


@dataclass(frozen=True)
class Fact:
    """A line of the table; an unknown value is a word in italics."""

    label: str
    value: str
    is_unknown: bool = False


@dataclass
class Section:
    """All that one episode's part of a mail shows, in plain words."""

    reference: str
    url: str
    badge: str
    badge_label: str
    headline: str
    lead: str
    facts: list[Fact] = field(default_factory=list)
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


@dataclass(frozen=True)
class Frame:
    """Whose eyes, clock and moment a mail is written for."""

    zone: ZoneInfo
    is_staff: bool
    now: datetime

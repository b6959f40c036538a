"""What a partner says, and the step of a change set that it would be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from convoys.clocks import instance_zone, zone_named
from convoys.errors import InvalidInput
from convoys.models import AccountOffered, Claim, Convoy, Event
from convoys.services import changes


@dataclass(frozen=True)
class Reply:
    """What a partner says, of an event or in answer to a claim: by the chain of exactly one.

    `happened` is local time of the event's place, as 2023-09-10 or 2023-09-10T10:00; tonnes are
    decimal strings. The rest as in `changes.Account`.
    """

    stance: str
    statement: str
    speaker_kind: str
    event: int | None = None
    claim: int | None = None
    person: str = ""
    title: str = ""
    link: str = ""
    language: str = ""
    said_on: date | None = None
    holders: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    happened: str = ""
    place: str = ""
    place_words: str = ""
    trucks: int | None = None
    tonnes_low: str | None = None
    tonnes_high: str | None = None


@dataclass(frozen=True)
class About:
    """What an account is about: the first entry of a chain, and the convoy that it belongs to."""

    convoy: Convoy
    event: Event | None = None
    claim: Claim | None = None


def step_of(row: AccountOffered, about: About) -> changes.Claim:
    """The account as a step of a change set: its organisation speaks, in its own words."""
    event = about.event or (about.claim.target_event if about.claim else None)
    said = row.account
    happened = said.get("happened", "")
    zone = zone_named(event.time_zone) if event is not None else instance_zone()
    try:
        when = changes.When.parse(happened, zone) if happened else None
    except InvalidInput as refusal:
        raise InvalidInput({"happened": refusal.message}) from None
    offered_on = row.offered_at.astimezone(instance_zone()).date()
    said_on = date.fromisoformat(said["said_on"]) if "said_on" in said else offered_on
    account = changes.Account(
        speaker=row.organisation_id,
        speaker_kind=said["speaker_kind"],
        stance=row.stance,
        statement=said.get("statement", ""),
        is_verbatim=True,
        speaker_person=said.get("person", ""),
        publisher=row.organisation_id,
        title=said.get("title", ""),
        link=said.get("link", ""),
        language=said.get("language", ""),
        said_on=said_on,
        reported_on=offered_on,
        alleged_holders=tuple(said.get("holders", ())),
        alleged_causes=tuple(said.get("causes", ())),
        alleged_when=when,
        alleged_place=said.get("place", ""),
        alleged_place_words=said.get("place_words", ""),
        alleged_trucks=said.get("trucks"),
        alleged_tonnes_low=said.get("tonnes_low"),
        alleged_tonnes_high=said.get("tonnes_high"),
    )
    return changes.Claim(changes.Target(chain=row.event_id or row.claim_id), account)

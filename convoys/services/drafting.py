"""Steps of a change set to unsaved rows: checked, with codes resolved, numbered provisionally."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from convoys.clocks import MICROSECOND, end_of_day, instance_zone, period_of
from convoys.errors import InvalidInput
from convoys.models import Agreement, Claim, ControlPoint, Convoy, Event
from convoys.services import checking, declaration
from convoys.services.changes import DEFAULT_AUDIENCE, Account, FileToKeep, Record, SubjectRef, When
from convoys.services.documents import check_file
from convoys.services.resolving import Resolver
from convoys.vocabulary import (
    COARSENESS,
    KINDS,
    Access,
    Act,
    Audience,
    Bound,
    Cause,
    ConvoyLink,
    DecidedBy,
    Item,
    LossMode,
    Order,
    Precision,
    ShortfallReason,
    SpeakerKind,
    Stance,
    SubjectType,
)

Subject = Convoy | ControlPoint | Agreement
MAKES_KNOWN = frozenset({Stance.REPORTS, Stance.CONFIRMS})


Row = TypeVar("Row", Event, Claim)


@dataclass
class Draft(Generic[Row]):
    """A row on its way into the ledger, with the words that go beside it.

    A claim that is written with its event `follows` that event's draft.
    """

    row: Row
    words: dict[str, str]
    step: int
    # The day that makes it known, where history is backfilled; None: our own clock.
    known_from: datetime | None = None
    follows: Draft[Event] | None = field(default=None, repr=False)
    file: FileToKeep | None = None


def draft_event(
    record: Record, subject: Subject, resolver: Resolver, now: datetime, step: int
) -> Draft[Event]:
    """One report as an event row. Raises InvalidInput naming each field that cannot be taken."""
    kind = KINDS.get(record.kind)
    if kind is None:
        raise InvalidInput({"kind": f"“{str(record.kind)[:40]}” is no kind of event that can be recorded."})
    if record.subject.type not in kind.subjects:
        raise InvalidInput(
            {"kind": f"“{record.kind}” is not recorded of a {record.subject.type.replace('_', ' ')}."}
        )
    given = {
        "place": record.place, "held_before": record.held_before, "heading": record.heading,
        "decided_by": record.decided_by, "decided_by_organisation": record.decided_by_organisation,
        "access": record.access, "loss_mode": record.loss_mode, "trucks": record.trucks,
        "tonnes_low": record.tonnes_low, "tonnes_high": record.tonnes_high,
        "damaged_tonnes_low": record.damaged_tonnes_low, "damaged_tonnes_high": record.damaged_tonnes_high,
        "refused_tonnes_low": record.refused_tonnes_low, "refused_tonnes_high": record.refused_tonnes_high,
        "shortfall_reason": record.shortfall_reason, "other_convoy": record.other_convoy,
        "next_carrier": record.next_carrier, "text": record.text, "visible_to": record.visible_to,
    }  # fmt: skip
    if record.kind == "registered":
        given.pop("visible_to")  # becomes an entry of its own
    filled = {name for name, value in given.items() if value not in ("", None)}
    if extra := sorted(filled - kind.allowed):
        raise InvalidInput(dict.fromkeys(extra, f"A report of “{record.kind}” does not carry this."))
    if absent := sorted(kind.required - filled):
        raise InvalidInput(dict.fromkeys(absent, "This is needed."))

    if kind.is_told_to_all and record.audience == Audience.STAFF:
        seen = "All who see the convoy see its state and its holds. Keep the account internal instead."
        raise InvalidInput({"audience": seen})

    low, high = checking.tonnage(record.tonnes_low, record.tonnes_high)
    place = resolver.place("place", record.place)
    when = record.when or When(now.replace(second=0, microsecond=0))
    declares = declaration.stored(record.declares, kind.items, resolver)
    if record.visible_to is not None and record.kind != "registered":
        declares["visible_to"] = declaration.stored_audience(record.visible_to, resolver)
    default = Audience.STAFF if record.kind == "note" else DEFAULT_AUDIENCE[SubjectType(record.subject.type)]
    row = Event(
        act=Act.RECORD,
        kind=record.kind,
        audience=checking.choice("audience", record.audience or default, Audience, required=True),
        occurred_at=checking.happened("occurred_at", when.at, now),
        precision=checking.choice("precision", when.precision, Precision, required=True),
        bound=checking.choice("bound", when.bound, Bound, required=True),
        time_zone=resolver.zone_of(place or record.held_before or None) or instance_zone().key,
        place_id=place,
        held_before_id=resolver.point("held_before", record.held_before),
        heading_id=resolver.place("heading", record.heading),
        decided_by=checking.choice("decided_by", record.decided_by, DecidedBy),
        decided_by_organisation_id=resolver.organisation(
            "decided_by_organisation", record.decided_by_organisation
        ),
        access=checking.choice("access", record.access, Access),
        loss_mode=checking.choice("loss_mode", record.loss_mode, LossMode),
        trucks=checking.count("trucks", record.trucks),
        tonnes_low=low,
        tonnes_high=high,
        declares=declares,
        **_cargo_columns(record, subject, resolver),
        **_subject_column(subject),
    )
    words = {
        "time_as_printed": checking.text("time_as_printed", when.as_printed),
        "text": checking.text("text", record.text, limit=checking.LONG),
    }
    return Draft(row, _filled(words), step)


def _cargo_columns(record: Record, subject: Subject, resolver: Resolver) -> dict[str, Any]:
    """What became of the cargo and where it goes on. Only a convoy has any."""
    if not isinstance(subject, Convoy):
        return {}
    columns: dict[str, Any] = {
        "shortfall_reason": checking.choice("shortfall_reason", record.shortfall_reason, ShortfallReason),
        "other_convoy": resolver.convoy("other_convoy", record.other_convoy, subject),
        "next_carrier_id": resolver.organisation("next_carrier", record.next_carrier),
    }
    for part in ("damaged_", "refused_"):
        low, high = getattr(record, f"{part}tonnes_low"), getattr(record, f"{part}tonnes_high")
        columns[f"{part}tonnes_low"], columns[f"{part}tonnes_high"] = checking.tonnage(low, high, part)
    return columns


def _subject_column(subject: Subject) -> dict[str, Any]:
    if isinstance(subject, Convoy):
        return {"convoy": subject}
    if isinstance(subject, ControlPoint):
        return {"control_point": subject}
    return {"agreement": subject}


def draft_claim(
    account: Account, target: dict[str, Any], resolver: Resolver, now: datetime, step: int, audience: str
) -> Draft[Claim]:
    """One account as a claim row; `target` holds its target column. Raises InvalidInput."""
    low, high = checking.tonnage(account.alleged_tonnes_low, account.alleged_tonnes_high, "alleged_")
    when = account.alleged_when
    holders = sorted(
        {str(resolver.organisation("alleged_holders", code)) for code in account.alleged_holders}
    )
    causes = sorted(
        {checking.choice("alleged_causes", code, Cause, required=True) for code in account.alleged_causes}
    )
    statement = checking.text("statement", account.statement, limit=checking.LONG)
    if account.is_verbatim and not statement:
        raise InvalidInput({"statement": "Give the words themselves, or leave “word for word” unticked."})
    row = Claim(
        act=Act.RECORD,
        audience=checking.choice("audience", account.audience or audience, Audience, required=True),
        stance=checking.choice("stance", account.stance, Stance, required=True),
        is_verbatim=bool(account.is_verbatim),
        speaker_kind=checking.choice("speaker_kind", account.speaker_kind, SpeakerKind, required=True),
        is_confidential=bool(account.is_confidential),
        said_on=checking.day("said_on", account.said_on, now),
        reported_on=checking.day("reported_on", account.reported_on, now),
        alleged_holders=holders,
        alleged_causes=causes,
        alleged_at=checking.happened("alleged_when", when.at, now) if when else None,
        alleged_precision=checking.choice("alleged_when", when.precision, Precision, required=True)
        if when
        else "",
        alleged_place_id=resolver.place("alleged_place", account.alleged_place),
        alleged_access=checking.choice("alleged_access", account.alleged_access, Access),
        alleged_order=checking.choice("alleged_order", account.alleged_order, Order),
        alleged_trucks=checking.count("alleged_trucks", account.alleged_trucks),
        alleged_tonnes_low=low,
        alleged_tonnes_high=high,
        **_link_columns(account, target, resolver),
        **target,
    )
    words = {
        **_named("speaker", account.speaker, resolver),
        **_named("publisher", account.publisher, resolver),
        "person": checking.text("speaker_person", account.speaker_person),
        "title": checking.text("title", account.title),
        "link": checking.link("link", account.link),
        "language": checking.text("language", account.language, limit=16),
        "statement": statement,
        "alleged_place_words": checking.text("alleged_place_words", account.alleged_place_words),
    }
    if "speaker" not in words and "speaker_organisation" not in words:
        raise InvalidInput({"speaker": "Say who says so."})
    if account.document is not None:
        check_file(account.document)
        row.document_sha256 = account.document.sha256
    return Draft(row, _filled(words), step, known_from=_known_from(row), file=account.document)


def _link_columns(account: Account, target: dict[str, Any], resolver: Resolver) -> dict[str, Any]:
    """What an account says a convoy is to another: both of a claim on its links, else neither."""
    if target.get("target_item") != Item.LINKS:
        if account.alleged_link or account.alleged_convoy:
            raise InvalidInput({"alleged_link": "Only an account of a convoy's links says this."})
        return {}
    link = checking.choice("alleged_link", account.alleged_link, ConvoyLink, required=True)
    if not account.alleged_convoy:
        raise InvalidInput({"alleged_convoy": "Name the other convoy."})
    other = resolver.convoy("alleged_convoy", account.alleged_convoy, target["target_convoy"])
    return {"alleged_link": link, "alleged_convoy": other}


def _named(name: str, value: str, resolver: Resolver) -> dict[str, str]:
    """An organisation's code, or a free name."""
    value = checking.text(name, value)
    if value in resolver.organisations:
        return {f"{name}_organisation": value}
    return {name: value} if value else {}


def _known_from(claim: Claim) -> datetime | None:
    return end_of_day(claim.reported_on) if claim.reported_on else None


def _filled(words: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in words.items() if value}


def event_known_from(claims: list[Draft[Claim]]) -> datetime | None:
    """An event is known from the earliest dated of the claims written with it that report or confirm."""
    days = [claim.known_from for claim in claims if claim.known_from and claim.row.stance in MAKES_KNOWN]
    return min(days, default=None)


def effective_at(event: Event, on_record: list[Event]) -> datetime:
    """Where an event stands in the order: its first instant, or just after the last event on record
    that its period overlaps and that is not coarser."""
    start, end = period_of(event)
    coarseness = COARSENESS[Precision(event.precision)]
    last = start - MICROSECOND
    for other in on_record:
        other_start, other_end = period_of(other)
        if COARSENESS[Precision(other.precision)] <= coarseness and other_start < end and start < other_end:
            last = max(last, other.effective_at)
    return last + MICROSECOND


def subject_ref(event: Event) -> SubjectRef:
    """What an event on record is about."""
    if event.convoy is not None:
        return SubjectRef(SubjectType.CONVOY, event.convoy.reference)
    if event.control_point_id is not None:
        return SubjectRef(SubjectType.CONTROL_POINT, event.control_point_id)
    return SubjectRef(SubjectType.AGREEMENT, str(event.agreement_id))

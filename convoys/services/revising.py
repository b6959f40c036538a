"""Corrections and retractions: further entries of a chain, which supersede its last one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from convoys.errors import InvalidInput
from convoys.models import Claim, Event
from convoys.services import checking
from convoys.services.changes import Account, Correct, Record, Retract
from convoys.services.drafting import Draft, Subject, draft_claim, draft_event, subject_ref
from convoys.services.resolving import Resolver
from convoys.vocabulary import Act

HEAD_FIELDS = (
    "sequence",
    "change_set",
    "act",
    "supersedes",
    "backfilled",
    "known_from",
    "recorded_at",
    "author",
)
CLAIM_TARGETS = (
    "target_event_id", "target_claim_id", "target_convoy", "target_item", "target_control_point_id",
    "target_agreement_id",
)  # fmt: skip


def _reason(text: str) -> str:
    return checking.text("reason", text, limit=2000, required=True)


def _kept(row: Event | Claim) -> dict[str, Any]:
    return {
        f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if f.name not in HEAD_FIELDS
    }


def retraction_of(row: Event | Claim, step: Retract, number: int) -> Draft[Event] | Draft[Claim]:
    """A new entry that takes the chain back and bears the reason. Raises InvalidInput."""
    words = {"reason": _reason(step.reason)}
    if isinstance(row, Event):
        return Draft(Event(act=Act.RETRACT, supersedes=row.sequence, **_kept(row)), words, number)
    return Draft(Claim(act=Act.RETRACT, supersedes=row.sequence, **_kept(row)), words, number)


def moved_in_order(row: Event, effective_at: datetime, number: int) -> Draft[Event]:
    """A correction that changes nothing but where an event stands among those of its period."""
    kept = _kept(row) | {"effective_at": effective_at}
    words = {"reason": "Order within the period."}
    return Draft(Event(act=Act.CORRECT, supersedes=row.sequence, **kept), words, number)


def corrected_event(
    row: Event, step: Correct, subject: Subject, resolver: Resolver, now: datetime, number: int
) -> Draft[Event]:
    """The report as it should have been, as a new entry of the same chain. Raises InvalidInput."""
    record = step.contents
    if not isinstance(record, Record) or record.kind != row.kind or record.subject != subject_ref(row):
        raise InvalidInput(
            {"contents": "A correction keeps its report's subject and kind; else take it back."}
        )
    if record.when is None:
        raise InvalidInput({"occurred_at": "Say when it happened."})
    draft = draft_event(
        replace(record, audience=record.audience or row.audience), subject, resolver, now, number
    )
    if row.declares.get("exercise"):
        draft.row.declares["exercise"] = True
    draft.row.act, draft.row.chain, draft.row.supersedes = Act.CORRECT, row.chain, row.sequence
    draft.words["reason"] = _reason(step.reason)
    return draft


def corrected_claim(
    row: Claim, step: Correct, resolver: Resolver, now: datetime, number: int
) -> Draft[Claim]:
    """The account as it should have been, as a new entry of the same chain. Raises InvalidInput."""
    if not isinstance(step.contents, Account):
        raise InvalidInput({"contents": "An account is corrected by an account."})
    target = {name: getattr(row, name) for name in CLAIM_TARGETS}
    draft = draft_claim(step.contents, target, resolver, now, number, row.audience)
    draft.row.act, draft.row.chain, draft.row.supersedes = Act.CORRECT, row.chain, row.sequence
    draft.row.document_sha256 = draft.row.document_sha256 or row.document_sha256
    draft.words["reason"] = _reason(step.reason)
    return draft


def is_same_period(one: Event, other: Event) -> bool:
    """Whether two entries name the same period: then the order within it is kept."""
    return (one.occurred_at, one.precision) == (other.occurred_at, other.precision)

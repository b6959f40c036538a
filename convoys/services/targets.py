"""What claims are about and which entries are corrected or taken back, found before anything is locked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from convoys.errors import Conflict, InvalidInput, UnknownReference
from convoys.models import Claim as ClaimRow
from convoys.models import Convoy, Event
from convoys.services import checking
from convoys.services.changes import ChangeSet, Claim, Correct, Retract, SubjectRef
from convoys.services.drafting import subject_ref
from convoys.services.resolving import could_be_code
from convoys.vocabulary import Act, Item, SubjectType


@dataclass(frozen=True)
class ClaimTarget:
    """The target column of a claim, the audience it takes over, and the subject to lock."""

    column: dict[str, Any]
    subject: SubjectRef
    audience: str = ""


class Targets:
    """Targets of one change set's claims, corrections and retractions.

    Raises UnknownReference, InvalidInput.
    """

    def __init__(self, change_set: ChangeSet) -> None:
        self._claims = {id(step): _target(step) for step in change_set.steps if isinstance(step, Claim)}
        revising = [step for step in change_set.steps if isinstance(step, Correct | Retract)]
        self._revised = {id(step): _entry(step) for step in revising}
        self._retracted = [self._revised[id(step)] for step in revising if isinstance(step, Retract)]

    @property
    def subjects(self) -> set[SubjectRef]:
        """What must be locked for them."""
        claimed = {target.subject for target in self._claims.values()}
        return claimed | {subject_of(row) for row in self._revised.values()}

    def of_claim(self, step: Claim) -> ClaimTarget:
        return self._claims[id(step)]

    def revised(self, step: Correct | Retract) -> tuple[Event | ClaimRow, SubjectRef]:
        """The entry, which must now, under the lock, still be the newest of its chain."""
        row = self._revised[id(step)]
        newer = type(row)._default_manager.filter(chain=row.chain, sequence__gt=row.sequence)
        if newer.exists():
            raise Conflict(subject_of(row).code)
        return row, subject_of(row)

    def authors(self) -> set[int | None]:
        """Who wrote the entries that are to be taken back."""
        return {row.author_id for row in self._retracted}


def subject_of(row: Event | ClaimRow) -> SubjectRef:
    """The convoy, control point or agreement that an entry is about in the end."""
    if isinstance(row, Event):
        return subject_ref(row)
    if row.target_event is not None:
        return subject_ref(row.target_event)
    if row.target_claim is not None:
        return subject_of(row.target_claim)
    if row.target_convoy is not None:
        return SubjectRef(SubjectType.CONVOY, row.target_convoy.reference)
    if row.target_control_point_id is not None:
        return SubjectRef(SubjectType.CONTROL_POINT, row.target_control_point_id)
    return SubjectRef(SubjectType.AGREEMENT, str(row.target_agreement_id))


def _find(field: str, sequence: int) -> Event | ClaimRow:
    if not isinstance(sequence, int) or not 0 < sequence < 1 << 62:
        raise UnknownReference(field, str(sequence))
    event = Event.objects.select_related("convoy").filter(sequence=sequence).first()
    if event is not None:
        return event
    claims = ClaimRow.objects.select_related(
        "target_convoy",
        "target_event__convoy",
        "target_claim__target_convoy",
        "target_claim__target_event__convoy",
    )
    claim = claims.filter(sequence=sequence).first()
    if claim is None:
        raise UnknownReference(field, str(sequence))
    return claim


def _target(step: Claim) -> ClaimTarget:
    target = step.target
    if target.chain is not None:
        row = _find("target", target.chain)
        first = row if row.chain == row.sequence else _find("target", row.chain)
        if isinstance(first, Event):
            return ClaimTarget({"target_event_id": first.sequence}, subject_of(first), row.audience)
        if first.target_claim_id is not None:
            raise InvalidInput(
                {"target": "An answer to an answer is recorded as an answer to the first account."}
            )
        return ClaimTarget({"target_claim_id": first.sequence}, subject_of(first), row.audience)
    if target.subject is None:
        raise InvalidInput({"target": "Say what the account is about."})
    code = target.subject.code
    match target.subject.type:
        case SubjectType.CONVOY:
            item = checking.choice("item", target.item, Item, required=True)
            convoy = Convoy.objects.filter(reference=code).first() if could_be_code(code) else None
            if convoy is None:
                raise UnknownReference("target", code)
            return ClaimTarget({"target_convoy": convoy, "target_item": item}, target.subject)
        case SubjectType.CONTROL_POINT:
            return ClaimTarget({"target_control_point_id": code}, target.subject, "partners")
        case _:
            return ClaimTarget({"target_agreement_id": code}, target.subject, "partners")


def _entry(step: Correct | Retract) -> Event | ClaimRow:
    row = _find("sequence", step.sequence)
    if row.act == Act.RETRACT:
        raise InvalidInput({"sequence": "This entry was taken back already."})
    return row

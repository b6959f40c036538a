"""What can go wrong when somebody writes, each with a code and a sentence for the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class ConvoyError(Exception):
    """Nothing was written. `code` is stable and for programs; the message is for people."""

    code = "error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInput(ConvoyError):
    """Some fields cannot be taken as they are. `fields` maps a field's name to a sentence."""

    code = "invalid"

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(" ".join(fields.values()))
        self.fields = dict(fields)


class UnknownReference(InvalidInput):
    """A code or reference that names nothing on record."""

    code = "unknown_reference"

    def __init__(self, field: str, value: str) -> None:
        super().__init__({field: f"Nothing on record is called “{value[:80]}”. Check the code."})


@dataclass(frozen=True)
class Clash:
    """One of two events that cannot both stand, in words that a person recognises."""

    sequence: int | None
    kind: str
    occurred_at: str

    def __str__(self) -> str:
        number = f"entry {self.sequence}" if self.sequence else "the new report"
        return f"{self.kind} of {self.occurred_at} ({number})"


class IllegalHistory(ConvoyError):
    """The convoy's history would not hold together. Names the two events and what would be legal."""

    code = "illegal_history"

    def __init__(
        self, subject: str, state: str, event: Clash, earlier: Clash | None, legal: Sequence[str]
    ) -> None:
        self.subject, self.state, self.event, self.earlier, self.legal = (
            subject,
            state,
            event,
            earlier,
            tuple(legal),
        )
        after = f" after {earlier}" if earlier else ""
        options = ", ".join(kind.replace("_", " ") for kind in legal) or "nothing that changes the state"
        super().__init__(
            f"{subject}: {event} cannot stand{after}, since the convoy was then {state or 'not registered'}. "
            f"Legal there: {options}. Nothing was written."
        )


class Conflict(ConvoyError):
    """Somebody else recorded something since this form was opened."""

    code = "conflict"

    def __init__(self, subject: str) -> None:
        self.subject = subject
        super().__init__(
            f"{subject} has a newer entry than the one you saw. "
            "Nothing was written: look at it and send yours again."
        )


class AlreadySent(ConvoyError):
    """The change set's UUID was used before for something else."""

    code = "uuid_reused"

    def __init__(self) -> None:
        super().__init__(
            "This form was already used for another report. "
            "Nothing was written: open a fresh form and send it again."
        )


class NotPermitted(ConvoyError):
    """The author's role does not allow this step."""

    code = "not_permitted"


class Busy(ConvoyError):
    """The database did not hand out a lock in time."""

    code = "busy"

    def __init__(self) -> None:
        super().__init__(
            "Another report on the same subject is being written. Nothing was lost: send yours again."
        )

"""The state machine, declared once: from which state to which a kind of event leads.

django-fsm guards it here; `convoys.replay` folds whole histories with a table built from these
very methods. A guard reads `departed` only, so it works on a convoy and on replay's position.
"""

from __future__ import annotations

from typing import Any, Protocol

from django.db import models
from django_fsm import GET_STATE, FSMField, transition

from convoys.vocabulary import UNREGISTERED, State

MOVING_STATES = [State.DISPATCHED, State.STOPPED, State.HELD]


class Departing(Protocol):
    """What a guard may ask: has the convoy left its origin?"""

    departed: bool


def not_departed(facts: Any) -> bool:
    """A convoy can be cancelled, or go back to planned, only while it has not left."""
    return not facts.departed


def released_to(facts: Departing, **_: Any) -> str:
    """Released before departure it is planned again, else on the road."""
    return State.DISPATCHED if facts.departed else State.PLANNED


class ConvoyStates(models.Model):
    """The guarded state column. Only `convoys.services.timeline` moves it."""

    status = FSMField(
        max_length=16, choices=State.choices, default=UNREGISTERED, protected=True, editable=False
    )
    departed = models.BooleanField(default=False, editable=False)

    class Meta:
        abstract = True

    @transition(field=status, source=UNREGISTERED, target=State.PLANNED)
    def registered(self) -> None:
        """Entered in the register by the desk."""

    @transition(field=status, source=State.PLANNED, target=State.DISPATCHED)
    def departed_origin(self) -> None:
        """Left its origin."""

    @transition(field=status, source=[State.DISPATCHED, State.HELD], target=State.STOPPED)
    def stopped(self) -> None:
        """Movement has ceased; nobody is known to forbid it."""

    @transition(field=status, source=State.STOPPED, target=State.DISPATCHED)
    def resumed(self) -> None:
        """Moves again."""

    @transition(field=status, source=[State.PLANNED, State.DISPATCHED, State.STOPPED], target=State.HELD)
    def held(self) -> None:
        """Whoever controls the way on does not let it pass."""

    @transition(
        field=status,
        source=State.HELD,
        target=GET_STATE(released_to, states=[State.DISPATCHED, State.PLANNED]),
    )
    def released(self) -> None:
        """Let go by whoever held it."""

    @transition(field=status, source=MOVING_STATES, target=State.DISPATCHED)
    def turned_back(self) -> None:
        """Heads back."""

    @transition(field=status, source=MOVING_STATES, target=State.DELIVERED)
    def delivered(self) -> None:
        """The consignee has it."""

    @transition(field=status, source=MOVING_STATES, target=State.RETURNED)
    def returned(self) -> None:
        """Back where it came from."""

    @transition(field=status, source=MOVING_STATES, target=State.LOST)
    def lost(self) -> None:
        """Looted, seized, destroyed or intercepted."""

    @transition(
        field=status, source=[State.PLANNED, State.HELD], target=State.CANCELLED, conditions=[not_departed]
    )
    def cancelled(self) -> None:
        """Withdrawn before departure."""

"""The table of legal steps, built once from the FSM declaration on the convoy.

Replay folds whole histories: real FSM methods cost fifty times as much a step. A test holds this
table to the methods that it was built from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from django_fsm import GET_STATE

from convoys.models import Convoy
from convoys.models.states import Departing
from convoys.vocabulary import KINDS

# A method cannot bear the name of the column that it asks about.
METHOD_OF = {"departed": "departed_origin"}


@dataclass(frozen=True)
class Rule:
    """Where a kind leads from one state, and under which conditions."""

    target: str | Callable[..., str]
    conditions: tuple[Callable[[Any], bool], ...] = ()

    def leads_to(self, facts: Departing) -> str | None:
        """The next state, or None where a condition does not hold."""
        if not all(condition(facts) for condition in self.conditions):
            return None
        return str(self.target(facts)) if callable(self.target) else str(self.target)


def _rules(kind: str) -> dict[str, Rule]:
    declared = getattr(Convoy, METHOD_OF.get(kind, kind))._django_fsm.transitions
    rules = {}
    for source, step in declared.items():
        target = step.target.func if isinstance(step.target, GET_STATE) else step.target
        rules[str(source)] = Rule(cast("str | Callable[..., str]", target), tuple(step.conditions or ()))
    return rules


TRANSITIONS: Mapping[str, Mapping[str, Rule]] = {
    kind.code: _rules(kind.code) for kind in KINDS.values() if kind.group == "state"
}


def next_state(kind: str, state: str, facts: Departing) -> str | None:
    """The state that a kind leads to from a state, or None where it is not legal there."""
    rule = TRANSITIONS[kind].get(state)
    return rule.leads_to(facts) if rule else None


def intended_state(kind: str, facts: Departing) -> str:
    """Where a kind leads from any state: for reading what was known while parts were missing."""
    return str(next(iter(TRANSITIONS[kind].values())).leads_to(facts) or "cancelled")


def direct_kinds(state: str, facts: Departing) -> tuple[str, ...]:
    """The kinds that change the state and are legal in it."""
    return tuple(kind for kind in TRANSITIONS if next_state(kind, state, facts) is not None)

"""State intervals: which state when, and from when until when we knew it so.

One row holds a stretch of one state as it was known over a stretch of knowledge, so that any
(as of, known at) is answered by one indexed look-up that agrees with a replay.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from convoys.models import Convoy, Event, StateInterval
from convoys.queries.compiled import Compiled
from convoys.queries.statements import Found, Statement
from convoys.replay import History, Routes, Span, in_force, replay
from convoys.services.writes import Writes

Key = tuple[object, ...]
# What tells one stretch from another, in the order of `_key_of`.
KEY = (
    "state", "starts_at", "ends_at", "opened_at", "opened_precision", "opening_chain", "closed_at",
    "closed_precision", "closing_chain", "ended", "is_end_inferred", "stands_at_id", "held_before_id",
)  # fmt: skip


_KNOWN = Compiled(
    lambda: StateInterval.objects.filter(convoy=0, known_until=None).order_by().values_list("pk", *KEY)
)


def known_intervals(convoy: Convoy) -> Statement:
    """Asks for what is known now of a convoy's states; `project_intervals` reads what it finds."""
    return _KNOWN.asked(convoy.pk)


def project_intervals(
    writes: Writes,
    convoy: Convoy,
    before: Sequence[Event],
    new: Sequence[Event],
    history: History,
    routes: Routes,
    known: Found,
) -> None:
    """Bring a convoy's intervals up to date after its history changed.

    Where all that is new became known after all that was, only the newest knowledge is compared;
    backfilled history, whose knowledge lies in between, is laid out anew.
    """
    known_before = max((event.known_from for event in before), default=None)
    known_now = {event.known_from for event in new}
    if len(known_now) == 1 and (known_before is None or known_before < min(known_now)):
        _close_and_open(writes, convoy, history.spans, min(known_now), known)
    else:
        rows = intervals_of(convoy, [*before, *new], routes)
        convoy.state_intervals.all().delete()
        writes.insert(StateInterval, rows)


def _close_and_open(
    writes: Writes, convoy: Convoy, spans: Sequence[Span], known_from: datetime, known: Found
) -> None:
    wanted = {_key_of(span): span for span in spans}
    for pk, *key in _KNOWN.read(known):
        if wanted.pop(tuple(key), None) is None:
            writes.update(StateInterval, pk, {"known_until": known_from})
    writes.insert(StateInterval, (_row(convoy, span, known_from) for span in wanted.values()))


def intervals_of(convoy: Convoy, events: Sequence[Event], routes: Routes) -> list[StateInterval]:
    """All intervals of a history, unsaved: each stretch of knowledge from one report to the next."""
    rows: list[StateInterval] = []
    current: dict[Key, StateInterval] = {}
    for moment in sorted({event.known_from for event in events}):
        spans = {_key_of(span): span for span in replay(in_force(events, moment), routes).spans}
        for key in [key for key in current if key not in spans]:
            current.pop(key).known_until = moment
        for key, span in spans.items():
            if key not in current:
                current[key] = _row(convoy, span, moment)
                rows.append(current[key])
    return rows


def _key_of(span: Span) -> Key:
    closing = span.closing
    return (
        span.state, span.starts_at, span.ends_at,
        span.opening.occurred_at, span.opening.precision, span.opening.chain,
        closing.occurred_at if closing else None, closing.precision if closing else "",
        closing.chain if closing else None, span.ended, span.is_end_inferred,
        span.stands_at, span.held_before,
    )  # fmt: skip


def _row(convoy: Convoy, span: Span, known_from: datetime) -> StateInterval:
    closing = span.closing
    return StateInterval(
        convoy=convoy,
        state=span.state,
        starts_at=span.starts_at,
        ends_at=span.ends_at,
        known_from=known_from,
        opened_at=span.opening.occurred_at,
        opened_precision=span.opening.precision,
        opening_chain=span.opening.chain,
        closed_at=closing.occurred_at if closing else None,
        closed_precision=closing.precision if closing else "",
        closing_chain=closing.chain if closing else None,
        ended=span.ended,
        is_end_inferred=span.is_end_inferred,
        stands_at_id=span.stands_at,
        held_before_id=span.held_before,
    )

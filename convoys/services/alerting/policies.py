"""Policies as ladders: which step comes next, and which policy governs a convoy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from convoys.models import Convoy, Policy, Scope, Severity, Watch
from convoys.queries.compiled import Compiled
from convoys.queries.rows import is_one_of
from convoys.queries.statements import Batch, Statement

HOUR = 3600
DAY = 24 * HOUR


@dataclass(frozen=True)
class Rung:
    """One step of a ladder, in seconds from the clock's start."""

    seconds: int
    severity: str
    is_repeat: bool = False


@dataclass(frozen=True)
class Ladder:
    """Ordered steps, then one every `repeat` seconds after the last of them."""

    steps: tuple[Rung, ...]
    repeat: int | None = None
    staff_only: bool = False

    def after(self, seconds: int) -> Rung | None:
        """The first step beyond this many seconds."""
        for rung in self.steps:
            if rung.seconds > seconds:
                return rung
        if not self.steps or not self.repeat:
            return None
        return self._repeated((seconds - self._last.seconds) // self.repeat + 1)

    def highest(self, within: float, repeats_within: float) -> Rung | None:
        """The highest step not beyond `within` seconds; repeats count up to `repeats_within` only."""
        reached = [rung for rung in self.steps if rung.seconds <= within]
        if self.repeat and reached and reached[-1] is self._last:
            count = int(min(within, repeats_within) - self._last.seconds) // self.repeat
            if count >= 1:
                return self._repeated(count)
        return reached[-1] if reached else None

    def passed(self, above: int, below: int) -> list[int]:
        """Steps between two others, in seconds; the repeats among them go without saying."""
        return [rung.seconds for rung in self.steps if above < rung.seconds < below]

    @property
    def _last(self) -> Rung:
        return self.steps[-1]

    def _repeated(self, count: int) -> Rung:
        return Rung(self._last.seconds + count * (self.repeat or 0), self._last.severity, is_repeat=True)


# What holds where an instance's own default policy is missing: an alert must not depend on a row.
BUILT_IN = {
    Watch.HELD: Ladder(
        (Rung(DAY, Severity.NOTICE), Rung(3 * DAY, Severity.WARNING), Rung(7 * DAY, Severity.CRITICAL)),
        repeat=7 * DAY,
    ),
    Watch.STOPPED: Ladder((Rung(DAY, Severity.NOTICE),), staff_only=True),
    Watch.SILENT: Ladder((Rung(settings.SILENT_AFTER_HOURS * HOUR, Severity.WARNING),), staff_only=True),
}


def _governing(default: str, routes: Iterable[str], convoys: Q) -> QuerySet[Any, Any]:
    governing = Q(scope=default) | Q(route__in=routes) | convoys
    rows = Policy.objects.filter(governing).order_by("pk", "steps__after_seconds")
    return rows.values_list(
        "watch", "convoy_id", "route_id", "repeat_seconds", "staff_only",
        "steps__after_seconds", "steps__severity",
    )  # fmt: skip


_OF_ONE = Compiled(lambda: _governing("", [""], Q(convoy=0)))


class Ladders:
    """The ladders that govern some convoys, read once: the narrowest policy of a watch wins whole."""

    def __init__(self, convoys: Iterable[Convoy]) -> None:
        batch = Batch()
        self._ask(list(convoys), batch)
        batch.run()

    @classmethod
    def waiting(cls, convoys: Sequence[Convoy], batch: Batch) -> Ladders:
        """Those that can be asked for once the batch has run."""
        ladders = cls.__new__(cls)
        ladders._ask(convoys, batch)
        return ladders

    def _ask(self, convoys: Sequence[Convoy], batch: Batch) -> None:
        if len(convoys) == 1:  # as every report on a convoy on its way asks
            question = _OF_ONE.asked(Scope.DEFAULT, convoys[0].route_id or "", convoys[0].pk)
        else:
            question = Statement(
                *_governing(
                    Scope.DEFAULT,
                    {convoy.route_id for convoy in convoys if convoy.route_id},
                    is_one_of("convoy", {convoy.pk for convoy in convoys}),
                ).query.sql_with_params()
            )
        self._found = batch.add(question)

    @cached_property
    def _by_target(self) -> dict[tuple[str, int | None, str | None], Ladder]:
        # A row for each step, or one without.
        found: dict[tuple[str, int | None, str | None], Ladder] = {}
        for watch, convoy, route, repeat, staff_only, seconds, severity in _OF_ONE.read(self._found):
            target = (watch, convoy, route)
            before = found[target].steps if target in found else ()
            step = () if seconds is None else (Rung(seconds, severity),)
            found[target] = Ladder((*before, *step), repeat, staff_only)
        return found

    def of(self, convoy: Convoy, watch: str) -> Ladder:
        targets = ((convoy.pk, None), (None, convoy.route_id))
        for convoy_id, route_id in targets:
            ladder = self._by_target.get((watch, convoy_id, route_id))
            if ladder is not None:
                return ladder
        return self.default(watch)

    def default(self, watch: str) -> Ladder:
        """What governs where no narrower policy does."""
        return self._by_target.get((watch, None, None)) or BUILT_IN[Watch(watch)]


def ladder_of(policy: Policy) -> Ladder:
    steps = sorted(policy.steps.all(), key=lambda step: step.after_seconds)
    rungs = tuple(Rung(step.after_seconds, step.severity) for step in steps)
    return Ladder(rungs, policy.repeat_seconds, policy.staff_only)

"""What happens to a convoy of the benchmark: eight reports, told in the words of a change set.

Nine in ten have ended; whoever set out too late for that is still under way when the record ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from benchmarks.world import ROUTES, SPONSORS, place_code
from convoys.services.changes import Account, Correct, Record, Retract, Step, SubjectRef, When, convoy
from convoys.vocabulary import CargoCategory, Cause, SpeakerKind, Stance

EVENTS = 8
FIRST = datetime(2023, 9, 5, tzinfo=UTC)
LAST = datetime(2026, 6, 1, tzinfo=UTC)
# The last convoys set out a day before the record ends, so that their eight reports find room.
LAST_START = LAST - timedelta(days=1)
LONGEST_LAG_MINUTES = 300


@dataclass(frozen=True)
class Report:
    """One report: how many hours after the one before it happened, where, and what it carries.

    `act` is "record", or what is done to the report with the number `of`.
    """

    kind: str
    hours: float = 0
    stop: str = ""
    act: str = "record"
    of: int = 0
    fields: dict[str, Any] = field(default_factory=dict)


def _report(kind: str, hours: float = 0, stop: str = "", **fields: Any) -> Report:
    return Report(kind, hours, stop, fields=fields)


BEGIN = (_report("registered"), _report("departed", 60, "origin"))
ARRIVE = (_report("arrived", 20, "end"), _report("delivered", 6, "end"))
HELD = _report("held", 20, "junction", held_before="gate")
ENDED = (
    # Held once, let go, delivered: most of them.
    *[(*BEGIN, HELD, _report("seen", 48, "junction"), _report("released", 60, "junction"),
       _report("passed", 2, "gate"), *ARRIVE)] * 4,
    (*BEGIN, _report("stopped", 10, "junction"), _report("resumed", 20), _report("passed", 3, "gate"),
     _report("stopped", 20, "town"), _report("seen", 40, "town"), _report("delivered", 30, "end")),
    # Held twice; that it was let go the second time is inferred from where it was delivered.
    (*BEGIN, HELD, _report("released", 70, "junction"), _report("held", 10, "town", held_before="bridge"),
     _report("seen", 40, "town"), _report("seen", 48, "town"), _report("delivered", 30, "end")),
    (*BEGIN, HELD, _report("seen", 48, "junction"), _report("seen", 48, "junction"),
     _report("turned_back", 30, "junction", decided_by="other"), _report("arrived", 20, "origin"),
     _report("returned", 2, "origin")),
    (*BEGIN, _report("passed", 12, "gate"), _report("stopped", 5, "town"),
     _report("held", 5, "town", held_before="bridge"), _report("seen", 48, "town"),
     _report("inspected", 10, "town"), _report("lost", 10, "town", loss_mode="armed")),
    (_report("registered"), _report("amended", 20, declares={"trucks": 7}),
     _report("held", 20, "origin", held_before="gate"), _report("seen", 48, "origin"),
     _report("access_denied", 10, "gate"), _report("seen", 48, "origin"), _report("seen", 48, "origin"),
     _report("cancelled", 20, decided_by="own_side")),
    # The hold began earlier than was said at first.
    (*BEGIN, HELD, Report("held", -10, "junction", "correct", 2, {"held_before": "gate"}),
     _report("seen", 50, "junction"), _report("released", 60, "junction"), *ARRIVE),
    # It never stopped there.
    (*BEGIN, _report("stopped", 10, "junction"), Report("stopped", 1, act="retract", of=2), HELD,
     _report("released", 90, "junction"), *ARRIVE),
    # That it had been held became known after it was seen on its way again.
    (*BEGIN, _report("seen", 60, "junction"), _report("held", -40, "junction", held_before="gate"),
     _report("released", 30, "junction"), _report("passed", 20, "gate"), *ARRIVE),
)  # fmt: skip
UNDER_WAY = (
    *[(*BEGIN, HELD, *[_report("seen", 1, "junction")] * 5)] * 2,
    (*BEGIN, _report("stopped", 1, "junction"), *[_report("seen", 1, "junction")] * 5),
    *[(*BEGIN, _report("passed", 1, "gate"), *[_report("seen", 1, "town")] * 5)] * 2,
    (_report("registered"), *[_report("amended", 1, declares={"trucks": trucks}) for trucks in range(2, 9)]),
)  # fmt: skip
CAUSES = (Cause.values[0], Cause.values[1], Cause.values[2])


@dataclass(frozen=True)
class Planned:
    """A report with its two instants: when it happened, and when it reached the desk."""

    report: Report
    occurred_at: datetime
    recorded_at: datetime


class Life:
    """The reports on one convoy, in the order in which they are recorded. The number seeds its chances."""

    def __init__(self, number: int, convoys: int, seed: int) -> None:
        self.number = number
        self.chance = Random(f"{seed}:{number}")
        self.route = ROUTES[number % len(ROUTES)]
        self.starts_at = FIRST + (LAST_START - FIRST) * (number / max(convoys - 1, 1))
        self.starts_at = self.starts_at.replace(second=0, microsecond=0)
        reports = self.chance.choice(ENDED)
        self.planned = self._at_their_pace(reports)
        if self.planned[-1].recorded_at > LAST:
            self.planned = self._before_the_end(self.chance.choice(UNDER_WAY))

    @property
    def subject(self) -> SubjectRef:
        return convoy(f"B-{self.number + 1:07d}")

    def _at_their_pace(self, reports: tuple[Report, ...]) -> list[Planned]:
        pace, at, times = self.chance.uniform(0.5, 1.5), self.starts_at, []
        for report in reports:
            at += timedelta(minutes=int(report.hours * 60 * pace))
            times.append(at)
        return self._recorded(reports, times)

    def _before_the_end(self, reports: tuple[Report, ...]) -> list[Planned]:
        room = LAST - timedelta(minutes=LONGEST_LAG_MINUTES) - self.starts_at
        step = int(room.total_seconds() / 60 / len(reports))
        times = [self.starts_at + timedelta(minutes=step * number) for number in range(len(reports))]
        return self._recorded(reports, times)

    def _recorded(self, reports: tuple[Report, ...], times: list[datetime]) -> list[Planned]:
        planned, last = [], self.starts_at
        for report, at in zip(reports, times, strict=True):
            lag = timedelta(minutes=self.chance.randint(5, LONGEST_LAG_MINUTES - EVENTS))
            last = max(last + timedelta(minutes=1), at + lag)
            planned.append(Planned(report, at, last))
        return planned

    def step(self, number: int, sequences: list[int]) -> Step:
        """One report as a door would send it; `sequences` are those of the reports before it."""
        report = self.planned[number].report
        if report.act == "retract":
            return Retract(sequences[report.of], "Another convoy was meant.")
        record = self._record(self.planned[number], is_correction=report.act == "correct")
        if report.act == "correct":
            return Correct(sequences[report.of], record, "The carrier gave an earlier time.")
        return record

    def _record(self, planned: Planned, is_correction: bool) -> Record:
        report = planned.report
        fields = dict(report.fields)
        if "held_before" in fields:
            fields["held_before"] = place_code(self.route, fields["held_before"])
        if report.kind == "registered":
            fields["declares"] = self._declaration()
        if report.stop:
            fields["place"] = place_code(self.route, report.stop)
        if report.kind not in ("registered", "amended") and not is_correction:
            fields["claims"] = list(self._accounts(report.kind, planned.occurred_at.date()))
        return Record(self.subject, report.kind, When(planned.occurred_at), **fields)

    def _declaration(self) -> dict[str, Any]:
        tonnes = self.chance.randint(5, 400)
        declares: dict[str, Any] = {
            "sponsors": self.chance.sample(SPONSORS, self.chance.choice((1, 1, 2))),
            "carrier": "carrier",
            "consignee": "consignee",
            "origin": place_code(self.route, "origin"),
            "destination": place_code(self.route, "end"),
            "route": self.route,
            "trucks": self.chance.randint(1, 30),
            "cargo": [{"category": CargoCategory.values[0], "description": "Flour", "tonnes_low": tonnes}],
        }
        if self.chance.random() < 0.9:  # of the others nobody has said how much
            declares["tonnes"] = {"low": tonnes, "high": tonnes + self.chance.choice((0, 0, 10))}
        return declares

    def _accounts(self, kind: str, day: date) -> list[Account]:
        said = Account(
            speaker="monitor",
            speaker_kind=SpeakerKind.MONITOR,
            statement=f"Our team on the road reports: {kind.replace('_', ' ')}, convoy {self.number}.",
            publisher="gazette",
            title="Situation on the roads",
            link=f"https://example.org/reports/{self.number}/{kind}",
            language="en",
            said_on=day,
            reported_on=day,
        )
        if kind != "held":
            return [said]
        other = Account(
            speaker="The spokesperson of the authority",
            speaker_kind=SpeakerKind.PARTY,
            stance=Stance.DISPUTES,
            statement="Nobody holds it: the papers are being looked through – “as usual”.",
            said_on=day,
            reported_on=day,
            alleged_holders=["defence"],
            alleged_causes=[self.chance.choice(CAUSES)],
        )
        return [said, other] if self.chance.random() < 0.5 else [said]

"""Applies a case to the record, in the order of its files, once."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from convoys import models
from convoys.errors import ConvoyError
from convoys.services import timeline
from convoys.services.changes import ChangeSet, Claim, Record, Step, Target, When, convoy
from convoys.services.importing import organisations, places, routes
from convoys.services.importing.accounts import account_of, staff_note
from convoys.services.importing.checking import check_case
from convoys.services.importing.records import record_of, subject_of, when_of
from convoys.services.importing.tables import BadCase, Case, Row
from convoys.vocabulary import Audience

Progress = Callable[[int, int], None]
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://example.org/convoytracker/cases")


@dataclass(frozen=True)
class Loaded:
    """How many change sets the case has, and how many of them this run added."""

    change_sets: int
    added: int


def load_case(case: Case, progress: Progress = lambda done, total: None) -> Loaded:
    """Load the case as backfilled history; a repeat adds nothing.

    1. Add organisations, places, routes and agreements that are not there yet.
    2. Write each record in one change set with its claims (which make it known) and staff notes.
    3. Write the claims on a convoy's figures, then those that answer other claims.

    Every change set has a UUID made from the case's name and its own, so that an interrupted load
    goes on where it stopped and two loads at once write each only once. Raises BadCase, which names
    the line that cannot stand; what was written before it stays.
    """
    check_case(case)
    keep_master_data(case)
    loader = _Loader(case)
    plan = list(loader.plan())
    known = set(
        models.ChangeSet.objects.filter(uuid__in=[part.uuid for part in plan]).values_list("uuid", flat=True)
    )
    if len(known) == len(plan):
        return Loaded(len(plan), 0)
    added = 0
    for done, part in enumerate(plan, 1):
        added += not loader.write(part)
        progress(done, len(plan))
    return Loaded(len(plan), added)


@transaction.atomic
def keep_master_data(case: Case) -> None:
    organisations.keep_organisations(case.rows("organisations"))
    places.keep_places(case.rows("places"))
    places.keep_control_points(case.rows("control_points"))
    routes.keep_routes(case.rows("routes"), case.rows("route_names"))
    routes.keep_agreements(case.rows("agreements"))


@dataclass(frozen=True)
class _Part:
    """One change set to be: a record with its claims, or claims alone, and the staff notes on them."""

    name: str
    uuid: uuid.UUID
    row: Row | None
    claims: Sequence[Row]
    notes: Sequence[Record] = field(default_factory=tuple)


class _Loader:
    """Holds the lookups of one load, and the sequence that each line of the files received."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.instance_zone = ZoneInfo(settings.INSTANCE_TIME_ZONE)
        self.places = {row["code"]: row for row in case.rows("places")}
        self.organisations = {row["code"]: row for row in case.rows("organisations")}
        self.convoys = {row["reference"]: row for row in case.rows("convoys")}
        self.records = {row["id"]: row for row in case.rows("records")}
        self.registrations = {
            row["subject"]: row for row in case.rows("records") if row["kind"] == "registered"
        }
        self.claims = {row["id"]: row for row in case.rows("claims")}
        self.claims_on: dict[str, list[Row]] = defaultdict(list)
        for row in case.rows("claims"):
            self.claims_on[row["target"]].append(row)
        self.sequence_of: dict[str, int] = {}

    # What is to be written, in order.

    def plan(self) -> Iterator[_Part]:
        for row in self.records.values():
            claims = self.claims_on[row["id"]]
            yield _Part(row["id"], self._uuid(row["id"]), row, claims, tuple(self._notes(row, claims)))
        others = [target for target in self.claims_on if target not in self.records]
        for target in sorted(others, key=self._is_answer):
            claims = self.claims_on[target]
            notes = self._notes(self._record_behind(target), claims, on_claims_only=True)
            yield _Part(target, self._uuid(target), None, claims, tuple(notes))

    def _is_answer(self, target: str) -> bool:
        return target in self.claims

    def _uuid(self, name: str) -> uuid.UUID:
        return uuid.uuid5(NAMESPACE, f"{self.case.name}/{name}")

    def _record_behind(self, target: str) -> Row:
        """The record that a claim on a claim, or on a convoy's figure, is in the end about."""
        if target in self.records:
            return self.records[target]
        if target in self.claims:
            return self._record_behind(self.claims[target]["target"])
        return self.registrations[target.partition(":")[0]]

    def _notes(self, row: Row, claims: Sequence[Row], on_claims_only: bool = False) -> Iterator[Record]:
        """Staff notes: the remarks of the compiler, beside the record that they are about."""
        lines = [staff_note(claim, self.organisations) for claim in claims]
        if not on_claims_only:
            lines.insert(0, row["note"])
            if row["kind"] == "registered":
                yield from self._note(row, _convoy_remarks(self.convoys[row["subject"]]))
        yield from self._note(row, lines)

    def _note(self, row: Row, lines: Sequence[str]) -> Iterator[Record]:
        text = "\n".join(filter(None, lines))
        if text:
            yield Record(
                subject_of(row),
                "note",
                self._when(row),
                place=row["place"],
                text=text,
                audience=Audience.STAFF,
            )

    # Writing it.

    def write(self, part: _Part) -> bool:
        """Apply one change set and remember its sequences; says whether it had been there before."""
        accounts = [account_of(row, self.places, self._claim_zone(row)) for row in part.claims]
        steps: list[Step] = []
        if part.row is not None:
            steps.append(record_of(part.row, self.case, self._zone(part.row), accounts))
        else:
            steps.extend(
                Claim(self._target(row["target"]), account)
                for row, account in zip(part.claims, accounts, strict=True)
            )
        change_set = ChangeSet([*steps, *part.notes], backfilled=True, door="import", uuid=part.uuid)
        try:
            written = timeline.apply(change_set)
        except ConvoyError as error:
            raise BadCase(f"{part.name}: {error.message}") from error
        if part.row is not None:
            event, *rest = written.sequences[0]
            self.sequence_of[part.row["id"]] = event
            of_claims = rest[: len(accounts)]  # the sharing of a registration comes after them
        else:
            of_claims = [sequences[0] for sequences in written.sequences[: len(accounts)]]
        self.sequence_of.update(zip((row["id"] for row in part.claims), of_claims, strict=True))
        return written.is_repeat

    def _target(self, target: str) -> Target:
        if target in self.sequence_of:
            return Target(chain=self.sequence_of[target])
        reference, _, item = target.partition(":")
        return Target(subject=convoy(reference), item=item)

    # Times, each in the zone of its place, else the instance's.

    def _zone(self, row: Row, column: str = "place") -> ZoneInfo:
        name = self.places[row[column]]["time_zone"] if row[column] in self.places else ""
        return ZoneInfo(name) if name else self.instance_zone

    def _claim_zone(self, row: Row) -> ZoneInfo:
        if row["alleged_place"] in self.places:
            return self._zone(row, "alleged_place")
        return self._zone(self._record_behind(row["target"]))

    def _when(self, row: Row) -> When:
        return when_of(row, self._zone(row))


def _convoy_remarks(row: Row) -> list[str]:
    """What the compilers noted on a convoy, each line with the column it stood in."""
    in_article = "; ".join(filter(None, (row["in_article"], row["in_article_note"])))
    return [
        f"Tonnage: {row['tonnes_note']}" if row["tonnes_note"] else "",
        f"In the article: {in_article}" if in_article else "",
        row["note"],
    ]

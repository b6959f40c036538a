"""Random histories: what people on a desk may do to a record, legal or not, drawn by Hypothesis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from convoys.models import Claim as ClaimRow
from convoys.models import Convoy, Event
from convoys.queries.history import claims_in_force, history_of
from convoys.replay import in_force, legal_kinds
from convoys.services.changes import Account, Claim, Correct, Record, Retract, SubjectRef, Target, When
from convoys.services.changes import agreement as agreement_ref
from convoys.services.changes import control_point as point_ref
from convoys.services.changes import convoy as convoy_ref
from convoys.vocabulary import KINDS, Access, Precision, SubjectType
from tests import factories as make

FIRST = make.utc(2026, 3, 1)
PLACES = ["", "harbour", "junction", "bridge", "hamlet", "gate", "valley", "elsewhere"]
KEEPING = [
    "seen",
    "passed",
    "arrived",
    "inspected",
    "rerouted",
    "tracking_ended",
    "amended",
    "action",
    "note",
]
PARTS = ["handed_over", "part_lost", "part_delivered", "part_returned", "split_off"]
# Holds and their ends most of all: a story that is soon over proves little.
LIKELY = [
    *["held"] * 6, *["released", "stopped"] * 3, *["resumed", "turned_back", "passed"] * 2, "departed",
    "cancelled", "delivered", "returned", "lost", "seen", "arrived", "rerouted", "tracking_ended",
    *["handed_over"] * 2, "part_lost", "split_off",
]  # fmt: skip
CUT: dict[str, dict[str, int]] = {
    "minute": {}, "hour": {"minute": 0}, "day": {"hour": 0, "minute": 0},
    "month": {"day": 1, "hour": 0, "minute": 0},
}  # fmt: skip


@st.composite
def times(draw: st.DrawFn, after: datetime) -> When:
    """Mostly some hours after the last report, sometimes late, in the first week; of any precision."""
    if draw(st.integers(0, 3)):
        at = after + timedelta(minutes=draw(st.integers(0, 36 * 60)))
    else:
        at = FIRST + timedelta(minutes=draw(st.integers(0, 7 * 24 * 60)))
    precision = draw(st.sampled_from(list(Precision)))
    return When(at.replace(**CUT[precision]), precision)  # type: ignore[arg-type]


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    """One of three speakers, who says one thing or another, in a document of some day or of none."""
    day = draw(st.none() | st.integers(1, 20))
    return make.account(
        speaker=draw(st.sampled_from(["A", "B", "C"])),
        stance=draw(st.sampled_from(["reports", "confirms", "disputes", "denies"])),
        reported_on=make.utc(2026, 3, day).date() if day else None,
        alleged_tonnes_low=draw(st.none() | st.integers(10, 12)),
        alleged_access=draw(st.sampled_from(["", "open", "closed"])),
        alleged_order=draw(st.sampled_from(["", "together", "lachin_first"])),
    )


@st.composite
def reports(draw: st.DrawFn, ref: SubjectRef, others: Sequence[str], kind: str = "") -> Record:
    """A report about a convoy; two in three are of a kind that would be legal at the end of its history."""
    history = history_of(Convoy.objects.get(reference=ref.code))
    if not kind:
        legal = legal_kinds(history.facts)
        likely = [code for code in LIKELY if code in legal or code in KEEPING + PARTS]
        unlikely = [code for code, row in KINDS.items() if row.group == "state" and code != "registered"]
        kind = draw(st.sampled_from(likely if draw(st.integers(0, 2)) else unlikely + KEEPING + PARTS))
    row = KINDS[kind]
    place = draw(st.sampled_from(PLACES[1:] if "place" in row.required else PLACES))
    fields: dict[str, Any] = {"place": place if "place" in row.allowed else ""}
    if kind == "held":
        fields["held_before"] = draw(st.sampled_from(["", "bridge", "gate"]))
    needed = {
        "decided_by": "own_side", "loss_mode": "armed", "next_carrier": "aid_society", "text": "Telephoned.",
    }  # fmt: skip
    fields |= {name: value for name, value in needed.items() if name in row.required}
    if "other_convoy" in row.required:
        fields["other_convoy"] = draw(st.sampled_from([code for code in others if code != ref.code]))
    if row.accounts_for and draw(st.booleans()):
        fields["tonnes_low"] = draw(st.integers(0, 30))
    if kind == "amended":
        fields["declares"] = draw(st.sampled_from(amendments(ref)))
    if not row.desk_act:
        fields["claims"] = draw(st.lists(accounts(), min_size=1, max_size=2))
    since = history.facts.state_since
    return Record(ref, kind, draw(times(since.occurred_at if since else FIRST)), **fields)


def amendments(ref: SubjectRef) -> list[dict[str, Any]]:
    """What a declaration may be changed to, of each kind of rows that it stands in."""
    return [
        {"trucks": 3},
        {"trucks": None},
        {"tonnes": {"low": 50}},
        {"route": None},
        {"cargo": [{"category": "food", "description": "Flour"}]},
        {"references": [{"issuer": "Port", "number": ref.code}]},
        {"carrier": "aid_society"},
    ]


@st.composite
def roads_and_talks(draw: st.DrawFn) -> Record:
    """What happened to a control point, or to an agreement."""
    said = draw(st.lists(accounts(), min_size=1, max_size=2))
    when = draw(times(FIRST))
    if draw(st.booleans()):
        return Record(point_ref("bridge"), "access_changed", when, access=draw(_access()), claims=said)
    return Record(
        agreement_ref("passage"), draw(st.sampled_from(["discussed", "agreed", "denied"])), when, claims=said
    )


def _access() -> st.SearchStrategy[str]:
    return st.sampled_from([access.value for access in Access])


@st.composite
def claims(draw: st.DrawFn, ref: SubjectRef) -> Claim:
    """One more account: of an event, of another account, of an item, a control point or an agreement."""
    account = draw(accounts())
    events = in_force(Event.objects.filter(convoy__reference=ref.code))
    said = [row for row in claims_in_force(ClaimRow.objects.all()) if row.target_claim_id is None]
    targets = [
        Target(subject=ref, item="tonnes"), Target(subject=point_ref("bridge")),
        Target(subject=agreement_ref("passage")),
        *(Target(chain=event.chain) for event in events), *(Target(chain=row.chain) for row in said),
    ]  # fmt: skip
    return Claim(draw(st.sampled_from(targets)), account)


@st.composite
def revisions(draw: st.DrawFn, ref: SubjectRef, others: Sequence[str]) -> Correct | Retract | Record:
    """A correction or a retraction of an event or an account on record, oldest ones too.

    Of a convoy of which nothing stands any more, a report.
    """
    standing = in_force(Event.objects.filter(convoy__reference=ref.code).select_related("convoy"))
    standing += in_force(Event.objects.exclude(control_point=None, agreement=None))
    events = [event for event in standing if event.kind not in ("registered", "visibility_changed")]
    said = claims_in_force(ClaimRow.objects.all())
    if said and (not events or draw(st.integers(0, 3)) == 0):
        claim = draw(st.sampled_from(said))
        if draw(st.booleans()):
            return Retract(claim.sequence, "misheard")
        return Correct(claim.sequence, draw(accounts()), "misread")
    if not standing:  # its registration was taken back: whatever is reported of it is refused
        return draw(reports(ref, others))
    if not events:
        return Retract(standing[0].sequence, "never planned")
    event = draw(st.sampled_from(events))
    if draw(st.integers(0, 2)) == 0:
        return Retract(event.sequence, "a slip")
    if event.control_point_id:
        contents = Record(point_ref("bridge"), event.kind, draw(times(FIRST)), access=draw(_access()))
    elif event.agreement_id:
        contents = Record(agreement_ref("passage"), event.kind, draw(times(FIRST)))
    else:
        contents = draw(reports(ref, others, event.kind))
    if draw(st.booleans()):  # the same period: its place in the order is kept
        contents = replace(contents, when=When(event.occurred_at, event.precision))
    return Correct(event.sequence, contents, "better known")


@st.composite
def split_with_its_new_convoy(draw: st.DrawFn, ref: SubjectRef, new: str) -> list[Record]:
    """Registers a convoy and splits a part off into it."""
    when = draw(times(FIRST))
    declares = {"tonnes": draw(st.sampled_from([None, {"low": 5, "high": 5}])), "origin": "junction"}
    taken = draw(st.sampled_from([None, 5, 8]))
    return [
        Record(convoy_ref(new), "registered", when, declares=declares),
        make.record(ref, "split_off", when, other_convoy=new, tonnes_low=taken, tonnes_high=taken),
    ]


def subjects_of(steps: Sequence[Any]) -> set[SubjectRef]:
    """What reports of these steps are about."""
    return {step.subject for step in steps if isinstance(step, Record)}


def is_of_convoy(ref: SubjectRef) -> bool:
    return ref.type == SubjectType.CONVOY

"""Tonne-days summed from state intervals are those of a whole replay, whatever was recorded and is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from convoys.clocks import end_of_day
from convoys.errors import ConvoyError
from convoys.models import Claim as ClaimRow
from convoys.models import Event, Place
from convoys.queries.as_of import Moment
from convoys.queries.hold_groups import GROUPINGS
from convoys.queries.tonne_days import Group, TonneDays, Window, tonne_days
from convoys.queries.visibility import Viewer, visible_convoys
from convoys.services import timeline
from convoys.services.changes import Account, ChangeSet, Claim, Record, SubjectRef, convoy
from convoys.vocabulary import Audience, Precision
from tests import factories as make
from tests.queries.replayed import replayed_tonne_days
from tests.services import histories

pytestmark = pytest.mark.django_db

CONVOYS = ["P-1", "P-2", "P-3"]
STAFF = Viewer(is_staff=True)
READERS = [STAFF, STAFF, *(Viewer(False, code) for code in ("aid_society", "city_fund"))]
ZONES = {"junction": "Asia/Yerevan", "hamlet": "America/New_York", "gate": "Pacific/Auckland"}
INSTANT = timedelta(microseconds=1)
AMENDMENTS: list[dict[str, Any]] = [
    {"tonnes": {"low": 5, "high": 7}}, {"tonnes": {"low": 9}}, {"tonnes": None}, {"trucks": 3},
    {"route": None}, {"route": "other"}, {"sponsors": ["city_fund"]},
    {"sponsors": ["aid_society", "city_fund"]},
]  # fmt: skip


@pytest.fixture(autouse=True)
def country() -> None:
    make.road()
    make.route("other", "harbour", "hamlet")
    for code in ("aid_society", "city_fund"):
        make.organisation(code)
    for place, zone in ZONES.items():
        Place.objects.filter(pk=place).update(time_zone=zone)
    make.coordinator()


@settings(max_examples=25)
@given(data=st.data())
def test_they_are_those_of_a_replay(data: st.DataObject) -> None:
    with undone():
        make.make_held_convoy("P-1", "2026-03-02")
        make.make_held_convoy("P-2", "2026-03-03T10:00", declares={"tonnes": None})
        make.make_held_convoy("P-3", declares={"tonnes": {"low": 9}, "sponsors": ["city_fund"]})
        for _ in range(data.draw(st.integers(4, 14))):
            something_happens(data)
        for _ in range(10):
            moment, window = data.draw(moments()), data.draw(windows())
            reader, group_by = data.draw(st.sampled_from(READERS)), data.draw(st.sampled_from(GROUPINGS))
            asked = (visible_convoys(reader), reader, group_by, moment, window)
            with time_machine.travel(datetime.now().astimezone(), tick=False):
                assert figures(tonne_days(*asked)) == figures(replayed_tonne_days(*asked)), asked[1:]


@contextmanager
def undone() -> Iterator[None]:
    """What is written inside is gone afterwards."""
    block = transaction.atomic()
    vars(block)["_from_testcase"] = True
    with block:
        yield
        transaction.set_rollback(True)


def something_happens(data: st.DataObject) -> None:
    """One act of a desk, or of an importer who loads it afterwards; what is refused leaves nothing behind."""
    ref = convoy(data.draw(st.sampled_from(CONVOYS)))
    acts = [
        histories.reports(ref, CONVOYS), histories.reports(ref, CONVOYS, "held"),
        histories.reports(ref, CONVOYS, "handed_over"), histories.reports(ref, CONVOYS, "released"),
        amendments(ref), amendments(ref), histories.revisions(ref, CONVOYS), histories.claims(ref),
    ]  # fmt: skip
    step = data.draw(data.draw(st.sampled_from(acts)))
    if isinstance(step, Claim):
        step = replace(step, account=data.draw(allegations(step.account)))
    elif isinstance(step, Record):
        step = replace(step, claims=[data.draw(allegations(account)) for account in step.claims])
    loaded = data.draw(st.booleans())
    try:
        timeline.apply(ChangeSet([step], author=None, backfilled=loaded, door="test"))
    except ConvoyError:
        return


@st.composite
def amendments(draw: st.DrawFn, ref: SubjectRef) -> Record:
    return Record(
        ref, "amended", draw(histories.times(histories.FIRST)), declares=draw(st.sampled_from(AMENDMENTS))
    )


@st.composite
def allegations(draw: st.DrawFn, account: Account) -> Account:
    return replace(
        account,
        alleged_holders=draw(st.sampled_from([[], ["aid_society"], ["aid_society", "city_fund"]])),
        alleged_causes=draw(st.sampled_from([[], ["mines"], ["unknown"]])),
        audience=draw(st.sampled_from(["", *Audience.values])),
    )


@st.composite
def instants(draw: st.DrawFn) -> datetime:
    """One that can tell a difference: of a report or of the order, the one before, or any in the weeks."""
    if draw(st.booleans()):
        rows = Event.objects.values_list("occurred_at", "effective_at")
        return (
            draw(st.sampled_from(sorted({at for row in rows for at in row})))
            - draw(st.integers(0, 1)) * INSTANT
        )
    return histories.FIRST + timedelta(minutes=draw(st.integers(0, 40 * 24 * 60)))


@st.composite
def moments(draw: st.DrawFn) -> Moment:
    known = [model.objects.values_list("known_from", flat=True) for model in (Event, ClaimRow)]
    known_at = draw(seldom(st.sampled_from(sorted({at for rows in known for at in rows}))))
    if known_at is not None:
        known_at -= draw(st.integers(0, 1)) * INSTANT
    return Moment(draw(st.none() | instants()), known_at)


def seldom(drawn: st.SearchStrategy[datetime]) -> st.SearchStrategy[datetime | None]:
    """In one of three cases; what is narrowed down on all sides is empty."""
    return st.integers(0, 2).flatmap(lambda number: st.none() if number else drawn)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """None, one end or both, the later one first now and then; of a day or of a minute."""
    ends: list[Any] = []
    for _ in range(2):
        at = draw(seldom(instants()))
        if at is not None and draw(st.booleans()):
            ends += [end_of_day(at.date()), Precision.DAY]
        else:
            ends += [at, Precision.MINUTE]
    return Window(ends[0], ends[2], ends[1], ends[3])


def figures(answer: TonneDays) -> tuple[Any, ...]:
    """An answer's figures, exact to what the order of summing leaves alone."""
    by = [sorted(map(group, groups)) for groups in (answer.groups, answer.not_confirmed)]
    return group(answer.total), group(answer.not_confirmed_total), *by, answer.is_backfilled


def group(of: Group) -> tuple[str, ...]:
    high = "no upper end" if of.high is None else str(of.high.quantize(Decimal("1e-9")))
    return of.key, str(of.low.quantize(Decimal("1e-9"))), high, str(of.holds), str(of.unknown_tonnage)

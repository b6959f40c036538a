"""What a door may hand in by mistake or malice: each a clear error on its field, nothing half-written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from convoys.errors import ConvoyError, InvalidInput, UnknownReference
from convoys.models import Convoy, LedgerHead, Words
from convoys.services import timeline
from convoys.services.changes import (
    Account,
    ChangeSet,
    Claim,
    Record,
    Retract,
    SubjectRef,
    Target,
    When,
    convoy,
)
from tests import factories as make

pytestmark = pytest.mark.django_db

MEGABYTE = "x" * 1_000_000
LONG_AGO, NAIVE = datetime(1889, 1, 1, tzinfo=UTC), datetime(2026, 3, 2, 12)
FUTURE = timezone.now() + timedelta(days=30)
LAST = datetime.max.replace(tzinfo=ZoneInfo("Pacific/Honolulu"))

RECORD_FIELDS: list[tuple[str, Any, str]] = [
    ("when", When(NAIVE), "occurred_at"),
    ("when", When(FUTURE), "occurred_at"),
    ("when", When(LONG_AGO), "occurred_at"),
    ("when", When(LAST), "occurred_at"),
    ("when", When(datetime(2026, 3, 2, tzinfo=UTC), precision="second"), "precision"),
    ("when", When(datetime(2026, 3, 2, tzinfo=UTC), bound="before"), "bound"),
    ("when", When(datetime(2026, 3, 2, tzinfo=UTC), as_printed=MEGABYTE), "time_as_printed"),
    ("when", When(datetime(2026, 3, 2, tzinfo=UTC), as_printed="at\x00noon"), "time_as_printed"),
    ("when", When(date(2026, 3, 2)), "occurred_at"),  # type: ignore[arg-type]
    ("place", "nowhere", "place"),
    ("place", "har\x00bour", "place"),
    ("place", MEGABYTE, "place"),
    ("place", "half\ud800", "place"),
    ("place", ["harbour"], "place"),
    ("heading", "nowhere", "heading"),
    ("trucks", -1, "trucks"),
    ("trucks", 10_001, "trucks"),
    ("trucks", True, "trucks"),
    ("trucks", "four", "trucks"),
    ("tonnes_low", Decimal(-1), "tonnes_low"),
    ("tonnes_low", Decimal("NaN"), "tonnes_low"),
    ("tonnes_low", Decimal("Infinity"), "tonnes_low"),
    ("tonnes_low", Decimal("1e30"), "tonnes_low"),
    ("tonnes_low", Decimal("0.0001"), "tonnes_low"),
    ("tonnes_high", Decimal(5), "tonnes_low"),
    ("held_before", "bridge", "held_before"),
    ("decided_by", "own_side", "decided_by"),
    ("loss_mode", "theft", "loss_mode"),
    ("text", "A note.", "text"),
    ("visible_to", "all_partners", "visible_to"),
    ("audience", "friends", "audience"),
    ("kind", "vanished", "kind"),
    ("kind", "held\x00", "kind"),
    ("declares", {"trucks": 3}, "trucks"),
]


def refused(step: Any, error: type[InvalidInput] = InvalidInput) -> InvalidInput:
    """Send the step, expect the error, and see that nothing was written."""
    before = (LedgerHead.objects.get().size, list(Convoy.objects.order_by("pk").values()))
    with pytest.raises(error) as raised:
        make.apply(step)
    assert (LedgerHead.objects.get().size, list(Convoy.objects.order_by("pk").values())) == before
    assert len(raised.value.message) < 1000
    return raised.value


@pytest.mark.parametrize(("field", "value", "named"), RECORD_FIELDS)
def test_a_report_with_a_field_that_cannot_be_taken(field: str, value: Any, named: str) -> None:
    ref = make.make_convoy()
    step = replace(make.record(ref, "departed", "2026-03-02"), **{field: value})
    assert named in refused(step).fields


ACCOUNT_FIELDS: list[tuple[str, Any, str]] = [
    ("speaker", "", "speaker"),
    ("speaker", MEGABYTE, "speaker"),
    ("speaker", "An\x00onymous", "speaker"),
    ("speaker", "An observer\nBcc: somebody", "speaker"),
    ("title", "One line\u2028and another", "title"),
    ("speaker_person", "C1\x9b31m", "speaker_person"),
    ("speaker", None, "speaker"),
    ("speaker_kind", "", "speaker_kind"),
    ("speaker_kind", "rumour", "speaker_kind"),
    ("stance", "shrugs", "stance"),
    ("statement", MEGABYTE, "statement"),
    ("statement", "half\ud800", "statement"),
    ("statement", "bell\x07", "statement"),
    ("link", "javascript:alert(1)", "link"),
    ("link", "https://", "link"),
    ("link", "http://[bad", "link"),
    ("language", "x" * 17, "language"),
    ("said_on", timezone.now().date() + timedelta(days=3), "said_on"),
    ("reported_on", date(1889, 1, 1), "reported_on"),
    ("reported_on", "2026-03-02", "reported_on"),
    ("alleged_holders", ["nobody_known"], "alleged_holders"),
    ("alleged_causes", ["bad luck"], "alleged_causes"),
    ("alleged_when", When(NAIVE), "alleged_when"),
    ("alleged_when", When(FUTURE), "alleged_when"),
    ("alleged_place", "nowhere", "alleged_place"),
    ("alleged_access", "ajar", "alleged_access"),
    ("alleged_order", "random", "alleged_order"),
    ("alleged_trucks", -3, "alleged_trucks"),
    ("alleged_tonnes_low", Decimal("-0.5"), "alleged_tonnes_low"),
    ("alleged_tonnes_high", Decimal("7"), "alleged_tonnes_low"),
    ("audience", "friends", "audience"),
]


@pytest.mark.parametrize(("field", "value", "named"), ACCOUNT_FIELDS)
def test_a_claim_with_a_field_that_cannot_be_taken(field: str, value: Any, named: str) -> None:
    ref = make.make_convoy()
    account: Account = replace(make.account(), **{field: value})
    assert named in refused(make.record(ref, "departed", "2026-03-02", claims=[account])).fields
    assert named in refused(Claim(Target(subject=ref, item="trucks"), account)).fields


DECLARED: list[tuple[dict[str, Any], str]] = [
    ({"colour": "red"}, "colour"),
    ({"trucks": -1}, "trucks"),
    ({"trucks": 2.5}, "trucks"),
    ({"tonnes": {"low": "-4"}}, "tonnes_low"),
    ({"tonnes": {"high": "4"}}, "tonnes_low"),
    ({"tonnes": {"low": "9", "high": "4"}}, "tonnes_high"),
    ({"tonnes": "40"}, "tonnes"),
    ({"tonnes": {"about": "40"}}, "tonnes"),
    ({"tonnes": {"low": "forty"}}, "tonnes_low"),
    ({"sponsors": "aid_society"}, "sponsors"),
    ({"sponsors": ["nobody_known"]}, "sponsors"),
    ({"sponsors": [["aid_society"]]}, "sponsors"),
    ({"sponsors": 5}, "sponsors"),
    ({"carrier": ["aid_society"]}, "carrier"),
    ({"carrier": {"code": "aid_society"}}, "carrier"),
    ({"origin": "nowhere"}, "origin"),
    ({"origin": {"code": "harbour"}}, "origin"),
    ({"route": ["main"]}, "route"),
    ({"route": "lane"}, "route"),
    ({"cargo": {"category": "food"}}, "cargo"),
    ({"cargo": [{"category": "gold"}]}, "cargo"),
    ({"cargo": [{"description": "flour"}]}, "cargo"),
    ({"cargo": ["food"]}, "cargo"),
    ({"cargo": [{"category": "food", "quantity": "-1"}]}, "cargo"),
    ({"cargo": [{"category": "food", "description": MEGABYTE}]}, "cargo"),
    ({"cargo": [{"category": "food"}] * 201}, "cargo"),
    ({"references": [{"issuer": "Haulage"}]}, "references"),
    ({"references": ["W-7"]}, "references"),
    ({"planned_departure": "2026-03-02"}, "planned_departure"),
    ({"due_arrival": NAIVE}, "due_arrival"),
    ({"due_arrival": datetime(9999, 1, 1, tzinfo=UTC)}, "due_arrival"),
]


@pytest.mark.parametrize(("declares", "named"), DECLARED)
@pytest.mark.parametrize("kind", ["registered", "amended"])
def test_a_declaration_that_cannot_be_taken(declares: dict[str, Any], named: str, kind: str) -> None:
    ref = make.make_convoy()
    subject = convoy("C-2") if kind == "registered" else ref
    error = refused(Record(subject, kind, make.at("2026-03-02"), declares=declares))
    assert named in error.fields
    assert Convoy.objects.count() == 1


@pytest.mark.parametrize(
    "reference",
    ["", "a b", "C/1", "C?1", "C#1", "C%1", " C-1", "C\x00", "x" * 65, "line\nbreak", "C\u200b1", "C\ud800"],
)
def test_a_reference_that_could_not_stand_in_an_address(reference: str) -> None:
    make.make_convoy("C-9")
    refused(Record(convoy(reference), "registered", make.at("2026-03-02")))


@pytest.mark.parametrize(
    "subject",
    [
        convoy("C-404"),
        convoy("C\x00"),
        convoy(MEGABYTE),
        convoy("C\ud800"),
        SubjectRef("control_point", "harbour"),
        SubjectRef("control_point", "har\x00bour"),
        SubjectRef("agreement", "none"),
        SubjectRef("truck", "T-1"),
    ],
    ids=lambda ref: f"{ref.type} {ref.code[:12]!r}",
)
def test_a_subject_that_is_not_on_record(subject: SubjectRef) -> None:
    make.make_convoy()
    refused(make.record(subject, "note", "2026-03-02", text="A note."), UnknownReference)


@pytest.mark.parametrize("sequence", [0, -1, 99_999, 1 << 63, "1", None])
def test_a_retraction_of_nothing_on_record(sequence: Any) -> None:
    make.make_convoy()
    refused(Retract(sequence, "a slip"), UnknownReference)


@pytest.mark.parametrize(
    "code", ["C-404", "C\x00", "C\ud800", MEGABYTE], ids=["unknown", "null", "half", "long"]
)
def test_a_claim_on_a_convoy_that_is_not_on_record(code: str) -> None:
    make.make_convoy()
    refused(Claim(Target(subject=convoy(code), item="tonnes"), make.account()), UnknownReference)


def test_a_reason_of_a_megabyte() -> None:
    ref = make.make_convoy()
    sequence = make.tell(ref, "departed", "2026-03-02")
    assert "reason" in refused(Retract(sequence, MEGABYTE)).fields


def test_an_answer_to_an_answer_is_not_taken() -> None:
    ref = make.make_convoy()
    sequence = make.tell(ref, "departed", "2026-03-02")
    first = make.apply(Claim(Target(chain=sequence), make.account())).sequences[0][0]
    second = make.apply(Claim(Target(chain=first), make.account())).sequences[0][0]
    refused(Claim(Target(chain=second), make.account()))


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01", "2026-02-30", "10:00", "2026-03-02 10:00", "2026", "9" * 5000]
)
def test_a_time_that_cannot_be_read(text: str) -> None:
    with pytest.raises(InvalidInput):
        When.parse(text, ZoneInfo("UTC"))


def test_a_local_time_that_the_clock_skips_is_an_error_and_one_it_shows_twice_is_the_first() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    with pytest.raises(InvalidInput, match="never shows"):
        When.parse("2026-03-29T02:30", berlin)
    assert When.parse("2026-10-25T02:30", berlin).at.astimezone(UTC) == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )
    with pytest.raises(InvalidInput):
        When.parse("0001-01-01T00:00", ZoneInfo("Asia/Tokyo"))


def test_a_clock_that_runs_a_little_ahead_is_forgiven() -> None:
    ref = make.make_convoy()
    make.tell(ref, "departed", When(timezone.now() + timedelta(minutes=4)))


@pytest.mark.parametrize(
    "text", ["Ստեփանակերտ", "Xankəndi", "خانکندی", "😀", "line one\nline two\ttab", "<b>&amp;'\"; DROP TABLE"]
)
def test_texts_of_every_script_are_kept_as_they_are(text: str) -> None:
    ref = make.make_convoy()
    sequence = make.tell(ref, "note", "2026-03-02", text=text, claims=[])
    assert Words.objects.get(sequence=sequence).fields == {"text": text}


def test_every_refusal_is_one_of_ours() -> None:
    """Doors catch one family of errors: whatever is refused belongs to it and bears a code."""
    ref = make.make_convoy()
    with pytest.raises(ConvoyError) as raised:
        timeline.apply(ChangeSet(steps=[make.record(ref, "resumed", "2026-03-02")]))
    assert raised.value.code == "illegal_history"

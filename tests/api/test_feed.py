"""The change feed: what each row tells, whom it tells of what they gain and lose, and where it ends."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from convoys.queries.feed import pages
from convoys.services.changes import (
    Claim,
    Correct,
    Record,
    Retract,
    SubjectRef,
    Target,
    agreement,
    control_point,
    convoy,
)
from convoys.services.erasing import erase_words
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

Row = dict[str, Any]
OTHER = "other_society"


@pytest.fixture
def ref() -> SubjectRef:
    """A convoy of the partner's; the other partner may not know of it."""
    make.organisation(OTHER)
    return make.make_convoy("C-1")


def partner() -> Program:
    return Program(make.partner())


def other() -> Program:
    return Program(make.partner(OTHER))


def read(program: Program, after: int = 0, more: str = "") -> list[Row]:
    return list(program.get(f"events?after={after}{more}")["results"])


def types(rows: list[Row]) -> list[tuple[int, str]]:
    return [(row["sequence"], row["type"]) for row in rows]


def moves(rows: list[Row]) -> list[tuple[int, list[str], list[str]]]:
    """Of the rows that tell of a convoy gained or lost: where, what, and what."""
    told = ((row["sequence"], row["visible"], row["withdrawn"]) for row in rows)
    return [row for row in told if row[1] or row[2]]


def share(ref: SubjectRef, visible_to: Any, **more: Any) -> int:
    return make.apply(Record(ref, "visibility_changed", visible_to=visible_to, **more)).sequences[0][0]


# --- what rows tell


def test_an_event_and_its_claims_are_rows_each_as_the_details_show_them(ref: SubjectRef) -> None:
    event, claim = make.apply(make.record(ref, "departed", "2026-03-02")).sequences[0]
    rows = {row["sequence"]: row for row in read(partner(), event - 1)}
    assert types(list(rows.values())) == [(event, "event"), (claim, "claim")]
    (shown,) = [one for one in partner().get("convoys/C-1")["events"] if one["sequence"] == event]
    own = {"subject", "visible", "withdrawn"}
    of_details = {"claims", "contested", "inferred", "implied_by"}
    assert {name: value for name, value in rows[event].items() if name not in own} == {
        name: value for name, value in shown.items() if name not in of_details
    }
    assert {name: value for name, value in rows[claim].items() if name not in {*own, "type"}} == shown[
        "claims"
    ][0]
    assert rows[claim]["subject"] == rows[event]["subject"] == {"type": "convoy", "code": "C-1"}
    assert rows[claim]["target"]["chain"] == event


def test_a_correction_a_retraction_and_a_late_claim_are_rows(ref: SubjectRef) -> None:
    event, claim = make.apply(make.record(ref, "departed", "2026-03-02")).sequences[0]
    (late,) = make.apply(Claim(Target(chain=event), make.account(speaker="B"))).sequences[0]
    contents = make.record(ref, "departed", "2026-03-03", claims=[])
    (corrected,) = make.apply(Correct(event, contents, "misread")).sequences[0]
    (taken_back,) = make.apply(Retract(claim, "misheard")).sequences[0]
    rows = read(partner(), claim)
    told = [(row["sequence"], row["type"], row["act"], row["chain"], row["supersedes"]) for row in rows]
    assert told == [
        (late, "claim", "record", late, None),
        (corrected, "event", "correct", event, event),
        (taken_back, "claim", "retract", claim, claim),
    ]
    assert rows[2]["reason"] == "misheard"


def test_an_erasure_is_told_to_whom_the_words_were(ref: SubjectRef) -> None:
    _, claim = make.apply(make.record(ref, "departed", "2026-03-02")).sequences[0]
    (note,) = make.apply(make.record(ref, "note", "2026-03-02", text="Ours.", claims=[])).sequences[0]
    erasure = erase_words(claim, "asked for", make.administrator())
    erase_words(note, "asked for", make.administrator())
    rows = read(partner(), claim)
    assert [(row["sequence"], row["type"], row["erased_sequence"]) for row in rows] == [
        (erasure, "erasure", claim)
    ]
    assert "reason" not in rows[0]
    assert read(other()) == []
    (told,) = [row for row in read(partner()) if row["sequence"] == claim]
    assert (told["erased"], told["statement"]) == (True, None)


def test_an_erasure_of_an_erasure_is_told_as_far_as_the_first(ref: SubjectRef) -> None:
    _, claim = make.apply(make.record(ref, "departed", "2026-03-02")).sequences[0]
    first = erase_words(claim, "a name", make.administrator())
    second = erase_words(first, "the name again", make.administrator())
    assert [row["sequence"] for row in read(partner(), claim)] == [first, second]


def test_what_is_about_a_road_is_told_to_every_partner(ref: SubjectRef) -> None:
    make.tell(control_point("bridge"), "access_changed", "2026-03-01", access="closed")
    assert {row["subject"]["code"] for row in read(other())} == {"bridge"}


# --- who is told of what they gain and lose


def test_a_convoy_that_is_shared_and_withdrawn_is_told_at_those_entries(ref: SubjectRef) -> None:
    shared, withdrawn = share(ref, [OTHER]), share(ref, [])
    again = share(ref, "all_partners")
    assert moves(read(other())) == [
        (shared, ["C-1"], []),
        (withdrawn, [], ["C-1"]),
        (again, ["C-1"], []),
    ]
    assert moves(read(partner())) == [(1, ["C-1"], [])], "the sponsor saw it all the while"


def test_who_lost_a_convoy_learns_its_reference_and_nothing_else(ref: SubjectRef) -> None:
    share(ref, [OTHER])
    withdrawn = share(ref, [])
    make.tell(ref, "departed", "2026-03-02")
    assert read(other()) == [
        {
            "sequence": withdrawn,
            "type": "visibility",
            "visible": [],
            "withdrawn": ["C-1"],
            "withdrawn_chain": None,
        }
    ]
    make.organisation("third_society")
    assert read(Program(make.partner("third_society"))) == [], "who never saw it is told nothing"


def test_an_amendment_of_the_parties_is_told_to_who_leaves_and_who_comes(ref: SubjectRef) -> None:
    make.apply(Record(ref, "amended", make.at("2026-03-02"), declares={"sponsors": [OTHER]}))
    assert moves(read(partner())) == [(3, [], ["C-1"])]
    assert moves(read(other())) == [(3, ["C-1"], [])]


def test_who_is_no_party_any_more_but_still_sees_it_fetches_it_anew(ref: SubjectRef) -> None:
    share(ref, "all_partners")
    make.apply(Record(ref, "amended", make.at("2026-03-02"), declares={"sponsors": [OTHER]}))
    assert moves(read(partner()))[-1] == (4, ["C-1"], [])
    assert moves(read(other()))[-1] == (4, ["C-1"], [])


def test_a_registration_taken_back_is_withdrawn(ref: SubjectRef) -> None:
    (taken_back,) = make.apply(Retract(1, "never planned")).sequences[0]
    rows = read(partner(), 1)
    assert moves(rows) == [(taken_back, [], ["C-1"])]
    assert read(Program(make.viewer()), 1)[0]["withdrawn"] == [], "staff see it all the same"


def test_a_convoy_that_names_one_gained_or_lost_is_fetched_anew(ref: SubjectRef) -> None:
    make.make_convoy("C-2", declares={"sponsors": [OTHER]})
    account = make.account(alleged_link="continues", alleged_convoy="C-2")
    make.apply(Claim(Target(subject=ref, item="links"), account))
    shared = share(convoy("C-2"), ["aid_society"])
    withdrawn = share(convoy("C-2"), [])
    shown_again = share(convoy("C-2"), ["aid_society"])
    assert moves(read(partner()))[1:] == [
        (shared, ["C-1", "C-2"], []),
        (withdrawn, ["C-1"], ["C-2"]),
        (shown_again, ["C-1", "C-2"], []),
    ]


def test_what_staff_alone_say_of_two_convoys_tells_a_partner_nothing(ref: SubjectRef) -> None:
    make.make_convoy("C-2", declares={"sponsors": [OTHER]})
    account = make.account(alleged_link="continues", alleged_convoy="C-2", audience="staff")
    make.apply(Claim(Target(subject=ref, item="links"), account))
    shared = share(convoy("C-2"), ["aid_society"])
    assert moves(read(partner()))[-1] == (shared, ["C-2"], [])


@pytest.mark.parametrize("audience", ["staff", "parties"])
def test_an_entry_that_is_narrowed_is_withdrawn_from_who_could_read_it(
    audience: str, ref: SubjectRef
) -> None:
    share(ref, [OTHER])
    seen, claim = make.apply(make.record(ref, "seen", "2026-03-02", audience="partners")).sequences[0]
    contents = make.record(ref, "seen", "2026-03-02", audience=audience, claims=[])
    (narrowed,) = make.apply(Correct(seen, contents, "not for all")).sequences[0]
    told = {
        "sequence": narrowed,
        "type": "visibility",
        "visible": [],
        "withdrawn": [],
        "withdrawn_chain": seen,
    }
    assert read(other(), claim) == [told]
    if audience == "staff":
        assert read(partner(), claim) == [told]
    else:
        assert types(read(partner(), claim)) == [(narrowed, "event")]


def test_an_account_that_is_narrowed_is_withdrawn_and_one_never_read_is_not(ref: SubjectRef) -> None:
    make.apply(make.record(ref, "departed", "2026-03-02"))
    told = make.apply(Claim(Target(chain=2), make.account(speaker="A"))).sequences[0][0]
    kept = make.apply(Claim(Target(chain=2), make.account(speaker="B", audience="staff"))).sequences[0][0]
    (narrowed,) = make.apply(Correct(told, make.account(audience="staff"), "in confidence")).sequences[0]
    make.apply(Correct(kept, make.account(speaker="C", audience="staff"), "misread"))
    (row,) = read(partner(), kept)
    assert (row["sequence"], row["withdrawn_chain"]) == (narrowed, told)


def test_one_shared_with_after_a_narrowing_is_not_told_of_it(ref: SubjectRef) -> None:
    seen = make.apply(make.record(ref, "seen", "2026-03-02", audience="partners")).sequences[0][0]
    contents = make.record(ref, "seen", "2026-03-02", audience="staff", claims=[])
    make.apply(Correct(seen, contents, "not for all"))
    shared = share(ref, [OTHER])
    assert [(row["sequence"], row["type"]) for row in read(other())] == [(shared, "visibility")]


# --- pages


def test_pages_hold_every_row_once_and_the_end_is_empty_with_a_cursor(ref: SubjectRef) -> None:
    make.tell(ref, "departed", "2026-03-02")
    everything = read(partner())
    walked, address = [], "events?page_size=1"
    while address:
        page = partner().get(address)
        walked += page["results"]
        address = page["next"]
    assert walked == everything
    end = partner().get(f"events?after={everything[-1]['sequence']}")
    assert end == {"results": [], "next": None, "cursor": 3}


def test_the_cursor_passes_what_is_not_for_the_reader(ref: SubjectRef) -> None:
    page = other().get("events")
    assert page == {"results": [], "next": None, "cursor": 1}
    shared = share(ref, [OTHER])
    assert moves(read(other(), page["cursor"])) == [(shared, ["C-1"], [])]


def test_a_cursor_that_is_not_yet_is_refused(ref: SubjectRef) -> None:
    answer = partner().ask("events?after=2")
    assert (answer.status, answer.body["code"]) == (400, "invalid-parameter")


BAD = [
    "after=-1", "after=x", "after=1&after=1", "after=%00", "page_size=0", "page_size=501", "page_size=",
    "cursor=1", "convoy=C-1&convoy=C-1",
]  # fmt: skip


@pytest.mark.parametrize("query", BAD)
def test_a_question_that_cannot_be_taken_is_a_problem(query: str, ref: SubjectRef) -> None:
    answer = partner().ask(f"events?{query}")
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("who", [make.viewer, make.partner, lambda: make.partner(OTHER)])
@pytest.mark.parametrize("size", [1, 2, 500])
def test_a_reader_of_little_gets_the_same_from_its_own_convoys_as_along_the_ledger(
    who: Any, size: int, ref: SubjectRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(ref)
    person: User = who()
    along = walk(Program(person), size)
    monkeypatch.setattr(pages, "LEAST_STRETCH", 1)
    monkeypatch.setattr(pages, "FEW", 1)
    assert walk(Program(person), size) == along


NARROWED = {
    "&convoy=C-1": lambda row: row["subject"]["code"] == "C-1",
    "&control_point=bridge": lambda row: row["subject"]["code"] == "bridge",
    "&agreement=passage": lambda row: row["subject"]["code"] == "passage",
    "&convoy=C-1&agreement=passage": lambda row: False,
    "&kind=seen,departed": lambda row: row.get("kind") in ("seen", "departed") and is_true(row),
    "&convoy=C-1&kind=seen": lambda row: row.get("kind") == "seen" and row["subject"]["code"] == "C-1",
    "&exercise=true": lambda row: not is_true(row),
    "&exercise=false": lambda row: is_true(row),
}


def is_true(row: Row) -> bool:
    return bool(row["subject"]["code"] != "X")


@pytest.mark.parametrize("query", NARROWED)
def test_a_narrowed_feed_holds_of_the_whole_what_it_names(query: str, ref: SubjectRef) -> None:
    fill(ref)
    staff = Program(make.viewer())
    whole = read(staff, more="&exercise=all&page_size=500")
    assert walk(staff, 3, query) == [row for row in whole if NARROWED[query](row)]


def fill(ref: SubjectRef) -> None:
    """Two convoys, an exercise, a road, an agreement, answers, narrowings, an erasure."""
    make.make_convoy("X", is_exercise=True)
    make.make_convoy("C-2", declares={"sponsors": [OTHER]})
    make.agreement("passage")
    make.tell(agreement("passage"), "discussed", "2026-03-01")
    make.tell(control_point("bridge"), "access_changed", "2026-03-01", access="closed")
    seen, claim = make.apply(make.record(ref, "seen", "2026-03-02")).sequences[0]
    make.apply(Claim(Target(chain=claim), make.account(stance="denies", speaker="B")))
    make.apply(Claim(Target(subject=ref, item="tonnes"), make.account(alleged_tonnes_low=3)))
    share(ref, [OTHER])
    make.apply(Correct(seen, make.record(ref, "seen", "2026-03-02", audience="staff", claims=[]), "ours"))
    make.tell("C-2", "departed", "2026-03-03")
    erase_words(claim, "asked for", make.administrator())
    share(ref, [])


def walk(program: Program, size: int, more: str = "") -> list[Row]:
    rows: list[Row] = []
    address = f"events?page_size={size}{more}"
    while address:
        page = program.get(address)
        assert len(page["results"]) <= size
        rows += page["results"]
        address = page["next"]
    return rows

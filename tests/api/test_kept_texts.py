"""Texts kept of answers save work and change nothing: every answer is the one that would be made anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Organisation, User
from convoys.api import etags
from convoys.api import kept as keeper
from convoys.models import Convoy, KeptText, PlaceName
from convoys.services import keeping
from convoys.services.changes import Claim, Correct, Record, Retract, Target, convoy
from convoys.services.erasing import erase_words
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


@pytest.fixture
def partner() -> Program:
    """A partner to three convoys, one of them held; there is a fourth that it may not know of."""
    make.organisation("other_society")
    make.organisation("third_society")
    for number in (1, 2):
        make.make_convoy(f"C-{number}", declares={"due_arrival": make.utc(2026, 3, 5, 10)})
    make.make_held_convoy("C-3", declares={"sponsors": ["aid_society", "other_society"]})
    make.make_convoy("C-9", declares={"sponsors": ["other_society"]})
    return Program(make.partner())


def kept() -> dict[str, str]:
    """Texts of rows that are kept, by the convoy's reference."""
    return dict(KeptText.objects.filter(shape="row").values_list("convoy__reference", "text"))


def made_anew(program: Program, path: str) -> Any:
    with transaction.atomic():
        KeptText.objects.all().delete()
        body = program.get(path)
        transaction.set_rollback(True)
    return body


def test_the_second_answer_is_put_together_from_what_the_first_kept(partner: Program) -> None:
    assert kept() == {}
    first = partner.get("convoys")
    assert set(kept()) == {"C-1", "C-2", "C-3"}
    KeptText.objects.filter(convoy__reference="C-2").update(text='{"reference":"out of the kept text"}')
    second = partner.get("convoys")
    assert second["results"][1] == {"reference": "out of the kept text"}
    assert [second["results"][at] for at in (0, 2)] == [first["results"][at] for at in (0, 2)]


def test_who_reads_what_others_kept_still_sees_only_their_own(partner: Program) -> None:
    everything = Program(make.viewer()).ask("convoys")
    assert everything.references == ["C-1", "C-2", "C-3", "C-9"]
    with CaptureQueriesContext(connection) as queries:
        assert partner.ask("convoys").references == ["C-1", "C-2", "C-3"]
    assert not any("INSERT" in query["sql"] for query in queries)
    assert Program(make.partner("other_society")).ask("convoys").references == ["C-3", "C-9"]


def by_sql() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE convoys_placename SET name = 'Anew'")


CHANGES: dict[str, Callable[[Any], Any]] = {
    "a report": lambda settings: make.tell("C-1", "departed", "2026-03-01T09:00"),
    "a report that moves nothing but its day": lambda settings: make.tell("C-3", "seen", "2026-03-04"),
    "an amendment": lambda settings: make.tell("C-1", "amended", "2026-03-02", declares={"trucks": 9}),
    "another sponsor": lambda settings: make.tell(
        "C-1", "amended", "2026-03-02", declares={"sponsors": ["other_society"]}
    ),
    "a correction": lambda settings: make.apply(
        Correct(newest("C-3"), Record(convoy("C-3"), "held", make.at("2026-03-03"), place="hamlet"), "No.")
    ),
    "a retraction": lambda settings: make.apply(Retract(newest("C-3"), "A slip.")),
    "a claim": lambda settings: make.apply(Claim(Target(chain=newest("C-3")), make.account(stance="denies"))),
    "a place's name": lambda settings: PlaceName.objects.filter(place="junction").update(name="Crossroads"),
    "every place's name, by hand": lambda settings: by_sql(),
    "the silence limit": lambda settings: setattr(settings, "SILENT_AFTER_HOURS", 5),
    "the instance's zone": lambda settings: setattr(settings, "INSTANCE_TIME_ZONE", "Asia/Yerevan"),
}


def newest(reference: str) -> int:
    return int(Convoy.objects.values_list("newest_entry", flat=True).get(reference=reference) or 0)


@pytest.mark.parametrize("change", CHANGES)
def test_after_every_change_the_answer_is_the_one_that_would_be_made_anew(
    change: str, partner: Program, settings: Any
) -> None:
    paths = ("convoys", "convoys?ordering=-held_since", "convoys?status=held&page_size=1")
    before = [partner.get(path) for path in paths]
    CHANGES[change](settings)
    after = [partner.get(path) for path in paths]
    assert after == [made_anew(partner, path) for path in paths]
    assert (after != before) == (change != "a claim")


def test_a_new_release_makes_its_own_texts(partner: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    partner.get("convoys")
    KeptText.objects.update(text='{"reference":"by the release before"}')
    monkeypatch.setattr(etags, "release", lambda: "the next")
    assert partner.ask("convoys").references == ["C-1", "C-2", "C-3"]


@pytest.mark.parametrize("path", ["fields=reference,status", "expand=route", "as_of=2026-03-02"])
def test_what_is_asked_for_in_another_shape_or_of_another_day_is_made_for_the_asker(
    path: str, partner: Program
) -> None:
    assert partner.ask(f"convoys?{path}").references == ["C-1", "C-2", "C-3"]
    assert kept() == {}


def test_a_convoy_that_is_withdrawn_while_a_page_is_made_is_left_out(
    partner: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete = keeper.completed

    def withdrawn_meanwhile(page: Any, *more: Any) -> Any:
        make.tell("C-2", "amended", "2026-03-02", declares={"sponsors": ["other_society"]})
        return complete(page, *more)

    monkeypatch.setattr(keeper, "completed", withdrawn_meanwhile)
    assert partner.ask("convoys").references == ["C-1", "C-3"]


def test_a_database_that_takes_no_writes_still_answers(
    partner: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner.get("me")  # what notes that the token is used is written seldom
    with transaction.atomic():
        refuse_writes()
        assert partner.ask("convoys").references == ["C-1", "C-2", "C-3"]
        transaction.set_rollback(True)
    assert kept() == {}


def refuse_writes() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL transaction_read_only = on"
            if connection.vendor == "postgresql"
            else "CREATE TRIGGER refused BEFORE INSERT ON convoys_kepttext "
            "BEGIN SELECT RAISE(ABORT, 'attempt to write a readonly database'); END"
        )


def test_an_older_text_in_place_of_a_newer_one_is_never_served(partner: Program) -> None:
    partner.get("convoys")
    old = KeptText.objects.get(convoy__reference="C-1")
    make.tell("C-1", "departed", "2026-03-01T09:00")
    partner.get("convoys")
    keeping.keep([old])
    assert orjson.loads(kept()["C-1"])["status"] == "planned"
    assert partner.get("convoys")["results"][0]["status"] == "dispatched"
    assert orjson.loads(kept()["C-1"])["status"] == "dispatched"


# --- a convoy with its whole record


def kept_details() -> set[tuple[str, str]]:
    """Of which convoys all is kept, and for whom."""
    found = KeptText.objects.exclude(shape="row")
    return set(found.values_list("convoy__reference", "shape"))


def test_staff_parties_and_other_partners_each_have_a_text_of_their_own(partner: Program) -> None:
    make.make_convoy("C-5", declares={"sponsors": ["other_society"]}, visible_to="all_partners")
    make.tell("C-5", "seen", "2026-03-02", audience="parties")
    make.tell("C-5", "seen", "2026-03-03", audience="partners")
    make.tell("C-5", "note", "2026-03-02", audience="staff", text="For us alone.")
    askers = {
        "staff": Program(make.viewer()),
        "party": Program(make.partner("other_society")),
        "partner": partner,
    }
    first = {name: program.get("convoys/C-5") for name, program in askers.items()}
    assert [len(first[name]["events"]) for name in askers] == [5, 4, 1]
    assert kept_details() == {("C-5", name) for name in askers}
    again = {name: program.get("convoys/C-5") for name, program in askers.items()}
    assert again == first


def test_one_text_serves_all_who_are_the_same_to_a_convoy(partner: Program) -> None:
    first = partner.get("convoys/C-3")
    assert kept_details() == {("C-3", "party")}
    KeptText.objects.update(text='{"reference":"out of the kept text"}')
    assert Program(make.partner("other_society")).get("convoys/C-3") == {"reference": "out of the kept text"}
    assert partner.get("convoys/C-3") == {"reference": "out of the kept text"}
    assert Program(make.viewer()).get("convoys/C-3")["reference"] == first["reference"]


@pytest.mark.parametrize("naming", ["an event", "a claim", "a sharing by name"])
def test_what_partners_may_read_differently_is_told_anew(naming: str, partner: Program) -> None:
    """Whether the other convoy is named hangs on that one's record, which moves without this one's."""
    link = make.account(alleged_link="split_from", alleged_convoy="C-9")
    if naming == "an event":
        make.tell("C-3", "split_off", "2026-03-03", other_convoy="C-9", tonnes_low="1", tonnes_high="1")
    elif naming == "a claim":
        make.apply(Claim(Target(subject=convoy("C-3"), item="links"), link))
    else:
        make.tell("C-3", "visibility_changed", "2026-03-03", visible_to=["third_society"])
    before = partner.get("convoys/C-3")
    assert kept_details() == set()
    make.tell("C-9", "visibility_changed", "2026-03-04", visible_to=["aid_society"])
    after = partner.get("convoys/C-3")
    assert (after != before) == (naming != "a sharing by name")
    assert after == made_anew(partner, "convoys/C-3")


DETAIL_CHANGES: dict[str, Callable[[], Any]] = {
    "an account of an event": lambda: make.apply(
        Claim(Target(chain=newest("C-3")), make.account(stance="denies"))
    ),
    "an account of an item": lambda: make.apply(
        Claim(
            Target(subject=convoy("C-3"), item="tonnes"),
            make.account(alleged_tonnes_low="7", alleged_tonnes_high="7"),
        )
    ),
    "an answer to an account": lambda: make.apply(
        Claim(Target(chain=newest("C-3") + 1), make.account(stance="disputes"))
    ),
    "a correction of an account": lambda: make.apply(
        Correct(newest("C-3") + 1, make.account(title="A note"), "Which.")
    ),
    "a retraction of an account": lambda: make.apply(Retract(newest("C-3") + 1, "Not said.")),
    "an erasure of an account's words": lambda: erase_words(
        newest("C-3") + 1, "A name.", make.administrator()
    ),
    "a report": lambda: make.tell("C-3", "seen", "2026-03-04"),
    "another carrier's name": lambda: Organisation.objects.update(name="Anew"),
    "a place's name": lambda: PlaceName.objects.filter(place="junction").update(name="Crossroads"),
}


@pytest.mark.parametrize("change", DETAIL_CHANGES)
@pytest.mark.parametrize("who", [make.viewer, make.partner])
def test_after_every_entry_about_it_a_convoy_is_told_anew(
    change: str, who: Callable[[], User], partner: Program
) -> None:
    program = Program(who())
    before = program.get("convoys/C-3")
    DETAIL_CHANGES[change]()
    after = program.get("convoys/C-3")
    assert after != before
    assert after == made_anew(program, "convoys/C-3")
    assert program.get("convoys/C-3") == after


def test_one_that_ceases_to_be_a_party_reads_what_others_read(partner: Program) -> None:
    make.tell("C-3", "visibility_changed", "2026-03-03", visible_to="all_partners")
    as_party = partner.get("convoys/C-3")
    make.tell("C-3", "amended", "2026-03-04", declares={"sponsors": ["other_society"]})
    as_partner = partner.get("convoys/C-3")
    assert len(as_partner["events"]) < len(as_party["events"])
    assert as_partner == made_anew(partner, "convoys/C-3")

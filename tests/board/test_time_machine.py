"""Any day on the pages: what was so then, as known then; links keep the day; today is one step away."""

from __future__ import annotations

import re

import pytest
import time_machine

from convoys.models import Convoy, Event
from tests import factories as make
from tests.importing.loaded import loaded_case

__all__ = ["loaded_case"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loaded_case")]
LONG_AFTER = "2026-11-24T08:00:00Z"
THE_DAY = "as_of=2023-09-14&known_at=2023-09-14"
PLACES = (
    "/",
    "/convoys",
    "/convoys/KB23-06",
    "/routes",
    "/routes/aghdam",
    "/control-points/lachin_checkpoint",
    "/agreements/AG3",
)


@pytest.fixture(autouse=True)
def frozen(settings):
    settings.INSTANCE_TIME_ZONE = "Asia/Tbilisi"
    with time_machine.travel(LONG_AFTER, tick=False):
        yield


@pytest.fixture
def partner(signed_in):
    """A partner that is no party to any of the convoys: the case is shared with all."""
    return signed_in(make.partner("somebody_else"))


@pytest.fixture
def demonstration(settings):
    settings.DEMO = True


def banner(response):
    found = re.search(r'<aside class="banner".*?</aside>', response.content.decode(), re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0])).replace(" ,", ",").strip() if found else ""


def ok(response):
    assert response.status_code == 200
    return response


# --- what was so, and what was known of it


def test_a_delivery_shows_only_once_it_was_known(partner):
    noon = "/convoys/KB23-06?as_of=2023-09-12T12:00Z&known_at="
    before, after = ok(partner.get(noon + "2023-09-11T23:59Z")), ok(partner.get(noon + "2023-09-13T12:00Z"))
    assert before.context["convoy"].status == "held"
    assert after.context["convoy"].status == "delivered"
    assert "Delivered in" not in before.content.decode()
    assert "Delivered in" in after.content.decode()


def test_a_figure_stands_only_once_it_was_known(partner):
    early = ok(partner.get("/convoys/KB23-06?as_of=2023-09-11&known_at=2023-09-11"))
    late = ok(partner.get("/convoys/KB23-06?as_of=2023-09-13&known_at=2023-09-13"))
    assert early.context["convoy"].tonnes_low is None
    assert early.context["items"] == []
    assert late.context["convoy"].tonnes_low == 15


def test_accounts_are_those_known_then(partner):
    """The article of 14 September is no account of the 13th."""

    def accounts(day):
        context = ok(partner.get(f"/convoys/KB23-06?as_of={day}&known_at={day}")).context
        entries = context["entries"]
        return {
            shown.account.claim.reported_on.isoformat()
            for entry in entries
            for shown in (*entry.open_accounts, *entry.more_accounts)
            if shown.account.claim.reported_on
        }

    assert max(accounts("2023-09-11")) == "2023-09-11"
    assert "2023-09-14" not in accounts("2023-09-13")
    assert "2023-09-14" in accounts("2023-09-14")


def test_a_list_of_the_first_of_september(partner):
    held = ok(partner.get("/?as_of=2023-09-01")).context["held"]
    at_checkpoint = {
        row.convoy.reference: row.convoy.trucks
        for row in held
        if row.convoy.held_before_id == "lachin_checkpoint"
    }
    assert at_checkpoint == {"KB23-01": 19, "KB23-02": 2, "KB23-03": 1, "KB23-05": 10}
    others = [row.convoy for row in held if row.convoy.reference not in at_checkpoint]
    assert [(convoy.reference, convoy.trucks) for convoy in others] == [("KB23-04", 2)]


def test_the_figures_of_the_fourteenth_of_september(partner):
    context = ok(partner.get(f"/?{THE_DAY}")).context
    in_all, confirmed, silent = (
        context["held_in_all"],
        context["reported"]["held"],
        context["silent"]["held"],
    )
    assert (in_all.count, in_all.trucks, in_all.longest) == (5, "34", "50 days")
    assert (confirmed.count, confirmed.tonnes, confirmed.tonne_days) == (1, "40 t", "560–640")
    assert (silent.count, silent.trucks, silent.tonnes) == (4, "32", "at least 380 t")
    assert silent.tonne_days == "at least 13,400"
    rows = {row.convoy.reference: row for row in context["held"]}
    assert rows["KB23-04"].clock.headline == "16 days"
    assert rows["KB23-01"].clock.if_still == "50 days if still so then"


def test_headline_figures_agree_with_the_rows_on_many_days(partner):
    for day in ("2023-07-26", "2023-08-10", "2023-08-31", "2023-09-10", "2023-09-18", "2023-10-05"):
        context = ok(partner.get(f"/?as_of={day}&known_at={day}")).context
        rows = context["held"]
        for is_silent, column in ((False, "reported"), (True, "silent")):
            mine = [row.convoy for row in rows if row.is_silent == is_silent]
            shown = context[column]["held"]
            assert shown.count == len(mine)
            assert shown.trucks == str(sum(convoy.trucks or 0 for convoy in mine))


def test_changes_and_ended_holds_are_those_of_then(partner):
    context = ok(partner.get("/?as_of=2023-09-12&known_at=2023-09-12")).context
    assert {change.event.convoy.reference for change in context["changes"][:3]} == {"KB23-06"}
    assert max(change.event.known_from for change in context["changes"]).date().isoformat() == "2023-09-12"
    assert [item.hold.convoy.reference for item in context["ended"]] == ["KB23-06"]
    assert ok(partner.get("/?as_of=2023-09-11&known_at=2023-09-11")).context["ended"] == []


def test_a_roads_access_is_that_of_the_day(partner):
    def access(day):
        context = ok(partner.get(f"/routes/aghdam?as_of={day}")).context
        return context["strip"].access

    assert [access(f"2023-09-{day}") for day in ("11", "12", "18", "22")] == [
        "closed", "contested", "restricted", "open",
    ]  # fmt: skip
    assert access("2023-07-01") == ""


def test_the_access_beside_a_convoys_road_is_that_of_the_day_too(partner):
    context = ok(partner.get("/convoys/KB23-06?as_of=2023-09-11")).context
    assert context["strip"].access == "closed"


def test_a_convoy_that_was_not_on_record_says_so(partner):
    response = partner.get(f"/convoys/KB23-11?{THE_DAY}")
    assert response.status_code == 404
    text = response.content.decode()
    assert "KB23-11 was not on record" in text
    assert 'href="/convoys/KB23-11"' in text


def test_the_list_shows_states_of_the_day(partner):
    rows = ok(partner.get(f"/convoys?status=held&{THE_DAY}")).context["rows"]
    assert {row.convoy.reference for row in rows} == {f"KB23-0{number}" for number in range(1, 6)}
    rows = ok(partner.get(f"/convoys?{THE_DAY}")).context["rows"]
    assert "KB23-11" not in {row.convoy.reference for row in rows}


# --- what became known later is on no page, list or panel of the day before


@pytest.mark.parametrize(
    "path",
    [
        "/", "/convoys", "/convoys/KB23-06", "/routes", "/routes/ROUTE", "/control-points/HELD",
        "/convoys?q=KB23-06", "/convoys?status=held", "/admin/convoys/convoy/",
        "/admin/convoys/convoy/PK/change/",
    ],
)  # fmt: skip
def test_a_figure_that_became_known_on_the_12th_is_nowhere_on_the_11th(signed_in, path):
    convoy = Convoy.objects.get(reference="KB23-06")
    held_before = Event.objects.get(convoy=convoy, kind="held").held_before_id
    for word, code in (("PK", convoy.pk), ("ROUTE", convoy.route_id), ("HELD", held_before)):
        path = path.replace(word, str(code))
    response = signed_in(make.coordinator()).get(path, {"as_of": "2023-09-11", "known_at": "2023-09-11"})
    text = response.content.decode()
    assert response.status_code == 200
    assert "KB23-06" in text
    assert not re.search(r"\b15 t\b", text)


# --- the day is said, kept, and can be changed


def test_the_banner_says_which_day_and_whose_knowledge(partner):
    assert banner(ok(partner.get("/"))) == ""
    then = banner(ok(partner.get(f"/?{THE_DAY}")))
    assert then.startswith("You are looking at 14 September 2023, as reported by then.")
    mixed = banner(ok(partner.get("/convoys/KB23-06?as_of=2023-09-12T12:00Z&known_at=2023-09-11")))
    assert "12 September 2023, 16:00 (Asia/Tbilisi), as reported by 11 September 2023." in mixed
    assert "as known today." in banner(ok(partner.get("/?as_of=2023-09-01")))


@pytest.mark.parametrize("path", PLACES)
def test_links_keep_the_day(partner, path):
    text = ok(partner.get(f"{path}?{THE_DAY}")).content.decode()
    kept = THE_DAY.replace("&", "&amp;")
    own = ("/convoys", "/routes", "/control-points", "/agreements")
    board = [
        (address, query)
        for address, query in re.findall(r'href="(/[^"#?]*)([^"#]*)', text)
        if address == "/" or address.startswith(own)
    ]
    lost = {address for address, query in board if kept not in query and "ledger=" not in query}
    assert len(board) > 3
    assert lost <= {path}  # "Today" alone


@pytest.mark.parametrize("path", PLACES)
def test_every_page_has_the_form_and_works_without_scripts(partner, path):
    text = ok(partner.get(f"{path}?{THE_DAY}")).content.decode()
    assert '<form method="get" class="time-form"' in text
    assert 'name="as_of" type="date" value="2023-09-14"' in text
    assert 'name="known_at" type="date" value="2023-09-14"' in text


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize(
    "query",
    [
        "as_of=yesterday",
        "known_at=2023-13-01",
        "as_of=2023-09-12T12:00",
        "as_of=%00",
        "as_of=2099-01-01",
        "as_of=0001-01-01",
        "as_of=0001-01-01T00:00%2B14:00",
        "known_at=9999-12-31",
        "as_of=" + "1" * 5000,
    ],
)
def test_what_is_no_day_is_answered_with_what_to_type(partner, path, query):
    response = partner.get(f"{path}?{query}")
    assert response.status_code == 400
    assert re.search(r"Give (a date|today|a day)", response.content.decode())


def test_the_rest_of_today_is_now(partner):
    assert banner(ok(partner.get("/?as_of=2026-11-24"))) == ""


def test_a_page_cites_its_moment_and_the_ledger_and_the_citation_holds(partner):
    cited = ok(partner.get("/convoys/KB23-06?as_of=2023-09-12T12:00Z&known_at=2023-09-11T23:59Z")).context
    address = cited["citation"].address
    assert address.startswith("/convoys/KB23-06?as_of=2023-09-12T12:00:00Z&known_at=2023-09-11T23:59:00Z")
    assert f"ledger={cited['citation'].size}:{cited['citation'].root}" in address

    again = ok(partner.get(address))
    assert again.context["cited"].holds is True
    assert again.context["convoy"].status == "held"
    forged = ok(partner.get(address[:-4] + ("0000" if address[-4:] != "0000" else "1111")))
    assert forged.context["cited"].holds is False
    assert "does not hold" in forged.content.decode()
    assert ok(partner.get(address + "nonsense")).context["cited"] is None


# --- the demonstration


def test_the_demonstration_opens_on_the_day_of_its_case(partner, demonstration):
    response = ok(partner.get("/"))
    assert "14 September 2023, as reported by then." in banner(response)
    assert response.context["held_in_all"].count == 5
    assert 'href="/?as_of=now"' in response.content.decode()
    assert ok(partner.get("/convoys/KB23-06")).context["convoy"].status == "delivered"
    assert partner.get("/convoys/KB23-11").status_code == 404


def test_the_demonstration_leads_to_today_and_stays_there(partner, demonstration):
    response = ok(partner.get("/?as_of=now"))
    assert "You are looking at today ." in banner(response)
    assert "14 September 2023" in banner(response)
    assert 'href="/convoys?as_of=now"' in response.content.decode()
    assert (response.context["reported"]["held"].count, response.context["silent"]["held"].count) == (0, 4)
    assert ok(partner.get("/convoys/KB23-11?as_of=now"))


def test_exercises_are_shown_as_they_are_now_whatever_the_day(signed_in, demonstration):
    make.make_held_convoy("EX-1", since="2026-11-24T04:00", is_exercise=True)
    client = signed_in(make.officer())
    response = ok(client.get("/"))
    assert [row.convoy.reference for row in response.context["exercises"]] == ["EX-1"]
    assert response.context["exercises"][0].clock.headline == "4 h 0 min"
    assert "Shown as it is today" in response.content.decode()
    assert [row.convoy.reference for row in ok(client.get("/convoys")).context["rows"]][-1] == "EX-1"
    assert ok(client.get("/convoys/EX-1")).context["convoy"].status == "held"
    held = ok(client.get(f"/?{THE_DAY}")).content.decode()
    assert 'href="/convoys/EX-1"' in held


# --- cost


@pytest.mark.parametrize("path", PLACES)
def test_another_day_costs_a_bounded_number_of_queries(partner, path, django_assert_max_num_queries):
    with django_assert_max_num_queries(60):
        ok(partner.get(f"{path}?{THE_DAY}"))

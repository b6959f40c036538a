"""The first page: who sees it, what stands where, what is in no figure, how many queries it costs."""

from __future__ import annotations

import pytest
import time_machine

from accounts.roles import Role
from convoys.services.changes import Record
from tests import factories as make

pytestmark = pytest.mark.django_db


def page(client, path="/"):
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_a_stranger_is_led_to_the_sign_in_page(client):
    for path in ("/", "/convoys", "/convoys/C-1", "/data", "/mail"):
        response = client.get(path)
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/?next=")


def test_an_empty_record_says_how_to_begin(signed_in, now):
    assert "You work at the desk." in page(signed_in(make.officer()))
    assert "You expected to see one." in page(signed_in(make.partner()))


def test_a_held_convoy_stands_with_its_clock_place_and_tonnage(signed_in, now):
    make.make_held_convoy("C-1", since="2026-03-02")
    text = page(signed_in(make.officer()))
    assert "3 days" in text
    assert "before Bridge" in text
    assert "40 t" in text


def test_a_partner_sees_its_own_convoys_and_nobody_elses(signed_in, now):
    make.make_held_convoy("C-1")
    make.organisation("others")
    make.make_held_convoy("C-2", declares={"sponsors": ["others"]})
    own, other = page(signed_in(make.partner())), page(signed_in(make.partner("others")))
    assert ("C-1" in own, "C-2" in own) == (True, False)
    assert ("C-1" in other, "C-2" in other) == (False, True)
    assert "No convoy is on record for you yet." in page(signed_in(make.stranger()))


def test_an_exercise_is_marked_and_in_no_figure(signed_in, now):
    make.make_held_convoy("C-1")
    make.make_held_convoy("EX-1", is_exercise=True)
    response = signed_in(make.officer()).get("/")
    assert response.context["reported"]["held"].count == 1
    assert [row.convoy.reference for row in response.context["exercises"]] == ["EX-1"]
    assert [row.convoy.reference for row in response.context["held"]] == ["C-1"]
    assert "in no figure above" in response.content.decode()


def test_a_hold_nobody_reports_on_is_silent_and_counts_to_its_last_report(signed_in):
    with time_machine.travel("2026-03-05T12:00:00Z", tick=False):
        make.make_held_convoy("C-1", since="2026-03-02")
        make.tell(make.convoy("C-1"), "seen", "2026-03-04", place="junction")
    with time_machine.travel("2026-04-05T12:00:00Z", tick=False):
        response = signed_in(make.officer()).get("/")
    assert (response.context["reported"]["held"].count, response.context["silent"]["held"].count) == (0, 1)
    text = response.content.decode()
    assert "2 days" in text
    assert "held when last reported" in text
    assert "34 days if still so today" in text


def test_an_ended_hold_says_how(signed_in, now):
    ref = make.make_held_convoy("C-1", since="2026-03-02T08:00")
    make.tell(ref, "released", "2026-03-03T10:00", place="junction")
    text = page(signed_in(make.officer()))
    assert "released after 1 d 2 h" in text
    assert "No convoy is held." in text


def test_the_foot_carries_the_ledgers_size_and_head(signed_in, now):
    make.make_convoy("C-1")
    from convoys.models import LedgerHead

    head = LedgerHead.objects.get()
    text = page(signed_in(make.officer()))
    assert f"Ledger: {head.size} entries" in text or f"Ledger: {head.size} entry" in text
    assert bytes(head.root).hex()[:8] in text


def test_the_number_of_queries_does_not_grow_with_the_number_of_convoys(
    signed_in, now, django_assert_max_num_queries
):
    for number in range(2):
        make.make_held_convoy(f"C-{number}")
    client = signed_in(make.user("viewer", Role.VIEWER))
    page(client)
    with django_assert_max_num_queries(45) as few:
        page(client)
    for number in range(2, 8):
        make.make_held_convoy(f"C-{number}")
        make.make_convoy(f"P-{number}")
    with django_assert_max_num_queries(len(few)):
        page(client)


def test_the_list_finds_by_reference_place_and_state(signed_in, now):
    make.make_held_convoy("C-1")
    make.make_convoy("C-2")
    client = signed_in(make.officer())
    assert [row.convoy.reference for row in client.get("/convoys?status=held").context["rows"]] == ["C-1"]
    assert [row.convoy.reference for row in client.get("/convoys?q=c-2").context["rows"]] == ["C-2"]
    assert {row.convoy.reference for row in client.get("/convoys?q=harbour").context["rows"]} == {
        "C-1",
        "C-2",
    }
    assert "No convoy matches these filters." in page(client, "/convoys?q=nothing")


@pytest.mark.parametrize(
    "query", ["q=%00", "route=%00", "status=nonsense", "page=nonsense", "page=-1", "q=" + "x" * 5000]
)
def test_the_list_answers_nonsense_calmly(signed_in, now, query):
    make.make_convoy("C-1")
    assert signed_in(make.officer()).get(f"/convoys?{query}").status_code == 200


def test_the_list_costs_the_same_for_one_convoy_and_for_many(signed_in, now, django_assert_max_num_queries):
    make.make_held_convoy("C-0")
    client = signed_in(make.officer())
    page(client, "/convoys")
    with django_assert_max_num_queries(25) as few:
        page(client, "/convoys")
    for number in range(1, 6):
        make.make_held_convoy(f"C-{number}")
    with django_assert_max_num_queries(len(few)):
        page(client, "/convoys")


def test_pages_load_nothing_from_elsewhere_and_carry_nothing_inline(signed_in, now):
    make.make_held_convoy("C-1")
    client = signed_in(make.officer())
    for path in ("/", "/convoys", "/convoys/C-1", "/data"):
        response = client.get(path)
        text = response.content.decode()
        assert "style=" not in text
        assert "<style" not in text
        assert "<script>" not in text
        assert 'src="http' not in text
        assert 'href="http' not in text
        assert "default-src 'self'" in response["Content-Security-Policy"]


def test_nobody_finds_out_by_searching_with_whom_a_convoy_is_shared(signed_in, now):
    ref = make.make_held_convoy("C-1")
    rival = make.organisation("rival", name="Rival Relief")
    make.apply(Record(ref, "visibility_changed", make.at("2026-03-03"), visible_to=[rival.pk]))
    partner = signed_in(make.partner())
    assert [row.convoy.reference for row in partner.get("/convoys?q=aid").context["rows"]] == ["C-1"]
    assert not partner.get("/convoys?q=rival").context["rows"]

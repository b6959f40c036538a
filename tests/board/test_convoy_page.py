"""One convoy's page: accounts in equal form; what is inferred, retracted or withheld is said so."""

from __future__ import annotations

import re
from datetime import date

import pytest
import time_machine

from convoys.services.changes import Claim, Correct, Record, Retract, Target, convoy
from tests import factories as make

pytestmark = pytest.mark.django_db


def page(client, path="/convoys/C-1"):
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_anothers_convoy_answers_like_one_that_does_not_exist(signed_in, now):
    make.make_held_convoy("C-1")
    other = signed_in(make.partner("others"))
    hidden, absent = other.get("/convoys/C-1"), other.get("/convoys/C-9")
    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert hidden.content.replace(b"C-1", b"X") == absent.content.replace(b"C-9", b"X")
    assert page(signed_in(make.partner()))


@pytest.mark.parametrize("reference", ["%00", "..", "a/b", "x" * 3000, "%F0%9F%9A%9A"])
def test_nonsense_references_answer_404(signed_in, now, reference):
    assert signed_in(make.officer()).get(f"/convoys/{reference}").status_code == 404


def test_accounts_stand_oldest_first_and_say_whose_words_they_are(signed_in, now):
    ref = make.make_convoy("C-1")
    make.tell(ref, "departed", "2026-03-01T08:00", place="harbour")
    later = make.account(speaker="Beta", statement="It waits.", said_on=date(2026, 3, 4))
    first = make.account(
        speaker="Alpha", statement="We were told to wait", is_verbatim=True, said_on=date(2026, 3, 3)
    )
    make.tell(ref, "held", "2026-03-02", place="junction", held_before="bridge", claims=[later, first])
    text = page(signed_in(make.officer()))
    assert text.index("Alpha") < text.index("Beta")
    assert "<blockquote>“We were told to wait”</blockquote>" in text
    assert re.search(r"It waits\.\s*<span class=\"ours\">our summary</span>", text)


def test_contradicting_accounts_are_marked_on_what_they_differ(signed_in, now):
    make.organisation("north")
    make.organisation("south")
    ref = make.make_convoy("C-1")
    make.tell(ref, "departed", "2026-03-01T08:00", place="harbour")
    accounts = [
        make.account(speaker="One", alleged_holders=["north"]),
        make.account(speaker="Two", alleged_holders=["south"]),
    ]
    make.tell(ref, "held", "2026-03-02", place="junction", claims=accounts)
    text = page(signed_in(make.officer()))
    assert "who contested" in text
    assert text.count("No account of this in its own name on file.") == 2


def test_an_inferred_step_is_marked_inferred(signed_in, now):
    ref = make.make_convoy("C-1")
    make.tell(ref, "held", "2026-03-02", place="junction", held_before="bridge")
    make.tell(ref, "delivered", "2026-03-04", place="valley")
    text = page(signed_in(make.officer()))
    assert "departed: inferred" in text
    assert "released: inferred" in text
    assert re.search(r"released\s*<span class=\"mark mark-dashed\">inferred</span>", text)


def test_a_retracted_entry_stays_readable_and_says_why(signed_in, now):
    ref = make.make_held_convoy("C-1")
    slip = make.tell(ref, "seen", "2026-03-03", place="junction")
    make.apply(Retract(slip, "Entered for the wrong convoy."))
    text = page(signed_in(make.officer()))
    assert "Entered for the wrong convoy." in text
    assert "retracted by entry" in text
    assert text.count("Still there at Junction") == 2


def test_a_partner_reads_neither_notes_nor_staff_accounts(signed_in, now):
    ref = make.make_held_convoy("C-1")
    make.apply(Record(convoy("C-1"), "note", make.at("2026-03-03"), text="Call the driver's brother."))
    make.tell(
        ref, "seen", "2026-03-03", place="junction",
        claims=[make.account(speaker="A guard", statement="Heard on the radio.", audience="staff")],
    )  # fmt: skip
    officer, partner = page(signed_in(make.officer())), page(signed_in(make.partner()))
    for words in ("Call the driver&#x27;s brother.", "A guard", "Heard on the radio."):
        assert words in officer
        assert words not in partner
    assert "Still there at Junction" in partner


def test_a_confidential_source_shows_its_kind_only(signed_in, now):
    ref = make.make_held_convoy("C-1")
    make.tell(
        ref, "seen", "2026-03-03", place="junction",
        claims=[make.account(speaker="A clerk", statement="Seen from the window.", is_confidential=True)],
    )  # fmt: skip
    partner = page(signed_in(make.partner()))
    assert "Confidential source (monitor on site)" in partner
    assert "A clerk" not in partner
    assert "Seen from the window." not in partner
    assert "A clerk" in page(signed_in(make.officer()))


def test_an_answer_hangs_under_the_account_it_answers(signed_in, now):
    ref = make.make_held_convoy("C-1")
    written = make.apply(make.record(ref, "seen", "2026-03-03", place="junction"))
    claim = written.sequences[0][1]
    make.apply(
        Claim(Target(chain=claim), make.account(speaker="The ministry", stance="denies", statement="Not so."))
    )
    text = page(signed_in(make.officer()))
    assert re.search(r'class="claim-answer"[^>]*>\s*<h5>The ministry<', text)
    assert "whether contested" in text


def test_words_cannot_break_out_of_the_page(signed_in, now):
    ref = make.make_held_convoy("C-1")
    nasty = make.account(speaker="<b>x</b>", statement='"><script>alert(1)</script>')
    make.tell(ref, "seen", "2026-03-03", place="junction", claims=[nasty])
    text = page(signed_in(make.officer()))
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "<b>x</b>" not in text


def test_an_exercise_says_so_on_its_page(signed_in, now):
    make.make_held_convoy("EX-1", is_exercise=True)
    assert "It is in no figure." in page(signed_in(make.officer()), "/convoys/EX-1")


def test_the_page_costs_the_same_for_a_long_history(signed_in, now, django_assert_max_num_queries):
    ref = make.make_held_convoy("C-1")
    make.tell(ref, "seen", "2026-03-03", place="junction")
    client = signed_in(make.partner())
    page(client)
    with django_assert_max_num_queries(40) as few:
        page(client)
    for hour in range(10, 22):
        make.tell(
            ref, "seen", f"2026-03-04T{hour}:00", place="junction", claims=[make.account(), make.account()]
        )
    with django_assert_max_num_queries(len(few)):
        page(client)


def test_what_was_recorded_as_it_came_is_as_known_on_a_day(signed_in):
    """Only history loaded afterwards is "as reported by"."""
    with time_machine.travel("2026-03-02T10:00:00Z", tick=False):
        ref = make.make_held_convoy("C-1")
    with time_machine.travel("2026-03-05T10:00:00Z", tick=False):
        make.tell(ref, "released", "2026-03-03T10:00", place="junction")
        client = signed_in(make.partner())
        early = page(client, "/convoys/C-1?as_of=2026-03-04&known_at=2026-03-03")
        late = page(client, "/convoys/C-1?as_of=2026-03-04")
    assert "<b>4 March 2026</b>, as known on 3 March 2026." in early
    assert "Held at Junction" in early
    assert "Released" not in early
    assert "<b>4 March 2026</b>, as known today." in late
    assert "Released" in late


def test_a_correction_shows_only_from_when_it_was_made(signed_in):
    with time_machine.travel("2026-03-02T10:00:00Z", tick=False):
        ref = make.make_held_convoy("C-1")
        slip = make.tell(ref, "seen", "2026-03-02T09:00", place="junction")
    with time_machine.travel("2026-03-05T10:00:00Z", tick=False):
        make.apply(Retract(slip, "Entered for the wrong convoy."))
        client = signed_in(make.officer())
        before = page(client, "/convoys/C-1?known_at=2026-03-04")
        after = page(client, "/convoys/C-1?known_at=2026-03-05T10:00Z")
    assert "Still there at Junction" in before
    assert "retracted" not in before
    assert "Entered for the wrong convoy." in after


def test_a_source_that_a_correction_makes_confidential_is_gone_from_the_earlier_wording(signed_in, now):
    ref = make.make_held_convoy("C-1")
    open_account = make.account(speaker="A clerk", statement="Seen from the window.")
    written = make.apply(make.record(ref, "seen", "2026-03-03", place="junction", claims=[open_account]))
    hidden = make.account(speaker="A clerk", statement="Seen from a window.", is_confidential=True)
    make.apply(Correct(written.sequences[0][1], hidden, "asked us"), author=make.coordinator())
    partner = page(signed_in(make.partner()))
    assert "Confidential source (monitor on site)" in partner
    for words in ("A clerk", "Seen from the window.", "Seen from a window."):
        assert words not in partner
    assert "Seen from the window." in page(signed_in(make.officer()))


def test_a_partner_is_not_told_with_whom_besides_a_convoy_is_shared(signed_in, now):
    ref = make.make_held_convoy("C-1")
    make.organisation("rival")
    make.apply(Record(ref, "visibility_changed", make.at("2026-03-03"), visible_to=["rival"]))
    assert "rival" in page(signed_in(make.officer()))
    assert "rival" not in page(signed_in(make.partner()))


def test_what_became_of_the_cargo_stands_on_the_page_and_must_not_name_what_is_hidden(signed_in, now):
    ref = make.make_convoy("C-1")
    make.organisation("others")
    make.make_convoy("C-2", declares={"sponsors": ["others"]})
    make.tell(ref, "departed", "2026-03-01T08:00", place="harbour")
    assert "What became of it" not in page(signed_in(make.officer()))
    ten = {"tonnes_low": 10, "tonnes_high": 10}
    make.tell(ref, "split_off", "2026-03-01T09:00", other_convoy="C-2", **ten)
    make.tell(ref, "part_lost", "2026-03-01T10:00", loss_mode="crowd", **ten)
    make.tell(ref, "handed_over", "2026-03-01T11:00", next_carrier="others")
    staff = page(signed_in(make.officer()))
    for line in ("Declared: 40 t", "Split off: 10 t", "taken by a crowd 10 t", "Not accounted for yet: 20 t"):
        assert line in staff
    assert "Next carrier: Others." in staff
    assert "Goes on as C-2." in staff
    assert '<a class="ref" href="/convoys/C-2">C-2</a>' in staff
    partner = page(signed_in(make.partner()))
    assert "Split off: 10 t" in partner
    assert "Goes on as a convoy that you do not see." in partner
    assert "C-2" not in partner


def test_a_link_between_convoys_is_shown_as_told_on_both(signed_in, now):
    ref, other = make.make_convoy("C-1"), make.make_convoy("C-2")
    said = make.account(alleged_link="same_trucks_as", alleged_convoy=other.code)
    make.apply(Claim(Target(subject=ref, item="links"), said))
    staff = signed_in(make.officer())
    assert re.search(r'Same trucks as <a class="ref" href="/convoys/C-2">C-2</a> as told', page(staff))
    assert "(same trucks as this one, as told)" in page(staff, "/convoys/C-2")

"""What mails say: how long no finer than is known, in the reader's zone, marked where it is history."""

from __future__ import annotations

from datetime import date

import pytest

from convoys.services.alerting.policies import Ladder, Rung
from convoys.services.changes import Record, convoy
from convoys.services.messaging.deliver import deliver
from convoys.services.messaging.phrases import ladder_words, offset, references, step_words, zone_of
from tests import factories
from tests.alerting.conftest import since_start, subscribe
from tests.alerting.post_office import body

DAY = 86400


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(60, "1 min"), (5400, "90 min"), (DAY, "24 h"), (3 * DAY, "3 days"), (14460, "241 min"), (90, "90 s")],
)
def test_steps_in_words(seconds, words):
    assert step_words(seconds) == words


def test_a_ladder_in_words():
    ladder = Ladder((Rung(DAY, "notice"), Rung(3 * DAY, "warning")), repeat=7 * DAY)
    assert ladder_words(ladder) == "24 h, 3 days, then every 7 days"


@pytest.mark.parametrize(
    ("within", "repeats_within", "highest"),
    [
        (DAY - 1, 99 * DAY, None),
        (DAY, 99 * DAY, DAY),
        (9 * DAY, 99 * DAY, 3 * DAY),
        (10 * DAY, 99 * DAY, 10 * DAY),
        (40 * DAY, 20 * DAY, 17 * DAY),
        (40 * DAY, DAY, 3 * DAY),
    ],
)
def test_the_highest_step_reached(within, repeats_within, highest):
    ladder = Ladder((Rung(DAY, "notice"), Rung(3 * DAY, "warning")), repeat=7 * DAY)
    rung = ladder.highest(within, repeats_within)
    assert (rung and rung.seconds) == highest


def test_offsets_and_zones():
    at = since_start()
    assert offset(at, zone_of("Asia/Tbilisi")) == "UTC+4"
    assert offset(at, zone_of("Asia/Kolkata")) == "UTC+5:30"
    assert offset(at, zone_of("America/St_Johns")) == "UTC−3:30"
    assert zone_of("Nowhere/At_All") == zone_of("")


def test_many_references_are_counted():
    assert references(["A", "B"]) == "A, B"
    assert references(["A", "B", "C", "D", "E", "F"]) == "A, B, C and 3 more"


@pytest.mark.django_db
def test_what_is_known_to_the_day_is_told_in_days(clock, sweep, told_partner, post_office):
    ref = factories.make_convoy()
    factories.tell(ref, "held", "2026-03-02", place="junction", held_before="bridge")
    sweep(days=3, minutes=1)
    deliver()
    (mail,) = post_office.mails
    assert mail["Subject"] == "Held 3 days at Junction: C-1, 40 t"
    assert "since 2 March 2026 (day known, hour not)" in body(mail)


@pytest.mark.django_db
def test_an_hour_is_told_in_the_readers_zone_which_is_named(clock, sweep, told_partner, post_office):
    type(told_partner).objects.update(time_zone="Asia/Tbilisi")
    factories.make_held_convoy()
    sweep(hours=24)
    deliver()
    assert "since 2 March 2026, 12:00 (UTC+4)" in body(post_office.mails[0])


@pytest.mark.django_db
def test_a_range_a_floor_and_an_unknown_tonnage_keep_their_form(clock, sweep, told_partner, post_office):
    for reference, tonnes in (
        ("C-1", {"low": "360.000", "high": "400.000"}), ("C-2", {"low": "20.000"}), ("C-3", None),
    ):  # fmt: skip
        factories.make_held_convoy(reference, declares={"tonnes": tonnes})
    sweep(hours=24)
    deliver()
    text = body(post_office.mails[0])
    assert "Tonnage: 360–400 t" in text
    assert "Tonnage: more than 20 t" in text
    assert "Tonnage: unknown" in text


@pytest.mark.django_db
def test_the_tonnage_in_a_subject_is_plain_ascii(clock, sweep, told_partner, post_office):
    factories.make_held_convoy(declares={"tonnes": {"low": "360.000", "high": "400.000"}})
    sweep(hours=24)
    deliver()
    assert post_office.mails[0]["Subject"] == "Held 24 h at Junction: C-1, 360-400 t"


@pytest.mark.django_db
def test_history_is_told_as_when_last_reported_and_staff_are_asked(clock, sweep, told_partner, post_office):
    subscribe(factories.officer())
    clock.move_to(since_start(days=400))
    factories.road()
    factories.organisation()
    account = factories.account(reported_on=date(2026, 3, 2))
    factories.apply(
        Record(convoy("C-1"), "registered", factories.at("2026-03-01"), declares=factories.DECLARATION),
        factories.record(
            "C-1", "held", "2026-03-02", place="junction", held_before="bridge", claims=[account]
        ),
        backfilled=True,
    )
    sweep(days=400, minutes=2)
    deliver()
    texts = {mail["To"]: body(mail) for mail in post_office.mails}
    partner, officer = texts["partner_aid_society@example.org"], texts["officer@example.org"]
    assert post_office.mails[0]["Subject"] == "Held at Junction when last reported, 2 March 2026: C-1, 40 t"
    assert "loaded from history" in partner
    assert "Nobody has confirmed it for 30 days" not in partner
    assert "Nobody has confirmed it for 30 days" in officer


@pytest.mark.django_db
def test_claims_stand_oldest_first_word_for_word_or_marked_as_ours(clock, sweep, told_partner, post_office):
    ref = factories.make_convoy()
    accounts = [
        factories.account(speaker="Second", statement="We wait.", said_on=date(2026, 3, 2)),
        factories.account(
            speaker="First", speaker_person="A. B.", statement="They are stopped.", is_verbatim=True,
            said_on=date(2026, 3, 1), link="https://example.org/report",
        ),
    ]  # fmt: skip
    factories.tell(ref, "held", "2026-03-02T08:00", place="junction", held_before="bridge", claims=accounts)
    sweep(hours=24)
    deliver()
    text = body(post_office.mails[0])
    assert "First (A. B.), 1 March 2026\n  “They are stopped.”\n  https://example.org/report" in text
    assert "Second, 2 March 2026, our summary\n  We wait." in text
    assert text.index("First (A. B.)") < text.index("Second")


@pytest.mark.django_db
def test_what_somebody_wrote_is_text_in_the_html_and_no_link_of_theirs_runs(
    clock, sweep, told_partner, post_office
):
    ref = factories.make_convoy()
    nasty = factories.account(
        speaker="<b>Bold</b>",
        statement="<img src=x onerror=alert(1)> & more",
        link="https://example.org/?a=1&b=2",
    )
    factories.tell(ref, "held", "2026-03-02T08:00", place="junction", held_before="bridge", claims=[nasty])
    sweep(hours=24)
    deliver()
    html = post_office.mails[0].get_body(("html",)).get_content()
    assert "<img" not in html
    assert "&lt;img src=x" in html
    assert "<b>Bold" not in html


@pytest.mark.django_db
def test_the_mail_ends_with_the_reason_the_link_and_the_ledgers_head(clock, sweep, told_partner, post_office):
    factories.make_held_convoy()
    sweep(hours=24)
    deliver()
    text = body(post_office.mails[0])
    foot = text[text.index("-- \n") :]
    assert "You get this because you subscribe to all convoys that you may see." in foot
    assert "/u/" in foot
    assert "Ledger: 5 entries, head " in foot

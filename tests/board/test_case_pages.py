"""The case of 2023 on the pages: what nobody reported stays open, and no name or figure is preferred."""

from __future__ import annotations

import re

import pytest
import time_machine

from convoys.models import Convoy
from tests import factories as make
from tests.importing.loaded import loaded_case

__all__ = ["loaded_case"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loaded_case")]
LONG_AFTER = "2026-11-24T08:00:00Z"


@pytest.fixture
def partner(signed_in, settings):
    """A partner that is no party to any of the convoys: the case is shared with all."""
    settings.INSTANCE_TIME_ZONE = "Asia/Tbilisi"
    return signed_in(make.partner("somebody_else"))


def page(client, path):
    with time_machine.travel(LONG_AFTER, tick=False):
        response = client.get(path)
    assert response.status_code == 200
    return response


def words_of(response):
    """The page's text without marks of the markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.mark.parametrize(
    ("reference", "days", "last"),
    [
        ("KB23-02", "29 days", "31 August 2023"),
        ("KB23-03", "22 days", "31 August 2023"),
        ("KB23-04", "18 days", "16 September 2023"),
        ("KB23-05", "1 day", "31 August 2023"),
    ],
)
def test_an_unknown_fate_stays_open_and_counts_to_the_last_report(partner, reference, days, last):
    response = page(partner, f"/convoys/{reference}")
    assert response.context["clock"].headline == days
    assert re.search(rf"held when last reported, (about )?{last}", words_of(response))


def test_the_first_page_counts_four_silent_holds_and_none_confirmed(partner):
    context = page(partner, "/").context
    assert (context["reported"]["held"].count, context["silent"]["held"].count) == (0, 4)
    assert context["silent"]["held"].tonnes == "at least 60 t"
    assert context["silent"]["held"].tonnes_note == "tonnage of 2 unknown"
    assert [row.convoy.reference for row in context["held"]] == ["KB23-02", "KB23-03", "KB23-04", "KB23-05"]


def test_finished_holds_say_how_they_ended_and_what_is_inferred(partner):
    ended = {item.hold.convoy.reference: item for item in page(partner, "/").context["ended"]}
    assert (ended["KB23-01"].hold.ended, ended["KB23-01"].span) == ("turned back", "60 days")
    assert (ended["KB23-06"].hold.ended, ended["KB23-06"].span) == ("released", "1 d 21 h")
    assert ended["KB23-06"].hold.is_end_inferred


def test_places_carry_every_partys_name_in_alphabetical_order(partner):
    text = words_of(page(partner, "/"))
    assert "Khankendi / Stepanakert" in text
    assert "Stepanakert / Khankendi" not in text
    assert not re.search(r"(?<!Khankendi / )\bto Stepanakert\b", text)


def test_a_floor_is_said_as_such_and_unknown_tonnage_is_a_word(partner):
    text = words_of(page(partner, "/"))
    assert "more than 20 t" in text
    assert "tonnage unknown" in text


def test_every_convoy_has_a_page_in_a_bounded_number_of_queries(partner, django_assert_max_num_queries):
    for reference in Convoy.objects.values_list("reference", flat=True):
        with django_assert_max_num_queries(40):
            page(partner, f"/convoys/{reference}")


def test_verdicts_and_staff_notes_stand_on_no_page_for_partners(partner):
    for reference in Convoy.objects.values_list("reference", flat=True):
        text = words_of(page(partner, f"/convoys/{reference}"))
        assert "In the article:" not in text
        assert "staff only" not in text
        # A name that is a verdict is shown within a party's own statement, never as a heading.
        assert "<h4>illegal regime" not in page(partner, f"/convoys/{reference}").content.decode()


def figures_head(client, reference):
    """The heading of the accounts on figures, and what stands above them."""
    content = page(client, f"/convoys/{reference}").content.decode()
    above, figures = content.split('id="items-h"', 1)
    return above, figures[: figures.index("</h2>")]


def test_figures_that_do_not_meet_are_marked_contested(partner):
    above, head = figures_head(partner, "KB23-01")

    assert "mark-contested" in head
    assert "how much" in above


def test_figures_that_meet_are_not_marked(partner):
    _, head = figures_head(partner, "KB23-07L")

    assert "mark-contested" not in head

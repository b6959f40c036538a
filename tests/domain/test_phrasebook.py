"""What is said while speaking a language is what Django's own look-up says, and ends with it."""

from __future__ import annotations

from datetime import date

import pytest
from django.db.models import TextChoices
from django.utils import translation

from convoys import phrasebook, wording
from convoys.vocabulary import State


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_sentence_is_djangos(language):
    with translation.override(language):
        expected = [
            translation.gettext("Tonnage"),
            translation.ngettext("%(count)s day", "%(count)s days", 2),
            str(State.HELD.label),
        ]
    for _ in range(2):
        with phrasebook.speaking(language):
            said = [
                phrasebook.gettext("Tonnage"),
                phrasebook.ngettext("%(count)s day", "%(count)s days", 2),
                phrasebook.label(State.HELD),
            ]
            assert translation.get_language() == language
        assert said == expected


def test_one_language_may_be_spoken_within_another_and_after_it_the_first_again():
    with phrasebook.speaking("fr"):
        with phrasebook.speaking("en"):
            assert phrasebook.gettext("Held") == "Held"
        assert phrasebook.gettext("Held") == "Retenu"
        assert wording.days(3) == "3 jours"
    assert phrasebook.gettext("Held") == "Held"
    assert wording.days(3) == "3 days"


def test_a_page_in_another_language_is_not_told_what_was_kept():
    day = date(2023, 9, 1)
    with translation.override("fr"):
        assert wording.long_day(day) == "1er septembre 2023"
        assert wording.short_day(day).startswith("1er ")
        assert phrasebook.label(State.HELD) == str(State.HELD.label)
    assert wording.long_day(day) == "1 September 2023"


def test_codes_of_different_lists_that_are_spelt_alike_keep_their_own_labels():
    class Door(TextChoices):
        HELD = "held", "kept open"

    with phrasebook.speaking("en"):
        assert phrasebook.label(State.HELD) == "held"
        assert phrasebook.label(Door.HELD) == "kept open"

"""A reader's language: the whole mail is in it, and the compiled catalogue is the one in the source."""

from __future__ import annotations

import ast
import gettext
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from convoys.services.messaging.deliver import deliver
from tests import factories
from tests.alerting.conftest import subscribe
from tests.alerting.post_office import body

CATALOGUE = Path(settings.LOCALE_PATHS[0]) / "fr" / "LC_MESSAGES"
SOURCES = [
    *Path("convoys/services/messaging").glob("*.py"),
    Path("convoys/queries/subscriptions.py"),
    *Path("templates/mail").glob("*"),
]
IN_CODE = re.compile(r"""\b_\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\)""")
IN_TEMPLATES = re.compile(r'{% translate "([^"]+)" %}')


NO_BREAK = "\N{NO-BREAK SPACE}"


def translations() -> dict[Any, str]:
    """Source to French, as compiled; a sentence with a plural stands under a pair with its number."""
    with (CATALOGUE / "django.mo").open("rb") as file:
        known: Any = gettext.GNUTranslations(file)
    return dict(known._catalog)


def test_every_sentence_of_a_mail_has_its_french():
    known = translations()
    sentences = set()
    for source in SOURCES:
        text = source.read_text()
        sentences |= {ast.literal_eval(f"({found})") for found in IN_CODE.findall(text)}
        sentences |= set(IN_TEMPLATES.findall(text))
    assert len(sentences) > 70
    assert sorted(sentence for sentence in sentences if sentence not in known) == []


def test_placeholders_survive_translation():
    for source, french in translations().items():
        if source:
            sentence = source[0] if isinstance(source, tuple) else source
            assert set(re.findall(r"%\(\w+\)s", sentence)) == set(re.findall(r"%\(\w+\)s", french)), sentence


def test_french_signs_of_two_parts_stand_off_by_a_space_that_does_not_break():
    for french in translations().values():
        assert re.findall(r" [:;?!»]|« ", french) == [], french


@pytest.mark.django_db
def test_a_french_reader_and_an_english_one_each_get_their_own(clock, sweep, told_partner, post_office):
    officer = factories.officer()
    subscribe(officer, language="fr")
    factories.make_held_convoy()
    sweep(days=3, minutes=1)
    deliver()
    mails = {mail["To"]: mail for mail in post_office.mails}
    french, english = mails["officer@example.org"], mails["partner_aid_society@example.org"]
    assert english["Subject"] == "Held 3 days at Junction: C-1, 40 t"
    assert french["Subject"].strip() == "Retenu depuis 3 jours à Junction : C-1, 40 t"
    assert french["Content-Language"] == "fr"
    text = body(french).replace(NO_BREAK, " ")
    assert "Retenu, devant Bridge depuis : 2 mars 2026, 08:00 (UTC)." in text
    assert (
        "Vous recevez ce courriel parce que vous êtes abonné à : tous les convois que vous pouvez voir."
        in text
    )
    assert not re.search(r"\b(held|since|the|step|sponsors)\b", text.replace("Seen by us.", ""))

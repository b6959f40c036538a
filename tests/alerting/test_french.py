"""A reader's language: the whole mail is in it, and the compiled catalogue is the one in the source."""

from __future__ import annotations

import ast
import gettext
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import translation

from convoys import wording
from convoys.services.messaging.deliver import deliver
from convoys.vocabulary import KINDS, Access, CargoCategory, SpeakerKind, Stance, State
from tests import factories
from tests.alerting.conftest import subscribe
from tests.alerting.post_office import body

LINKED_PAGES = ("acknowledged", "snoozed", "in_charge", "respond", "told", "unsubscribe")
CATALOGUE = Path(settings.LOCALE_PATHS[0]) / "fr" / "LC_MESSAGES"
SOURCES = [
    *Path("convoys/services/messaging").glob("*.py"),
    Path("convoys/services/alerting/responses.py"),
    Path("convoys/queries/subscriptions.py"),
    Path("convoys/wording.py"),
    Path("convoys/services/webhooks/send.py"),
    Path("convoys/services/webhooks/standing.py"),
    Path("convoys/board/mail_links.py"),
    *(Path("templates/alerts") / f"{page}.html" for page in LINKED_PAGES),
]
# What a mail says of codes: every label of these may stand in one.
CODES = (Access, CargoCategory, SpeakerKind, Stance, State)
FUNCTIONS = {"_": 1, "gettext": 1, "gettext_lazy": 1, "ngettext": 2, "pgettext": 2}
IN_TEMPLATES = re.compile(r"""{% translate "([^"]+)" %}|{% translate '([^']+)' %}""")
IN_BLOCKS = re.compile(r"{% blocktranslate[^%]*%}(.*?)(?:{% plural %}.*?)?{% endblocktranslate %}", re.S)
NO_BREAK = "\N{NO-BREAK SPACE}"


def translations() -> dict[Any, str]:
    """Source to French, as compiled; a sentence with a plural stands under a pair with its number."""
    with (CATALOGUE / "django.mo").open("rb") as file:
        known: Any = gettext.GNUTranslations(file)
    return dict(known._catalog)


def sentences_in_code(source: str) -> set[str]:
    """The first argument of every call that translates; of one with a context, the second."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
            said = node.args[1 if node.func.id == "pgettext" else 0]
            if isinstance(said, ast.Constant):
                found.add(str(said.value))
    return found


def sentences_in_template(source: str) -> set[str]:
    found = {one or other for one, other in IN_TEMPLATES.findall(source)}
    blocks = {re.sub(r"{{ (\w+) }}", r"%(\1)s", block) for block in IN_BLOCKS.findall(source)}
    return found | blocks


def sentences() -> set[str]:
    found = {str(code.label) for codes in CODES for code in codes} | {
        str(kind.label) for kind in KINDS.values()
    }
    for source in SOURCES:
        text = source.read_text()
        found |= sentences_in_code(text) if source.suffix == ".py" else sentences_in_template(text)
    return found


def test_every_sentence_of_a_mail_has_its_french():
    known = {key[0] if isinstance(key, tuple) else key for key in translations()}
    known = {key.split("\4")[-1] for key in known}
    found = sentences()
    assert len(found) > 250
    assert sorted(found - known) == []


def test_nothing_in_the_catalogue_is_without_its_french():
    assert [source for source, french in translations().items() if source and not french.strip()] == []
    text = (CATALOGUE / "django.po").read_text()
    assert "#, fuzzy" not in text


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
    text = " ".join(body(french).split())
    assert "Retenu, devant Bridge depuis : 2 mars 2026, 08:00 (UTC)." in text
    assert (
        "Vous recevez ce courriel parce que vous êtes abonné à : tous les convois que vous pouvez voir."
        in text
    )
    assert not re.search(r"\b(held|since|the|step|sponsors)\b", text.replace("Seen by us.", ""))


def test_figures_and_dates_are_written_as_each_language_writes_them():
    with translation.override("fr"):
        assert wording.tonnes(Decimal("12960.500"), None) == f"plus de 12{NO_BREAK}960,5 t"
        assert wording.long_day(date(2023, 9, 1)) == "1er septembre 2023"
        assert wording.days(1) == "1 jour"
        assert wording.days(0) == "0 jour"
        assert wording.long_day(date(2023, 9, 11)) == "11 septembre 2023"
    assert wording.tonnes(Decimal("12960.500"), None) == "more than 12,960.5 t"
    assert wording.long_day(date(2023, 9, 1)) == "1 September 2023"

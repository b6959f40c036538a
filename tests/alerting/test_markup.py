"""A mail in HTML: words stay words whatever they hold, and every server takes it as it is."""

from __future__ import annotations

from dataclasses import fields, replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from django.urls import resolve
from hypothesis import given
from hypothesis import strategies as st

from convoys.services.messaging.markup import escaped, html_page
from convoys.services.messaging.phrases import LONGEST_STATEMENT, Said
from convoys.services.messaging.render import LINKS_MARK, REASON_MARK, Rendered
from convoys.services.messaging.section import Access, Fact, Group, Mail, Neighbour, Section
from convoys.services.messaging.sections import page_of

PIECES = [
    "<", ">", "&", '"', "'", "</p>", "</title>", "<script>alert(1)</script>", "<!--", "]]>", '" onload="x',
    "&lt;", "&#60;", "javascript:x", "é", "Ստեփանակերտ", "😀", " ", "a", "%(x)s", "{x}", "\x00", "\n",
]  # fmt: skip
hostile = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)


class Read(HTMLParser):
    """What a mail program sees: tags with the names of their attributes, addresses, and words."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.shape: list[Any] = []
        self.addresses: list[str | None] = []
        self.words: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, [name for name, _ in attrs]))
        self.addresses += [value for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        self.shape.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.shape.append("comment")

    def handle_decl(self, decl: str) -> None:
        self.shape.append(decl)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def mail_of(words: str) -> Mail:
    """A mail of every kind of part, in which every value that is not ours to choose is these words."""
    said = Said(words, words, words, words, words, words)
    access = Access(words, words, words, words, (said,))
    more: dict[str, Any] = {one.name: words for one in fields(Section) if one.type in ("str", str)}
    section = Section(**more)
    section.facts = [Fact(words, words), Fact(words, words, is_unknown=True)]
    section.changes, section.notes, section.accounts = [words, words], [words, words], [said]
    section.more_accounts = 2
    groups = [
        Group([section, replace(section, badge="held"), replace(section, is_brief=True)], words, access),
        Group([replace(section, badge="delivered", accounts=[], changes=[])]),
    ]
    return Mail(
        subject=words, preview=words, language=words, groups=groups,
        neighbours=[Neighbour(words, words, words)], neighbours_title=words, ledger_size=1,
        ledger_head=words, links=words, reason=words, is_exercise=True, is_staff=True,
    )  # fmt: skip


HARMLESS = Read(html_page(mail_of("harmless")))


@given(words=hostile)
def test_no_word_makes_markup(words):
    page = html_page(mail_of(words))
    read = Read(page)
    assert read.shape == HARMLESS.shape
    plain = words.replace("\x00", "")
    assert len(read.addresses) == len(HARMLESS.addresses)
    for address, like in zip(read.addresses, HARMLESS.addresses, strict=True):
        assert (address or "").replace("\x00", "").replace("\N{REPLACEMENT CHARACTER}", "") == (
            like or ""
        ).replace("harmless", plain)


@given(words=hostile)
def test_words_are_read_as_they_were_written(words):
    words = "w" + words.replace("\x00", "")
    read, harmless = Read(html_page(mail_of(words))), "".join(HARMLESS.words)
    # A line may end where words part.
    assert "".join(read.words).split() == harmless.replace("harmless", words).split()


@given(words=hostile)
def test_links_and_reason_put_in_afterwards_are_words_too(words):
    mail = replace(mail_of("harmless"), links=LINKS_MARK, reason=REASON_MARK)
    rendered = Rendered("", "", html_page(mail), (), (), ())
    _, page = rendered.for_person(words, words)
    assert Read(page).shape == HARMLESS.shape
    assert page.isascii()


@given(words=hostile)
def test_a_page_is_of_short_lines_in_ascii(words):
    page = html_page(mail_of(words.replace("\n", " ")))
    assert page.isascii()
    assert max(map(len, page.split("\n"))) <= 998
    assert escaped(words).isascii()


@pytest.mark.parametrize("word", ["l’été à ", "Ստեփանակերտ ", "😀 "])
def test_a_long_statement_in_any_script_needs_no_encoding(word):
    said = Said("Ministère", "1er mai", (word * 100)[:LONGEST_STATEMENT], "", "")
    mail = mail_of("words")
    section = mail.groups[0].sections[0]
    section.accounts, section.lead = [said], said.what
    assert max(map(len, html_page(mail).split("\n"))) <= 998


@pytest.mark.parametrize("reference", ["C-1", "KB 23", "Ж-1?a=b#c", "50%"])
def test_the_page_that_a_mail_opens_is_the_convoys(reference):
    address = urlsplit(page_of(reference))
    found = resolve(unquote(address.path))
    assert (found.view_name, found.kwargs) == ("board:convoy", {"reference": reference})
    assert not address.query
    assert not address.fragment

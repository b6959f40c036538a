"""The plain-text part of a mail: lines of 72 columns at most, read from top to bottom, no tables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from convoys.phrasebook import gettext as _
from convoys.phrasebook import ngettext
from convoys.services.messaging.phrases import Said
from convoys.services.messaging.section import Access, Mail, Section

COLUMNS = 72
SIGNATURE = "-- "
HEADING = "=" * 40
RULE = "-" * 40
# Where a line may break, and whatever a value holds must not.
SPACES = re.compile(r"[ \t\n\v\f\r]+")


def plain_text(mail: Mail) -> str:
    lines = [line for part in _parts(mail) for line in part]
    tidied: list[str] = []
    for line in lines:
        if line or (tidied and tidied[-1]):
            tidied.append(line)
    return "\n".join(tidied).strip("\n") + "\n"


def wrapped(text: str, indent: str = "") -> list[str]:
    """A paragraph in lines; an address or a word that is longer than a line is never broken.

    Spaces that do not break (of French, before signs of two parts) hold words together.
    """
    if not text.isprintable() or "  " in text:
        text = SPACES.sub(" ", text)
    text = text.strip(" ")
    room, lines = COLUMNS - len(indent), []
    while len(text) > room:
        end = text.rfind(" ", 0, room + 1)
        if end < 0:
            end = text.find(" ", room)
        if end < 0:
            break
        lines.append(indent + text[:end])
        text = text[end + 1 :]
    return [*lines, indent + text] if text else lines


def _parts(mail: Mail) -> Iterator[list[str]]:
    if mail.is_exercise:
        yield ["*** {} ***".format(_("EXERCISE: nothing here is real")), ""]
    is_first = True
    for group in mail.groups:
        if group.heading:
            yield ["", HEADING, *wrapped(group.heading)]
            if group.access is not None:
                yield from _access(group.access)
            yield [""]
        for section in group.sections:
            if not is_first and not (group.heading and section is group.sections[0]):
                yield ["", RULE, ""]
            is_first = False
            yield from (_briefly(section) if section.is_brief else _section(section))
    if mail.neighbours:
        yield ["", *wrapped(mail.neighbours_title), ""]
        for neighbour in mail.neighbours:
            yield wrapped(", ".join(neighbour), "  ")
    yield from _foot(mail)


def _section(section: Section) -> Iterator[list[str]]:
    yield [*wrapped(section.headline), *wrapped(section.lead), ""]
    if section.changes:
        yield wrapped(_("Since the last message, %(when)s:") % {"when": section.told_at})
        yield [*(line for change in section.changes for line in _item(change)), ""]
    for fact in section.facts:
        yield wrapped(_("%(label)s: %(value)s") % {"label": fact.label, "value": fact.value}, "  ")
    if section.accounts:
        yield ["", *wrapped(_("Who says what, oldest first")), ""]
        for said in section.accounts:
            yield [*_said(said), ""]
        if section.more_accounts:
            yield [*wrapped(more(section.more_accounts), "  "), ""]
    yield ["", *_link(_("Open the convoy:"), section.url), ""]
    for note in section.notes:
        yield wrapped(note)


def _briefly(section: Section) -> Iterator[list[str]]:
    yield [*wrapped(section.headline), *wrapped(section.lead), section.url]


def _access(access: Access) -> Iterator[list[str]]:
    if access.sentence:
        yield ["", *wrapped(_("%(label)s: %(value)s") % {"label": access.name, "value": access.sentence})]
    for said in access.accounts:
        yield ["", *_said(said)]


def _said(said: Said) -> list[str]:
    who = ", ".join(part for part in (said.who, said.when) if part)
    mark = f" [{said.mark}]" if said.mark else ""
    lines = [*wrapped(who + mark, "  "), *wrapped(said.what, "  ")]
    return [*lines, f"  {said.link}"] if said.link else lines


def _item(text: str) -> list[str]:
    first, *rest = wrapped(text, "    ") or [""]
    return [f"  - {first.strip()}", *rest]


def _link(label: str, url: str) -> list[str]:
    """An address on the line of its label where it fits, else alone, so that it is whole."""
    together = f"{label} {url}"
    return [together] if len(together) <= COLUMNS else [label, f"  {url}"]


def more(count: int) -> str:
    return ngettext("and %(n)s more on its page", "and %(n)s more on its page", count) % {"n": count}


def _foot(mail: Mail) -> Iterator[list[str]]:
    links = mail.links
    yield [""]
    if mail.may_quiet:
        yield _link(_("Acknowledge, and be told no further steps:"), f"{links}/acknowledge")
        yield _link(_("Snooze for 24 h, 3 days, 7 days or until a day:"), f"{links}/snooze")
        if mail.is_staff:
            yield _link(_("Take charge, signed in:"), f"{links}/charge")
    yield [SIGNATURE, mail.reason]  # wrapped when it is put in
    yield _link(_("Stop these mails:"), links)
    ledger = {"size": mail.ledger_size, "head": mail.ledger_head}
    yield wrapped(_("Ledger: %(size)s entries, head %(head)s.") % ledger)

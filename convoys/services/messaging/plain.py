"""The plain-text part of a mail: lines of 72 columns at most, read from top to bottom, no tables."""

from __future__ import annotations

import re
from functools import lru_cache

from convoys.phrasebook import gettext as _
from convoys.phrasebook import ngettext
from convoys.services.messaging.phrases import Said
from convoys.services.messaging.section import Access, Mail, Neighbour, Section

COLUMNS = 72
SIGNATURE = "-- "
HEADING = "=" * 40
RULE = "-" * 40
# Where a line may break, and whatever a value holds must not.
SPACES = re.compile(r"[ \t\n\v\f\r]+")


def plain_text(mail: Mail) -> str:
    text = "\n".join(_lines(mail)).strip("\n") + "\n"
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text


def wrapped(text: str, indent: str = "") -> list[str]:
    """A paragraph in lines; an address or a word that is longer than a line is never broken.

    Spaces that do not break (of French, before signs of two parts) hold words together.
    """
    if not text.isprintable() or "  " in text:
        text = SPACES.sub(" ", text)
    text = text.strip(" ")
    room = COLUMNS - len(indent)
    if len(text) <= room:
        return [indent + text] if text else []
    lines = []
    while len(text) > room:
        end = text.rfind(" ", 0, room + 1)
        if end < 0:
            end = text.find(" ", room)
        if end < 0:
            break
        lines.append(indent + text[:end])
        text = text[end + 1 :]
    return [*lines, indent + text]


def _lines(mail: Mail) -> list[str]:
    """An empty line stands before and after what stands apart; where two meet they become one."""
    lines: list[str] = []
    if mail.is_exercise:
        lines += ["*** {} ***".format(_("EXERCISE: nothing here is real")), ""]
    is_first = True
    for group in mail.groups:
        if group.heading:
            lines += ["", HEADING, *wrapped(group.heading)]
            if group.access is not None:
                lines += _access(group.access)
            lines.append("")
        for section in group.sections:
            if not is_first and not (group.heading and section is group.sections[0]):
                lines += ["", RULE, ""]
            is_first = False
            lines += _briefly(section) if section.is_brief else _section(section)
    if mail.neighbours:
        lines += ["", *wrapped(mail.neighbours_title), ""]
        for neighbour in mail.neighbours:
            lines += _neighbour(neighbour)
    return lines + _foot(mail)


def _section(section: Section) -> list[str]:
    lines = [*wrapped(section.headline), *wrapped(section.lead), ""]
    if section.changes:
        lines += wrapped(_("Since the last message, %(when)s:") % {"when": section.told_at})
        for change in section.changes:
            lines += _item(change)
        lines.append("")
    for fact in section.facts:
        lines += wrapped(_("%(label)s: %(value)s") % {"label": fact.label, "value": fact.value}, "  ")
    if section.accounts:
        lines += ["", *wrapped(_("Who says what, oldest first")), ""]
        for said in section.accounts:
            lines += [*_said(said), ""]
        if section.more_accounts:
            lines += [*wrapped(more(section.more_accounts), "  "), ""]
    lines += ["", *_link(_("Open the convoy:"), section.url), ""]
    for note in section.notes:
        lines += wrapped(note)
    return lines


def _briefly(section: Section) -> list[str]:
    return [*wrapped(section.headline), *wrapped(section.lead), section.url]


@lru_cache(maxsize=1024)  # the same few stand in mails by the hundred
def _neighbour(one: Neighbour) -> tuple[str, ...]:
    return tuple(wrapped(", ".join(one), "  "))


def _access(access: Access) -> list[str]:
    lines = []
    if access.sentence:
        lines = ["", *wrapped(_("%(label)s: %(value)s") % {"label": access.name, "value": access.sentence})]
    for said in access.accounts:
        lines += ["", *_said(said)]
    return lines


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


def _foot(mail: Mail) -> list[str]:
    links, lines = mail.links, [""]
    if mail.may_quiet:
        lines += _link(_("Acknowledge, and be told no further steps:"), f"{links}/acknowledge")
        lines += _link(_("Snooze for 24 h, 3 days, 7 days or until a day:"), f"{links}/snooze")
        if mail.is_staff:
            lines += _link(_("Take charge, signed in:"), f"{links}/charge")
    lines += [SIGNATURE, mail.reason]  # wrapped when it is put in
    lines += _link(_("Stop these mails:"), links)
    ledger = {"size": mail.ledger_size, "head": mail.ledger_head}
    return lines + wrapped(_("Ledger: %(size)s entries, head %(head)s.") % ledger)

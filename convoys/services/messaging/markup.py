"""The HTML part of a mail, from the same words as its text.

Put together by hand, since a template engine asks of every value how it is to be found and shown.
Every word goes through `escaped`, and nothing but `stationery` and this module makes markup. What comes out
is ASCII, in lines that any mail server takes as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape

from convoys.phrasebook import gettext as _
from convoys.phrasebook import once_per_language
from convoys.services.messaging import stationery as look
from convoys.services.messaging.phrases import Said
from convoys.services.messaging.plain import more, wrapped
from convoys.services.messaging.section import Access, Fact, Group, Mail, Neighbour, Section

MARKS = re.compile("[&<>\"']")
FIRST, FURTHER = 20, 44  # pixels above a part or a group


def html_page(mail: Mail) -> str:
    return "".join(_page(mail))


def escaped(words: str) -> str:
    """Words as words and never as markup, in an attribute too; letters beyond ASCII by their numbers."""
    if MARKS.search(words) is not None:  # few have one, and to look costs a fifth of replacing
        words = escape(words)
    return words if words.isascii() else words.encode("ascii", "xmlcharrefreplace").decode()


e = escaped  # short, since it stands around every word


def _paragraph(words: str) -> str:
    """In short lines where letters may take ten places each."""
    return e(words) if words.isascii() else "\n".join(map(e, wrapped(words)))


def _page(mail: Mail) -> Iterator[str]:
    yield f'<!doctype html>\n<html lang="{e(mail.language)}">\n<head>\n<title>{e(mail.subject)}</title>\n'
    yield f"{look.HEAD}</head>\n{look.BODY}{look.HIDDEN}{_paragraph(mail.preview)}</div>\n{look.OPEN}"
    yield f"{look.SENDER}{e(_('Convoy tracker'))}</p>\n"
    if mail.is_exercise:
        yield f"{look.EXERCISE}{e(_('EXERCISE: nothing here is real'))}</p>\n"
    for group in mail.groups:
        yield from _group(group, FIRST if group is mail.groups[0] else FURTHER)
    if mail.neighbours:
        # Only what this reader may see: nobody is told of a convoy by its neighbour.
        yield f"<h2 {look.TITLE}>{e(mail.neighbours_title)}</h2>\n{look.NEIGHBOURS}"
        yield from map(_neighbour, mail.neighbours)
        yield "</table>\n"
    yield from _foot(mail)
    yield look.CLOSE


def _group(group: Group, above: int) -> Iterator[str]:
    level = "h2" if group.heading else "h1"
    if group.heading:
        yield f"{look.heading_of_group(above)}{e(group.heading)}</h1>\n"
        if group.access is not None and group.access.sentence:
            yield from _access(group.access)
    for section in group.sections:
        if section.is_brief:
            yield f"{look.BRIEF}{_link(section.url, f'<strong>{e(section.headline)}</strong>')}<br>\n"
            yield f"{look.SMALL}{_paragraph(section.lead)}</span></p>\n"
        else:
            yield from _section(section, level, FIRST if section is group.sections[0] else FURTHER)


def _access(access: Access) -> Iterator[str]:
    yield f"{look.ACCESS}{e(access.name)}: <strong>{e(access.sentence)}</strong></p>\n"
    for said in access.accounts:
        when = f", {e(said.when)}" if said.when else ""
        yield f"{look.ON_ACCESS}<strong>{e(said.who)}</strong>{when}:\n{_paragraph(said.what)}</p>\n"


def _section(section: Section, level: str, above: int) -> Iterator[str]:
    badge = look.BADGES.get(section.badge, look.OTHER_BADGE)
    yield f'<p style="margin:{above}px 0 0;">{badge}{e(section.badge_label)}</span></p>\n'
    yield f"<{level} {look.HEADLINE}>{e(section.headline)}</{level}>\n"
    yield f"{look.LEAD}{_paragraph(section.lead)}</p>\n"
    if section.changes:
        title = _("Since the last message, %(when)s") % {"when": section.told_at}
        yield f"{look.CHANGES_TITLE}{e(title)}</h3>\n{look.CHANGES}"
        yield from (f"<li>{_paragraph(change)}</li>\n" for change in section.changes)
        yield "</ul>\n"
    yield look.FACTS
    yield from map(_fact, section.facts)
    yield "</table>\n"
    if section.accounts:
        yield f"<h3 {look.TITLE}>{e(_('Who says what, oldest first'))}</h3>\n{look.ACCOUNTS}"
        yield from map(_account, section.accounts)
        yield "</table>\n"
        if section.more_accounts:
            yield f"{look.MORE}{e(more(section.more_accounts))}</p>\n"
    press = e(_("Open %(reference)s") % {"reference": section.reference})
    yield f'<p style="margin:16px 0 0;"><a href="{e(section.url)}" {look.PRESS}>{press}</a></p>\n'
    if section.notes:
        yield look.NOTES + "\n".join(map(_paragraph, section.notes)) + "</p>\n"


def _fact(fact: Fact) -> str:
    value = f"<em>{e(fact.value)}</em>" if fact.is_unknown else e(fact.value)
    key = f'<tr valign="top"><td class="key" width="92">{e(fact.label)}</td>'
    return f'{key}<td class="value">{value}</td></tr>\n'


def _account(said: Said) -> str:
    when = f"{look.SMALL}, {e(said.when)}</span>" if said.when else ""
    mark = f' <span class="mark">{e(said.mark)}</span>' if said.mark else ""
    link = f'<br>\n<small class="small">{_link(said.link, e(said.host))}</small>' if said.link else ""
    who = f'<tr><td class="said"><strong>{e(said.who)}</strong>{when}{mark}<br>\n'
    return f"{who}{_paragraph(said.what)}{link}</td></tr>\n"


@lru_cache(maxsize=1024)  # the same few stand in mails by the hundred
def _neighbour(one: Neighbour) -> str:
    return (
        f'<tr><td class="name"><strong>{e(one.reference)}</strong></td>'
        f'<td class="span"><strong>{e(one.span)}</strong></td><td class="load">{e(one.tonnage)}</td></tr>\n'
    )


def _link(address: str, markup: str) -> str:
    return f'<a class="link" href="{e(address)}">{markup}</a>'


def _foot(mail: Mail) -> Iterator[str]:
    if mail.may_quiet:
        yield _acts(mail.links, mail.is_staff)
    yield f"{look.REASON}{e(mail.reason)}\n{_link(mail.links, e(_('Stop these mails')))}<br>\n"
    ledger = {"size": mail.ledger_size, "head": mail.ledger_head}
    yield e(_("Ledger: %(size)s entries, head %(head)s.") % ledger) + "</p>\n"


@once_per_language  # the links of all are the same mark
def _acts(links: str, is_staff: bool) -> str:
    acknowledge = _link(f"{links}/acknowledge", f"<strong>{e(_('Acknowledge'))}</strong>")
    spans = {"24": "24\N{NO-BREAK SPACE}h", "72": _("3 days"), "168": _("7 days"), "date": _("until a day")}
    snooze = " &#183;\n".join(
        _link(f"{links}/snooze?hours={until}", e(words)) for until, words in spans.items()
    )
    said = f"{acknowledge} {look.SMALL}{e(_('no further steps'))}</span><br>\n{e(_('Snooze'))} {snooze}"
    if is_staff:
        charge = _link(f"{links}/charge", f"<strong>{e(_('Take charge'))}</strong>")
        said += f"<br>\n{charge} {look.SMALL}{e(_('signed in; shown to all'))}</span>"
    return f"{look.ACTS}{said}</p>\n"

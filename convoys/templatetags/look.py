"""The parts of the look that every page shares: shapes, states, marks, figures, times.

A state is told by shape, word and colour at once; a mark (contested, silent, inferred) is ink.
Unknown is a word in italics, never 0 and never empty.
"""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from decimal import Decimal

from django import template
from django.forms import BoundField
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from convoys import wording
from convoys.vocabulary import State

register = template.Library()
BIG = re.compile(r"([^\d]*?)\s*([\d.,–]+)\s*([^\d]*)")


@register.simple_tag
def glyph(name: str) -> SafeString:
    """A shape out of includes/glyphs.html; the word beside it says the same to those who cannot see it."""
    return format_html('<svg class="glyph" aria-hidden="true"><use href="#g-{}"/></svg>', name)


@register.simple_tag
def state(status: str, size: str = "") -> SafeString:
    """The badge of a convoy's state. Held alone is filled."""
    label = State(status).label if status in State.values else _("not registered")
    return format_html(
        '<span class="state state-{}{}">{}{}</span>',
        status or State.PLANNED,
        f" state-{size}" if size else "",
        glyph(status or State.PLANNED),
        label,
    )


@register.inclusion_tag("includes/key.html")
def state_key() -> dict[str, object]:
    """Every state with its shape, for the foot of a page."""
    return {"all_statuses": State.values}


@register.simple_tag
def contested_mark(what: str = "") -> SafeString:
    return format_html(
        '<span class="mark mark-contested">{}{}</span>', glyph("contested"), what or _("contested")
    )


@register.simple_tag
def unknown(what: str = "") -> SafeString:
    """The word for what no source gives."""
    return format_html('<span class="unknown">{}</span>', what or _("unknown"))


@register.simple_tag
def tonnage(low: Decimal | None, high: Decimal | None, what: str = "") -> SafeString:
    """A convoy's tonnage: a range, a figure, a floor, or the word unknown."""
    words = wording.tonnes(low, high)
    if not words:
        return unknown(what or _("tonnage unknown"))
    return format_html('<span class="tonnes">{}</span>', words)


@register.simple_tag
def big(words: str) -> SafeString:
    """A headline figure: the digits large, "at least" before and the unit after them small."""
    if not words:
        return unknown()
    found = BIG.fullmatch(words)
    if found is None:
        return format_html("{}", words)
    lead, digits, unit = found.groups()
    parts = [format_html('<span class="unit">{}</span> ', lead) if lead else "", digits]
    parts.append(format_html(' <span class="unit">{}</span>', unit) if unit else "")
    return format_html("{}{}{}", *parts)


@register.simple_tag
def moment(
    instant: datetime,
    precision: str,
    bound: str,
    zone: tzinfo,
    form: str = "long",
    this_year: int | None = None,
) -> SafeString:
    """An instant as `<time>`, said no finer than it is known. `form` is long or short."""
    words = wording.moment(instant, precision, bound, zone, short=form == "short", this_year=this_year)
    local = instant.astimezone(zone)
    if precision in ("minute", "hour"):
        machine = local.isoformat(timespec="minutes")
    else:
        machine = local.strftime("%Y-%m" if precision == "month" else "%Y-%m-%d")
    return format_html('<time datetime="{}">{}</time>', machine, words)


@register.filter
def as_input(field: BoundField, attributes: str = "") -> SafeString:
    """A form's field in our own class, without placeholder; `attributes` as "name=value name=value"."""
    more = dict(part.split("=", 1) for part in attributes.split())
    return field.as_widget(attrs={"class": "input", "placeholder": False, **more})


@register.filter
def marked(text: str) -> SafeString:
    """A sentence of ours in which `names` are what programs write."""
    # Odd parts stood between two marks.
    parts = enumerate(text.split("`"))
    return format_html_join(
        "",
        "{}",
        ((format_html('<span class="mono">{}</span>', part) if at % 2 else part,) for at, part in parts),
    )

"""How figures, spans of time and instants are said, the same in pages, admin and mails.

A leaf: it knows words, not models. Nothing here reads the clock. What is unknown comes back as
the empty string, so that each door can show its own italic word and nobody prints a 0 for it.
"""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from decimal import Decimal

from django.utils.dateformat import format as date_format
from django.utils.formats import get_format
from django.utils.translation import pgettext

from convoys.phrasebook import gettext as _
from convoys.phrasebook import ngettext, once_per_language

EXACT_UP_TO_DAYS = 14  # a long span's hours tell nobody anything


def plain_number(value: Decimal | int) -> str:
    """A figure without idle zeros, thousands parted: 400.000 is "400", 12960 is "12,960", in French
    "12 960" with a space that does not break."""
    text = f"{value:,f}" if isinstance(value, Decimal) else f"{value:,d}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text if text.isdigit() else _parted(text)


@once_per_language
def _parted(text: str) -> str:
    return text.translate(
        {ord(","): get_format("THOUSAND_SEPARATOR"), ord("."): get_format("DECIMAL_SEPARATOR")}
    )


def rounded(value: Decimal) -> Decimal:
    """A computed figure for the eye: whole from 10 on, else one decimal."""
    return value.quantize(Decimal(1) if abs(value) >= 10 else Decimal("0.1"))


def span_of_figures(low: Decimal | None, high: Decimal | None, floor: str) -> str:
    """Both ends of a range, one figure, a floor ("more than 20"), a ceiling, or "" where unknown."""
    if low is not None and high is not None:
        return plain_number(low) if low == high else f"{plain_number(low)}–{plain_number(high)}"
    if low is not None:
        return f"{floor} {plain_number(low)}"
    if high is not None:
        return _("up to %(figure)s") % {"figure": plain_number(high)}
    return ""


def tonnes(low: Decimal | None, high: Decimal | None) -> str:
    """Metric tonnes: "360–400 t", "40 t", "more than 20 t", or "" where unknown."""
    figures = span_of_figures(low, high, _("more than"))
    return f"{figures} t" if figures else ""


def tonnes_in_sum(low: Decimal | None, high: Decimal | None) -> str:
    """Tonnes that a sum adds up to; a sum with a floor in it is said with "at least"."""
    figures = span_of_figures(low, high, _("at least"))
    return f"{figures} t" if figures else ""


@once_per_language
def days(count: int) -> str:
    return ngettext("%(count)s day", "%(count)s days", count) % {"count": plain_number(count)}


def span_of_time(count: Decimal, is_whole_days: bool) -> str:
    """A duration in days: "16 days" where only days are known, else "1 d 21 h" or "3 h 20 min"."""
    if is_whole_days or count >= EXACT_UP_TO_DAYS:
        return days(int(count))
    minutes = int(round(count * 24 * 60, 3))  # a third of a day has no exact decimal
    if minutes >= 24 * 60:
        values = {"days": minutes // (24 * 60), "hours": minutes // 60 % 24}
        return _("%(days)s d %(hours)s h") % values
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min" if minutes else _("less than a minute")


@once_per_language
def short_day(day: date, this_year: int | None = None) -> str:
    """ "26 Jul", with its year unless it is `this_year`."""
    text = date_format(day, "j M" if day.year == this_year else "j M Y")
    return pgettext("first day of a month", "1") + text[1:] if day.day == 1 else text


@once_per_language
def long_day(day: date) -> str:
    """ "26 July 2023"; in French the first of a month is "1er"."""
    text = date_format(day, "j F Y")
    return pgettext("first day of a month", "1") + text[1:] if day.day == 1 else text


def moment(
    instant: datetime,
    precision: str,
    bound: str,
    zone: tzinfo,
    *,
    short: bool = False,
    this_year: int | None = None,
) -> str:
    """When something happened, no finer than it is known: "by 1 September 2023", "9 Sep 2023, 14:30"."""
    local = instant.astimezone(zone)
    if precision == "month":
        text = date_format(local, "M Y" if short else "F Y")
    else:
        text = short_day(local.date(), this_year) if short else long_day(local.date())
    if precision in ("minute", "hour"):
        time = f"{local.hour:02}:{local.minute:02}"
        if bound in ("about", "by"):
            time = (_("about %(time)s") if bound == "about" else _("by %(time)s")) % {"time": time}
        return f"{text}, {time}"
    if bound in ("about", "by"):
        return (_("about %(day)s") if bound == "about" else _("by %(day)s")) % {"day": text}
    return text


def what_is_known(precision: str) -> str:
    """What a coarse time leaves open, in words; "" where it is known to the hour."""
    if precision == "day":
        return _("day known, hour not")
    if precision == "month":
        return _("month known, day not")
    return ""


def what_is_known_briefly(precision: str) -> str:
    return {"day": _("day known"), "month": _("month known")}.get(precision, "")


def listed(words: list[str]) -> str:
    """ "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return _("%(first)s and %(last)s") % {"first": ", ".join(words[:-1]), "last": words[-1]}

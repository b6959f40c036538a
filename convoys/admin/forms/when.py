"""When something happened: a day, a time if it is known, how exactly, and in whose clock."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from convoys.admin.forms.fields import Code, Day, Text, TimeOfDay
from convoys.errors import InvalidInput
from convoys.services.changes import When, in_zone
from convoys.vocabulary import Bound, Precision

EXACT = (Precision.MINUTE, Precision.HOUR)
PRECISIONS = [("", gettext_lazy("as entered")), *[(p.value, p.value) for p in Precision]]


def when_fields(required: bool = True) -> dict[str, forms.Field]:
    """Fields of a form from which `chosen_when` makes the instant."""
    return {
        "bound": Code(gettext_lazy("At, about or by"), [(b.value, b.value) for b in Bound]),
        "day": Day(gettext_lazy("Day"), required=required),
        "time": TimeOfDay(gettext_lazy("Time, if known")),
        "precision": Code(gettext_lazy("Known to the"), PRECISIONS, radios=True),
        "time_as_printed": Text(gettext_lazy("Time as printed"), limit=200),
    }


def now_in(zone: ZoneInfo, now: datetime, with_time: bool) -> dict[str, Any]:
    """Initial values that say "now" in this zone, to the minute or to the day."""
    local = now.astimezone(zone)
    return {"day": local.date(), "time": local.time().replace(second=0, microsecond=0) if with_time else None}


def chosen_when(form: forms.Form, zone: ZoneInfo) -> When | None:
    """The first instant of the period that was entered; says on the form what is wrong with it."""
    values = form.cleaned_data
    day, hour = values.get("day"), values.get("time")
    if day is None:
        if hour is not None and not form.errors.get("day"):
            form.add_error("day", _("A time needs its day."))
        return None
    precision = values.get("precision") or (Precision.DAY if hour is None else Precision.MINUTE)
    if precision in EXACT and hour is None:
        form.add_error("time", _("Give the time, or choose “day”."))
        return None
    if precision not in EXACT and hour is not None:
        form.add_error("precision", _("A time was given: choose “minute” or “hour”, or empty the time."))
        return None
    first = datetime.combine(day, hour or time.min)
    if precision == Precision.HOUR:
        first = first.replace(minute=0)
    if precision == Precision.MONTH:
        first = first.replace(day=1)
    try:
        at = in_zone(first, zone)
    except InvalidInput as error:
        form.add_error("day", error.message)
        return None
    return When(at, precision, values.get("bound") or Bound.AT, values.get("time_as_printed") or "")

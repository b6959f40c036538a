"""Which parameters the list of convoys takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from convoys.api.filters import by_route, by_sponsor, declared, exercises, of_a_day
from convoys.api.moments import SHAPE, first_instant, moment_of, past_instant
from convoys.api.parameters import (
    MOST_CODES,
    BadValueError,
    Narrow,
    Parameter,
    a_whole_number,
    is_storable,
    on_record,
    one_of,
    single,
    within,
    wrong,
    yes_or_no,
)
from convoys.models import ControlPoint, Convoy, Place
from convoys.queries import convoy_filters
from convoys.queries.api_moments import held_before_at
from convoys.queries.as_of import Moment, convoys_at
from convoys.queries.visibility import viewer_of
from convoys.vocabulary import Cause, State

TONNES = r"\d{1,9}(\.\d{1,3})?"
MOST_HOURS = 24 * 366 * 100
LONGEST_NUMBER = 100
SHORTEST_SEARCH, LONGEST_SEARCH = 2, 100

Convoys = QuerySet[Convoy]
Within = Callable[[Convoys, Moment, datetime | None, datetime | None], Convoys]


def _at_moment(ask: Callable[[Convoys, Moment, Any], Convoys]) -> Narrow:
    """Narrows by what was so at the moment that the query asks about."""

    def narrow(rows: Convoys, value: Any, request: Request) -> Convoys:
        return ask(rows, moment_of(request), value)

    return narrow


def _hours(given: list[str]) -> int:
    hours = a_whole_number(given)
    if hours > MOST_HOURS:
        raise BadValueError(f"At most {MOST_HOURS}.")
    return hours


def _tonnes(given: list[str]) -> Decimal:
    text = single(given)
    if not re.fullmatch(TONNES, text, re.ASCII):
        raise BadValueError("Give tonnes, with three decimals at most.")
    return Decimal(text)


def _words(given: list[str]) -> str:
    text = single(given).strip()
    if not is_storable(text) or not SHORTEST_SEARCH <= len(text) <= LONGEST_SEARCH:
        raise BadValueError(f"Give {SHORTEST_SEARCH} to {LONGEST_SEARCH} characters.")
    return text


def _numbers(given: list[str]) -> list[str]:
    if len(given) > MOST_CODES or not all(is_number(text) for text in given):
        raise BadValueError(f"Give numbers of at most {LONGEST_NUMBER} characters, {MOST_CODES} at once.")
    return given


def is_number(text: str) -> bool:
    """Whether anybody could have given a convoy this number; also whether it could be an issuer."""
    return 0 < len(text) <= LONGEST_NUMBER and is_storable(text)


def _instant(read: Callable[[str], datetime]) -> Callable[[list[str]], datetime]:
    return lambda given: read(single(given))


def stretch(name: str, meaning: str, fits: Within) -> tuple[Parameter, Parameter]:
    """`<name>_from` and `<name>_to`, which narrow together: by one stretch of time, both ends included."""
    since, until = f"{name}_from", f"{name}_to"
    start_of, end_of = _instant(first_instant), _instant(past_instant)

    def narrow(rows: Convoys, _: datetime, request: Request) -> Convoys:
        given = request.query_params
        start = start_of(given.getlist(since)) if since in given else None
        end = end_of(given.getlist(until)) if until in given else None
        if start and end and start > end:
            raise wrong(since, f"It is later than `{until}`.")
        return fits(rows, moment_of(request), start, end)

    def narrowed_already(rows: Convoys, at: datetime, request: Request) -> Convoys:
        return rows if since in request.query_params else narrow(rows, at, request)

    schema = {"type": "string", "pattern": f"^{SHAPE}$"}
    return (
        Parameter(since, f"{meaning} on this day or later.", schema, start_of, narrow),
        Parameter(until, f"{meaning} on this day or before.", schema, end_of, narrowed_already),
    )


def _updated_since(rows: Convoys, at: datetime, request: Request) -> Convoys:
    if not moment_of(request).is_now:
        raise wrong(
            "updated_since", "It asks what was recorded, not about another day: leave out as_of and known_at."
        )
    return convoy_filters.updated_since(rows, viewer_of(request.user), at)


def _caused(rows: Convoys, causes: list[str], request: Request) -> Convoys:
    return convoy_filters.said_held_for(rows, viewer_of(request.user), moment_of(request), causes)


def _contested(rows: Convoys, wanted: bool, request: Request) -> Convoys:
    try:
        return convoy_filters.contested(rows, viewer_of(request.user), moment_of(request), wanted)
    except convoy_filters.TooManyError:
        most = f"{convoy_filters.MOST_COMPARED:,}"
        raise wrong(
            "contested", f"Of {most} convoys at most: narrow the list by other parameters too."
        ) from None


CONVOYS = (
    one_of(
        "status",
        "States, divided by commas.",
        "",
        State.values,
        of_a_day(within("status"), convoys_at),
    ),
    by_route(),
    by_sponsor(),
    on_record("origin", "Codes of places.", "", Place, declared("origin")),
    on_record("destination", "Codes of places.", "", Place, declared("destination")),
    on_record(
        "control_point",
        "Codes of control points that a convoy is held before at the moment asked about.",
        "",
        ControlPoint,
        of_a_day(within("held_before"), held_before_at),
    ),
    one_of(
        "cause",
        "Causes that accounts in force allege for a hold, now or before, divided by commas: what is said, "
        "not what is so.",
        "",
        Cause.values,
        _caused,
    ),
    Parameter(
        "held_longer_than",
        "Hours: convoys that are held and have been for longer than this for certain, counted from the end "
        "of the period that `held_precision` names.",
        {"type": "integer", "minimum": 0, "maximum": MOST_HOURS},
        _hours,
        _at_moment(convoy_filters.held_longer_than),
        by_clock=True,
    ),
    Parameter(
        "tonnes_from",
        "Tonnes: `tonnes_low` is this or more. Unknown tonnage is left out.",
        {"type": "string", "pattern": f"^{TONNES}$"},
        _tonnes,
        _at_moment(convoy_filters.tonnes_at_least),
    ),
    Parameter(
        "tonnes_to",
        "Tonnes: `tonnes_high` is this or less. Tonnage that is unknown or has no upper end is left out.",
        {"type": "string", "pattern": f"^{TONNES}$"},
        _tonnes,
        _at_moment(convoy_filters.tonnes_at_most),
    ),
    *stretch("registered", "Entered by the desk", convoy_filters.registered_within),
    *stretch("departed", "Reported to have left its origin", convoy_filters.departed_within),
    *stretch("held", "Held at some time", convoy_filters.held_within),
    replace(
        yes_or_no(
            "silent",
            "`true`: open at the moment asked about, and nobody had reported for the silence limit; `false`: "
            "all others.",
            _at_moment(convoy_filters.silent),
        ),
        by_clock=True,
    ),
    Parameter(
        "updated_since",
        "An event that you may read was recorded, corrected or taken back since. Now only: not with `as_of` "
        "or `known_at`. A date is the beginning of that day.",
        {"type": "string", "pattern": f"^{SHAPE}$"},
        _instant(first_instant),
        _updated_since,
    ),
    Parameter(
        "q",
        "Words to look for in the reference, other references, names of sponsors, of origin, destination and "
        "the place where it stands.",
        {"type": "string", "minLength": SHORTEST_SEARCH, "maxLength": LONGEST_SEARCH},
        _words,
        _at_moment(convoy_filters.found_by),
    ),
    Parameter(
        "other_reference",
        "A waybill, a sponsor's own number, a clearance, whoever issued it: exactly so. Give the parameter "
        "several times for alternatives.",
        {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": LONGEST_NUMBER}},
        _numbers,
        _at_moment(convoy_filters.referred_to_as),
    ),
    exercises("is_exercise"),
    # Last, since it compares what the others leave.
    yes_or_no(
        "contested",
        "`true`: claims in force that you may read contradict each other; `false`: none do.",
        _contested,
    ),
)

"""Which parameters each list takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from rest_framework.request import Request

from accounts.models import Organisation
from convoys.api.moments import moment_of
from convoys.api.parameters import (
    BadValueError,
    Narrow,
    Parameter,
    is_storable,
    on_record,
    single,
    within,
)
from convoys.models import Convoy, ConvoyOrganisation, Part, Route
from convoys.queries.api_moments import declared_at
from convoys.queries.as_of import Moment

LONGEST_REFERENCE = 64
EXERCISES = {"true": True, "false": False, "all": None}


def is_reference(text: str) -> bool:
    """Whether a convoy could have this reference; what could not is simply not found."""
    return 0 < len(text) <= LONGEST_REFERENCE and is_storable(text)


def _wanted_exercises(given: list[str]) -> bool | None:
    text = single(given or ["false"])
    if text not in EXERCISES:
        raise BadValueError("Give true, false or all.")
    return EXERCISES[text]


def exercises(*columns: str, unless_named: frozenset[str] = frozenset()) -> Parameter:
    """Leaves exercises out unless the query asks for them, or names its subject in `unless_named`."""

    def narrow(rows: QuerySet[Any], wanted: bool | None, request: Request) -> QuerySet[Any]:
        given = request.query_params
        if wanted is None or ("exercise" not in given and unless_named & set(given)):
            return rows
        any_of = Q()
        for column in columns:
            any_of |= Q(**{column: wanted})
        return rows.filter(any_of)

    return Parameter(
        "exercise",
        "`false` leaves exercises out (the default), `true` gives them alone, `all` gives both.",
        {"type": "string", "enum": list(EXERCISES), "default": "false"},
        _wanted_exercises,
        narrow,
        always=True,
    )


def _by_sponsor(rows: QuerySet[Convoy], codes: list[str], request: Request) -> QuerySet[Convoy]:
    links = ConvoyOrganisation.objects.filter(
        convoy=OuterRef("pk"), part=Part.SPONSOR, organisation__in=codes
    )
    return rows.filter(Exists(links))


def of_a_day(now: Narrow, then: Callable[[QuerySet[Convoy], Moment, list[str]], QuerySet[Convoy]]) -> Narrow:
    """Narrows by what is so now, or, where the query asks about a moment, by what was so then."""

    def narrow(rows: QuerySet[Convoy], codes: list[str], request: Request) -> QuerySet[Convoy]:
        moment = moment_of(request)
        return now(rows, codes, request) if moment.is_now else then(rows, moment, codes)

    return narrow


def declared(item: str, now: Narrow | None = None) -> Narrow:
    """By an item of the declaration, as it stands at the moment asked about."""
    return of_a_day(now or within(item), lambda rows, moment, codes: declared_at(rows, moment, item, codes))


def a_reference(narrow: Narrow) -> Parameter:
    """A convoy by its reference; `narrow` gets the empty text for one that no convoy could have."""
    return Parameter(
        "convoy",
        "A convoy's reference.",
        {"type": "string", "minLength": 1, "maxLength": LONGEST_REFERENCE},
        lambda given: text if is_reference(text := single(given)) else "",
        narrow,
    )


def of_its_convoy(parameter: Parameter) -> Parameter:
    """The same filter for rows that belong to a convoy each."""

    def narrow(rows: QuerySet[Any], value: Any, request: Request) -> QuerySet[Any]:
        return rows.filter(convoy__in=parameter.narrow(Convoy.objects.all(), value, request))

    return replace(parameter, narrow=narrow)


def by_route() -> Parameter:
    return on_record("route", "Codes of routes, divided by commas.", "", Route, declared("route"))


def by_sponsor() -> Parameter:
    return on_record(
        "sponsor",
        "Codes of organisations; a convoy has at least one as sponsor.",
        "",
        Organisation,
        declared("sponsors", _by_sponsor),
    )


MASTER_DATA = (exercises("is_exercise"),)
CONTROL_POINTS = (exercises("place__is_exercise"),)

"""Query parameters as tables: what each means, what it takes, how it narrows a list.

Values of one parameter are alternatives, parameters narrow together. A parameter that a list does
not know, and a code that nothing on record has, are errors: a misspelt filter would else answer
another question without a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Model, QuerySet
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request

from convoys.api.problems import ApiProblem, Errors

if TYPE_CHECKING:
    from rest_framework.views import APIView

CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
MOST_CODES = 100
LONGEST_QUERY = 8_000
LARGEST_INTEGER = 2**63 - 1

Narrow = Callable[[QuerySet[Any], Any, Request], QuerySet[Any]]


class BadValueError(ValueError):
    """A sentence about a value that cannot be taken."""


@dataclass(frozen=True)
class Parameter:
    """One filter. `read` turns the values given (none: the empty list) into what `narrow` takes."""

    name: str
    description: str
    schema: Mapping[str, Any]
    read: Callable[[list[str]], Any]
    narrow: Narrow
    # Whether `narrow` is asked even where the parameter is not given.
    always: bool = False
    # Whether the clock alone can change which rows it leaves.
    by_clock: bool = False


class TableOfParameters(BaseFilterBackend):
    """Narrows a list by the view's `parameters`, and says in the OpenAPI file what they are."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        for parameter, value in taken(request, parameters_of(view)):
            queryset = parameter.narrow(queryset, value, request)
        return queryset

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        return [
            {
                "name": parameter.name,
                "in": "query",
                "required": False,
                "description": parameter.description,
                "schema": dict(parameter.schema),
            }
            for parameter in parameters_of(view)
        ]


def taken(request: Request, parameters: Iterable[Parameter]) -> list[tuple[Parameter, Any]]:
    """The parameters that count, with their values. Raises a problem that names each fault."""
    errors, found = [], []
    for parameter in parameters:
        given = request.query_params.getlist(parameter.name)
        if not given and not parameter.always:
            continue
        try:
            found.append((parameter, parameter.read(given)))
        except BadValueError as error:
            errors.append({"parameter": parameter.name, "detail": str(error)})
    _refuse(errors)
    return found


def parameters_of(view: APIView) -> Sequence[Parameter]:
    return getattr(view, "parameters", ())


def refuse_unknown_parameters(request: Request, valid: Iterable[str]) -> None:
    """Raise a problem that names the valid parameters where the query has others, or is too long."""
    if len(request.META.get("QUERY_STRING", "")) > LONGEST_QUERY:
        raise ApiProblem("uri-too-long", f"A query may have {LONGEST_QUERY:,} characters.")
    valid = sorted(valid)
    strange = sorted(set(request.query_params) - set(valid))
    if strange:
        known = f"Valid here: {', '.join(valid)}." if valid else "This resource takes none."
        raise ApiProblem(
            "unknown-parameter",
            f"Unknown parameter: {', '.join(name[:40] for name in strange[:10])}. {known}",
            [{"parameter": name[:40], "detail": "Not known here."} for name in strange[:10]],
        )


def read_each(request: Request, readers: Mapping[str, Callable[[list[str]], Any]]) -> dict[str, Any]:
    """Values of parameters that narrow no list, by name; None where one is not given. Each is given once."""
    values, errors = {}, []
    for name, read in readers.items():
        given = request.query_params.getlist(name)
        try:
            values[name] = read([single(given)]) if given else None
        except BadValueError as error:
            errors.append({"parameter": name, "detail": str(error)})
    _refuse(errors)
    return values


def wrong(parameter: str, detail: str) -> ApiProblem:
    """The problem that one parameter's value cannot be taken."""
    return ApiProblem(
        "invalid-parameter", f"{parameter}: {detail}", [{"parameter": parameter, "detail": detail}]
    )


def _refuse(errors: Errors) -> None:
    if errors:
        detail = " ".join(f"{error['parameter']}: {error['detail']}" for error in errors)
        raise ApiProblem("invalid-parameter", detail, errors)


# --- shapes of parameters


def is_storable(text: str) -> bool:
    """Whether a database takes this text; NUL and half characters make it fail instead of miss."""
    return "\x00" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def single(given: list[str]) -> str:
    if len(given) != 1:
        raise BadValueError("Give it once.")
    return given[0]


def codes_of(given: list[str]) -> list[str]:
    """`a,b` and `parameter=a&parameter=b` alike."""
    codes = list(dict.fromkeys(part.strip() for value in given for part in value.split(",")))
    if len(codes) > MOST_CODES:
        raise BadValueError(f"At most {MOST_CODES} codes at once.")
    if not all(CODE.fullmatch(code) for code in codes):
        raise BadValueError("Give codes, divided by commas.")
    return codes


def one_of(
    name: str, description: str, column: str, choices: Iterable[str], narrow: Narrow | None = None
) -> Parameter:
    """Codes of a closed list."""
    known = [str(choice) for choice in choices]

    def read(given: list[str]) -> list[str]:
        codes = codes_of(given)
        strange = sorted(set(codes) - set(known))
        if strange:
            raise BadValueError(f"There is no “{strange[0]}”. Valid: {', '.join(known)}.")
        return codes

    items = {"type": "string", "enum": known}
    return Parameter(
        name, description, {"type": "array", "items": items, "minItems": 1}, read, narrow or within(column)
    )


def on_record(
    name: str, description: str, column: str, model: type[Model], narrow: Narrow | None = None
) -> Parameter:
    """Codes of master data; one that nothing on record has is an error."""

    def read(given: list[str]) -> list[str]:
        codes = codes_of(given)
        found = set(model._default_manager.filter(pk__in=codes).values_list("pk", flat=True))
        strange = sorted(set(codes) - found)
        if strange:
            raise BadValueError(f"Nothing on record is called “{strange[0]}”.")
        return codes

    items = {"type": "string", "pattern": f"^{CODE.pattern}$"}
    return Parameter(
        name, description, {"type": "array", "items": items, "minItems": 1}, read, narrow or within(column)
    )


def a_whole_number(given: list[str]) -> int:
    text = single(given)
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= LARGEST_INTEGER):
        raise BadValueError("Give a whole number.")
    return int(text)


def whole_number(name: str, description: str, lookup: str) -> Parameter:
    def narrow(rows: QuerySet[Any], value: int, request: Request) -> QuerySet[Any]:
        return rows.filter(**{lookup: value})

    schema = {"type": "integer", "minimum": 0, "maximum": LARGEST_INTEGER}
    return Parameter(name, description, schema, a_whole_number, narrow)


def yes_or_no(name: str, description: str, narrow: Narrow) -> Parameter:
    """`true` or `false`."""

    def read(given: list[str]) -> bool:
        text = single(given)
        if text not in ("true", "false"):
            raise BadValueError("Give true or false.")
        return text == "true"

    return Parameter(name, description, {"type": "string", "enum": ["true", "false"]}, read, narrow)


def within(column: str) -> Narrow:
    """Rows whose column has one of the codes."""

    def narrow(rows: QuerySet[Any], codes: list[str], request: Request) -> QuerySet[Any]:
        return rows.filter(**{f"{column}__in": codes})

    return narrow

"""What a program may send in a body: small JSON objects, field by field, nothing taken for another thing.

A field that a resource does not know is an error that names the valid ones, as with parameters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import IO, Any, NoReturn

from rest_framework import serializers
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.settings import api_settings

from convoys.api.problems import ApiProblem, Errors

LARGEST_BODY = 64 * 1024
MOST_FAULTS = 10
LONGEST_NAME = 40
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INSTANT = re.compile(
    rf"{DAY.pattern}[Tt][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(\.[0-9]+)?([Zz]|[+-][0-9]{{2}}:[0-9]{{2}})"
)


class SmallJsonParser(JSONParser):
    """Reads no more than a body may have; a key that stands twice is an error, since one would be lost."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        raw = stream.read(LARGEST_BODY + 1)
        if len(raw) > LARGEST_BODY:
            raise ApiProblem("body-too-large", f"A body may have {LARGEST_BODY:,} bytes.")
        try:
            return json.loads(raw, object_pairs_hook=_each_once, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            raise ApiProblem("bad-request", "The body is not JSON, or has a key twice.") from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# --- fields that take what they say and nothing that looks like it


class TextIn(serializers.CharField):
    """A text; a number is none."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class WholeNumberIn(serializers.IntegerField):
    """A whole number; neither "5" nor true is one."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return data


class FlagIn(serializers.BooleanField):
    """true or false."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input="This")
        return data


class CodeIn(serializers.ChoiceField):
    """A code of a closed list."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in self.choices:
            raise serializers.ValidationError(f"Valid: {', '.join(str(code) for code in self.choices)}.")
        return data


class DayIn(serializers.DateField):
    """A day, as 2023-09-10."""

    def to_internal_value(self, data: Any) -> date:
        try:
            if isinstance(data, str) and DAY.fullmatch(data):
                return date.fromisoformat(data)
        except ValueError:
            pass
        raise serializers.ValidationError("Give a day, as 2023-09-10.")


class InstantIn(serializers.DateTimeField):
    """An instant with its offset, as 2026-12-31T23:00:00Z."""

    def to_internal_value(self, data: Any) -> datetime:
        try:
            if isinstance(data, str) and INSTANT.fullmatch(data):
                return datetime.fromisoformat(data.upper())
        except ValueError:
            pass
        raise serializers.ValidationError("Give an instant with its offset, as 2026-12-31T23:00:00Z.")


class Body(serializers.Serializer):
    """The fields of one kind of request."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError({api_settings.NON_FIELD_ERRORS_KEY: ["Give a JSON object."]})
        if strange := [name for name in data if name not in self.fields]:
            known = f"Valid here: {', '.join(self.fields)}." if self.fields else "Nothing is sent here."
            raise ApiProblem(
                "unknown-field",
                f"Unknown field: {', '.join(_shown(name) for name in strange[:MOST_FAULTS])}. {known}",
                [{"parameter": _shown(name), "detail": "Not known here."} for name in strange[:MOST_FAULTS]],
            )
        return super().to_internal_value(data)


class EmptyBody(Body):
    """Nothing: the address says it all."""


def read_body(request: Request, kind: type[Body], partial: bool = False) -> dict[str, Any]:
    """The fields of a request's body. Raises a problem that names each one that cannot be taken."""
    body = kind(data=request.data, partial=partial)
    if body.is_valid():
        taken: dict[str, Any] = body.validated_data
        return taken
    raise invalid_fields(list(_faults(body.errors)))


def invalid_fields(errors: Errors) -> ApiProblem:
    """The problem that these fields cannot be taken."""
    detail = " ".join(f"{error['parameter']}: {error['detail']}" for error in errors)
    return ApiProblem("invalid-field", detail, errors)


def _faults(errors: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Each sentence with the field that it is about, `alleged.trucks` within `alleged`."""
    if isinstance(errors, Mapping):
        for name, within in errors.items():
            is_whole = name == api_settings.NON_FIELD_ERRORS_KEY
            yield from _faults(within, path if is_whole else f"{path}.{name}".lstrip("."))
    elif isinstance(errors, list):
        for one in errors:
            yield from _faults(one, path)
    else:
        yield {"parameter": path or "body", "detail": str(errors)}


def _shown(name: str) -> str:
    """A stranger's name for a field, short, and so that it can be written at all."""
    return name[:LONGEST_NAME].encode(errors="replace").decode()

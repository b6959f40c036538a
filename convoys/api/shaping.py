"""Less or more of each row than usual: `fields` leaves keys out, `expand` shows what is named whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer, ListSerializer

from convoys.api.parameters import BadValueError, codes_of, wrong

if TYPE_CHECKING:
    from rest_framework.views import APIView

FIELDS, EXPAND = "fields", "expand"
# Says what an answer is about, and is always there.
ALWAYS = frozenset({"moment"})

Cut = TypeVar("Cut", bound=BaseSerializer)


@dataclass(frozen=True)
class Shape:
    """Which keys are asked for (None: all), and what is to be shown whole."""

    fields: frozenset[str] | None = None
    expanded: frozenset[str] = frozenset()

    def wants(self, *names: str) -> bool:
        """Whether any of these keys is asked for."""
        return self.fields is None or not self.fields.isdisjoint(names)

    def expands(self, name: str) -> bool:
        """Whether this is to be shown whole."""
        return name in self.expanded

    def cut(self, serializer: Cut) -> Cut:
        """The serializer without the keys that were not asked for."""
        if self.fields is not None:
            one: Any = serializer.child if isinstance(serializer, ListSerializer) else serializer
            for name in set(one.fields) - self.fields - ALWAYS:
                one.fields.pop(name)
        return serializer


WHOLE = Shape()


def shape_of(request: Request, view: APIView) -> Shape:
    """What the query asks for. Raises a problem that names the valid values."""
    fields = _named(request, FIELDS, fields_of(view)) if getattr(view, "is_sparse", False) else None
    return Shape(fields, _named(request, EXPAND, getattr(view, "expandable", ())) or frozenset())


def fields_of(view: Any) -> list[str]:
    """The keys that a row of this view has."""
    return [name for name in view.serializer_class._declared_fields if name not in ALWAYS]


def names_taken(view: Any) -> list[str]:
    """The parameters by which answers of this view can be shaped."""
    return [FIELDS] * view.is_sparse + [EXPAND] * bool(view.expandable)


def parameters_of(view: Any) -> list[OpenApiParameter]:
    """The same for the OpenAPI file."""
    found = []
    if getattr(view, "is_sparse", False):
        meaning = "Only these keys of each row, divided by commas."
        found.append(OpenApiParameter(FIELDS, _list_of(fields_of(view)), description=meaning))
    if expandable := getattr(view, "expandable", ()):
        meaning = "Show these with all that is known of them, divided by commas, instead of by code and name."
        found.append(OpenApiParameter(EXPAND, _list_of(expandable), description=meaning))
    return found


def _list_of(names: Iterable[str]) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string", "enum": list(names)}, "minItems": 1}


def _named(request: Request, parameter: str, known: Iterable[str]) -> frozenset[str] | None:
    given = request.query_params.getlist(parameter)
    if not given:
        return None
    try:
        names = codes_of(given)
    except BadValueError as error:
        raise wrong(parameter, str(error)) from None
    strange = sorted(set(names) - set(known))
    if strange:
        raise wrong(parameter, f"There is no “{strange[0]}”. Valid: {', '.join(known)}.")
    return frozenset(names)

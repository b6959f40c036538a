"""Which format an answer has: `format` in the query decides, else `Accept`, else it is JSON.

A name that is no format of ours is a wrong value; one that this resource has not is not acceptable. Both say
which there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from convoys.api.formats.files import FORMAT
from convoys.api.formats.renderers import FORMATS, CsvRenderer, FileRenderer, GeoJsonRenderer, XlsxRenderer
from convoys.api.parameters import BadValueError, read_each, wrong
from convoys.api.problems import ApiProblem
from convoys.api.shaping import Shape

HXL = "hxl"


class ByFormat(DefaultContentNegotiation):
    """Looks at the query before it looks at the header."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderers = list(renderers)
        given = request.query_params.getlist(FORMAT)
        if not given or len(renderers) == 1:  # of JSON alone the parameter is not known
            try:
                chosen: tuple[BaseRenderer, str] = super().select_renderer(request, renderers, format_suffix)
            except NotAcceptable:
                raise _has_only(renderers) from None
            return chosen
        if len(given) > 1:
            raise wrong(FORMAT, "Give it once.")
        if given[0] not in FORMATS:
            raise wrong(FORMAT, f"There is no “{given[0][:40]}”. Valid here: {_names(renderers)}.")
        for renderer in renderers:
            if renderer.format == given[0]:
                return renderer, renderer.media_type
        raise _has_only(renderers)


def _has_only(renderers: Sequence[BaseRenderer]) -> ApiProblem:
    types = ", ".join(f"{renderer.media_type} ({renderer.format})" for renderer in renderers)
    return ApiProblem("not-acceptable", f"Answers of this resource are {types}.")


def _names(renderers: Sequence[BaseRenderer]) -> str:
    return ", ".join(str(renderer.format) for renderer in renderers)


def renderers_of(view: Any) -> list[FileRenderer]:
    """The formats that a view has besides JSON."""
    tables = [CsvRenderer(), XlsxRenderer()] if view.table else []
    return [*tables, *([GeoJsonRenderer()] if view.features else [])]


def names_taken(view: Any) -> list[str]:
    """The parameters by which answers of this view can have another format."""
    return [FORMAT] * bool(renderers_of(view)) + [HXL] * bool(view.table)


def wants_hashtags(view: Any) -> bool:
    """Whether a row of HXL hashtags is asked for. Raises a problem."""
    wanted = read_each(view.request, {HXL: _yes_or_no})[HXL] if view.table else None
    if wanted and not isinstance(view.request.accepted_renderer, (CsvRenderer, XlsxRenderer)):
        raise wrong(HXL, "Hashtags stand in tables: give format=csv or format=xlsx.")
    return bool(wanted)


def _yes_or_no(given: list[str]) -> bool:
    if given[0] not in ("true", "false"):
        raise BadValueError("Give true or false.")
    return given[0] == "true"


def shape_in_format(view: Any, shape: Shape) -> Shape:
    """The shape of the rows that a format is made from. Raises a problem where it has no room for them."""
    if isinstance(view.request.accepted_renderer, GeoJsonRenderer):
        return replace(shape, fields=None, expanded=frozenset({"places"}))
    if isinstance(view.request.accepted_renderer, FileRenderer):
        valid = {column.shown_if_expanded for column in view.table.columns} - {""}
        if strange := sorted(shape.expanded - valid):
            besides = f" Valid: {', '.join(sorted(valid))}." if valid else ""
            raise wrong("expand", f"A table shows {strange[0]} by code and name.{besides}")
    return shape


def parameters_of(view: Any) -> list[OpenApiParameter]:
    """The same for the OpenAPI file."""
    names = ["json", *(str(renderer.format) for renderer in renderers_of(view))]
    if len(names) == 1:
        return []
    whole = " As a file it is the whole list, unless a page is asked for." if _is_list(view) else ""
    found = [
        OpenApiParameter(
            FORMAT,
            {"type": "string", "enum": names, "default": "json"},
            description=f"The format of the answer; it goes before `Accept`.{whole}",
        )
    ]
    if view.table:
        meaning = "A second line of HXL hashtags below the names; of `csv` and `xlsx` alone."
        schema = {"type": "string", "enum": ["true", "false"]}
        found.append(OpenApiParameter(HXL, schema, description=meaning))
    return found


def _is_list(view: Any) -> bool:
    return hasattr(view, "pages")

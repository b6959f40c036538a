"""What is asked for as a file: each format with its media type, and how rows become one."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import IO, Any

from rest_framework.renderers import BaseRenderer

from convoys.api.formats import csv_file, geojson
from convoys.api.formats.about import about, moment_rows
from convoys.api.formats.columns import Columns, Row, cells
from convoys.api.formats.workbook import Workbook
from convoys.api.rendering import FastJsonRenderer
from convoys.api.shaping import shape_of


class FileRenderer(BaseRenderer):
    """Rows as a file. A problem stays a problem document, and what is empty stays empty."""

    charset: str | None = None
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        context = renderer_context or {}
        if data is None:
            return b""
        if context["response"].exception:
            return FastJsonRenderer().render(data)
        out = io.BytesIO()
        self.write(out, context["view"], self.rows_in(context["view"], data), data)
        return out.getvalue()

    def rows_in(self, view: Any, data: Any) -> Iterable[Row]:
        return view.table.rows_in(data)  # type: ignore[no-any-return]

    def write(self, out: IO[bytes], view: Any, rows: Iterable[Row], data: Any = None) -> None:
        """Write rows as they come; of a document that was whole before, `data` is the rest."""
        raise NotImplementedError


def columns_of(view: Any) -> Columns:
    columns: Columns = view.table.shown(view.shape.fields, view.shape.expanded)
    return columns


def heads_of(view: Any, columns: Columns) -> list[list[str]]:
    """The names of the columns and, where they are asked for, their hashtags."""
    hashtags = [[column.hxl for column in columns]] if view.has_hashtags else []
    return [[column.name for column in columns], *hashtags]


class CsvRenderer(FileRenderer):
    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def write(self, out: IO[bytes], view: Any, rows: Iterable[Row], data: Any = None) -> None:
        columns = columns_of(view)
        for line in csv_file.lines(chain(heads_of(view, columns), cells(columns, rows))):
            out.write(line)


class XlsxRenderer(FileRenderer):
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    format = "xlsx"

    def write(self, out: IO[bytes], view: Any, rows: Iterable[Row], data: Any = None) -> None:
        columns = columns_of(view)
        heads = heads_of(view, columns)
        told = about(view)  # before the rows: whatever is written since, they are of this head or a later one
        with Workbook(out, view.table.name, heads, [column.width for column in columns]) as workbook:
            for row in cells(columns, rows):
                workbook.add(row)
            workbook.finish([*told, *moment_rows(view.moment_shown())])


class GeoJsonRenderer(FileRenderer):
    media_type = "application/geo+json"
    format = "geojson"

    def rows_in(self, view: Any, data: Any) -> Iterable[Row]:
        return data["results"]  # type: ignore[no-any-return]

    def write(self, out: IO[bytes], view: Any, rows: Iterable[Row], data: Any = None) -> None:
        def beside() -> Iterator[tuple[str, Any]]:
            yield from view.moment_shown().items()
            for name in ("next", "previous"):
                if data and data.get(name):
                    yield name, data[name]

        fields = shape_of(view.request, view).fields
        for piece in geojson.collection(rows, view.features, fields, lambda: dict(beside())):
            out.write(piece)


FORMATS = ("json", CsvRenderer.format, XlsxRenderer.format, GeoJsonRenderer.format)

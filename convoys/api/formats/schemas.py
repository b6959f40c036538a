"""What files look like, for the OpenAPI file."""

from __future__ import annotations

from typing import Any

from convoys.api.formats.renderers import CsvRenderer, GeoJsonRenderer, XlsxRenderer

_POSITION = {"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}], "minItems": 2}
_NUMBERS = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}


def _geometry(kind: str, coordinates: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["type", "coordinates"],
        "properties": {"type": {"type": "string", "const": kind}, "coordinates": coordinates},
    }


_LINE = {"type": "array", "items": _POSITION, "minItems": 2}
_FEATURE = {
    "type": "object",
    "required": ["type", "id", "geometry", "properties"],
    "properties": {
        "type": {"type": "string", "const": "Feature"},
        "id": {"type": "string"},
        "geometry": {
            "oneOf": [
                {"type": "null"},
                _geometry("Point", _POSITION),
                _geometry("LineString", _LINE),
                _geometry("MultiLineString", {"type": "array", "items": _LINE}),
            ]
        },
        "properties": {"type": "object", "description": "The row, as JSON has it."},
    },
}

SCHEMAS: dict[str, dict[str, Any]] = {
    CsvRenderer.media_type: {
        "type": "string",
        "description": "RFC 4180 with a line of names; UTF-8. docs/api.md says what the columns hold.",
    },
    XlsxRenderer.media_type: {
        "type": "string",
        "format": "binary",
        "description": "The same as a workbook, with a second sheet that says what it is.",
    },
    GeoJsonRenderer.media_type: {
        "type": "object",
        "description": "A feature collection (RFC 7946).",
        "required": ["type", "features"],
        "properties": {
            "type": {"type": "string", "const": "FeatureCollection"},
            "features": {"type": "array", "items": _FEATURE},
            "bbox": _NUMBERS,
            "moment": {"$ref": "#/components/schemas/Moment"},
            "next": {"type": "string", "format": "uri", "description": "Of a page: the one after it."},
            "previous": {"type": "string", "format": "uri", "description": "Of a page: the one before it."},
        },
    },
}

"""Answers as JSON, by the encoder in C; a text that is JSON already goes in as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder

# What the encoder has no form of its own for, REST framework's has: instants included.
_otherwise = JSONEncoder().default


def json_text(data: Any) -> bytes:
    """The same document that REST framework makes."""
    return orjson.dumps(data, default=_otherwise, option=orjson.OPT_PASSTHROUGH_DATETIME)


def as_it_is(text: str) -> orjson.Fragment:
    """A document that was made by `json_text`, to stand within another."""
    return orjson.Fragment(text)


class FastJsonRenderer(JSONRenderer):
    """What is asked for with an indent is for people to read, and takes REST framework's way."""

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if data is None:
            return b""
        text = json_text(data)
        context = dict(renderer_context or {})
        if self.get_indent(accepted_media_type or "", context) is None:
            return text
        return bytes(super().render(orjson.loads(text), accepted_media_type, context))

"""Serializers of what is read by the hundred: the way to each value is found once, not with each row."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from rest_framework import serializers

Show = Callable[[Any], Any]


# No docstring: the OpenAPI file would give it to every serializer that has none of its own.
class RowSerializer(serializers.Serializer):
    # It shows what REST framework's does, which looks anew for each value of each row whether it is
    # there, and whether it is to be called: for five hundred entries that takes longer than all the rest.

    def to_representation(self, instance: Any) -> dict[str, Any]:
        shown = {}
        for name, show in self._shows:
            try:
                shown[name] = show(instance)
            except serializers.SkipField:
                continue
        return shown

    @cached_property
    def _shows(self) -> list[tuple[str, Show]]:
        return [(field.field_name or "", _show(field)) for field in self._readable_fields]


def _show(field: serializers.Field) -> Show:
    represent: Show = field.to_representation
    if field.source == "*":
        return represent
    names = (field.source or "").split(".")

    def show(row: Any) -> Any:
        value = row
        try:
            for name in names:
                value = value[name] if type(value) is dict else getattr(value, name)
        except (KeyError, AttributeError):
            value = field.get_attribute(row)  # which knows what a missing value means
        else:
            if callable(value):
                value = field.get_attribute(row)
        return None if value is None else represent(value)

    return show

"""Rows read by the hundred: their keys as one parameter, their columns past the model's constructor.

A sweep of thousands spends on either what it spends on its work: the ORM writes out every key of a
list as a parameter of its own, and builds an object field by field.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model, Q
from django.db.models.base import ModelState
from django.db.models.expressions import RawSQL

Row = TypeVar("Row", bound=Model)


def is_one_of(column: str, keys: Collection[int]) -> Q:
    """Whether a column, or what a foreign key names, is one of these whole numbers."""
    if connection.vendor != "postgresql":
        return Q(**{f"{column}__in": keys})
    return Q(**{f"{column}__in": RawSQL("SELECT unnest(%s::bigint[])", [_array(keys)])})


def bare(model: type[Row], columns: Sequence[str], values: Sequence[Any]) -> Row:
    """The object of a stored row of which these columns were read, by their names on the object.

    What else it has is read when it is asked for, as after `only`.
    """
    row = model.__new__(model)
    row.__dict__.update(zip(columns, values, strict=True))
    row._state = ModelState()
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
    return row


def _array(keys: Collection[int]) -> str:
    return f"{{{','.join(map(str, keys))}}}"

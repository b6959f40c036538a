"""Rows read by the hundred: their keys as one parameter, their columns past the model's constructor.

A sweep of thousands spends on either what it spends on its work: the ORM writes out every key of a
list as a parameter of its own, and builds an object field by field.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import BooleanField, F, Func, Model, Q, Value
from django.db.models.base import ModelState

Row = TypeVar("Row", bound=Model)


def is_one_of(column: str, keys: Collection[int]) -> Q:
    """Whether a column, or what a foreign key names, is one of these whole numbers."""
    if connection.vendor != "postgresql":
        return Q(**{f"{column}__in": keys})
    return Q(_IsAnyOf(F(column), Value(_array(keys))))


class _IsAnyOf(Func):
    """By an array and not by a subquery: of an array the planner knows how many rows it finds, and where it
    is wrong it hashes the array, while it may run through a subquery once for every row."""

    template, arg_joiner = "%(expressions)s::bigint[])", " = ANY("
    output_field = BooleanField()


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

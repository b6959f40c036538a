"""Questions that every report asks, made into SQL once: making it anew costs more than asking."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


Key = int | str
OPEN = (0, "")


class Compiled:
    """A query by keys, as `values_list` would answer it.

    `make` returns the queryset with 0 or "" in each place that a key goes to when it is asked; the
    keys are given in the order in which they stand in its conditions.
    """

    def __init__(self, make: Callable[[], QuerySet[Any, Any]]) -> None:
        self._make = cache(lambda vendor: self._compile(make()))

    def rows(self, *keys: Key) -> list[tuple[Any, ...]]:
        """Ask it; the same conversions as the ORM's own."""
        compiler, statement, converters = self._make(connection.vendor)
        with connection.cursor() as cursor:
            cursor.execute(statement, keys)
            found = cursor.fetchall()
        return list(map(tuple, compiler.apply_converters(found, converters))) if converters else found

    def instances(self, model: type[Row], *keys: Key) -> list[Row]:
        """The same of every column of a model, in the order of its table, as its objects."""
        names = [field.attname for field in model._meta.concrete_fields]
        return [model.from_db(DEFAULT_DB_ALIAS, names, row) for row in self.rows(*keys)]

    @staticmethod
    def _compile(rows: QuerySet[Any, Any]) -> tuple[Any, str, Any]:
        compiler: Any = rows.query.get_compiler(connection=connection)
        statement, params = compiler.as_sql()
        if set(params) - set(OPEN):
            raise ValueError("only keys that are given when it is asked may stand in it")
        expressions = [selected[0] for selected in compiler.select[: compiler.col_count]]
        return compiler, statement, compiler.get_converters(expressions)

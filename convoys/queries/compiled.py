"""Questions that every report asks, made into SQL once: making it anew costs more than asking."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model, QuerySet

from convoys.queries.statements import Batch, Found, Statement

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

    def rows(self, *keys: Key) -> Found:
        """Ask it now; the same conversions as the ORM's own."""
        batch = Batch()
        found = batch.add(self.asked(*keys))
        batch.run()
        return self.read(found)

    def asked(self, *keys: Key) -> Statement:
        """The question, to be sent with others. `read` what it finds."""
        return Statement(self._made[1], keys)

    def read(self, found: Found) -> Found:
        """Rows as they came from the database, as Python's values."""
        compiler, _, converters = self._made
        return list(map(tuple, compiler.apply_converters(found, converters))) if converters else found

    @property
    def selected(self) -> str:
        """What it selects, as SQL: an INSERT can return the same."""
        compiler = self._made[0]
        return ", ".join(sql for _, (sql, _), _ in compiler.select[: compiler.col_count])

    @property
    def _made(self) -> tuple[Any, str, Any]:
        return self._make(connection.vendor)

    @staticmethod
    def _compile(rows: QuerySet[Any, Any]) -> tuple[Any, str, Any]:
        compiler: Any = rows.query.get_compiler(connection=connection)
        statement, params = compiler.as_sql()
        if set(params) - set(OPEN):
            raise ValueError("only keys that are given when it is asked may stand in it")
        expressions = [selected[0] for selected in compiler.select[: compiler.col_count]]
        return compiler, statement, compiler.get_converters(expressions)


class Blank(str):
    """Stands in a query for a text that is given, by this name, each time the query is asked."""


class Prepared:
    """A query as `values_list` answers it, made into SQL once, with a `Blank` for each text that varies."""

    def __init__(self, rows: QuerySet[Any, Any]) -> None:
        self._compiler: Any = rows.query.get_compiler(connection=connection)
        self._statement, self._parameters = self._compiler.as_sql()
        selected = self._compiler.select[: self._compiler.col_count]
        self._converters = self._compiler.get_converters([expression for expression, _, _ in selected])

    def rows(self, **values: str) -> Found:
        """Ask it now; the same conversions as the ORM's own."""
        given = [values[one] if isinstance(one, Blank) else one for one in self._parameters]
        with connection.cursor() as cursor:
            cursor.execute(self._statement, given)
            found = cursor.fetchall()
        return list(self._compiler.apply_converters(found, self._converters)) if self._converters else found


def instances(model: type[Row], rows: Iterable[tuple[Any, ...]]) -> list[Row]:
    """Rows of every column of a model, in the order of its table, as its objects."""
    names = [field.attname for field in model._meta.concrete_fields]
    return [model.from_db(DEFAULT_DB_ALIAS, names, row) for row in rows]

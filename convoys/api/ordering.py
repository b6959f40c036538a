"""In which order a list stands, and which rows come after another in it.

An order is by an instant and, among rows that have the same, by the list's key, which is unique. Rows
that have no such instant stand last, whichever way the list runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from django.db.models import Q, QuerySet
from rest_framework.request import Request

from convoys.api.parameters import wrong

if TYPE_CHECKING:
    from rest_framework.views import APIView

ORDERING = "ordering"


class Position(NamedTuple):
    """Where a row stands: its key, and the instant that the list is ordered by."""

    key: str | int
    at: datetime | None = None


@dataclass(frozen=True)
class Order:
    """By the column `instant` and then `key`, both descending where it says so; else by the key alone."""

    key: str
    instant: str | None = None
    descending: bool = False
    name: str = ""

    @classmethod
    def asked(cls, request: Request, view: APIView | None) -> Self:
        """The order that a query asks for; the view's first where it asks for none. Raises a problem."""
        key, orders = str(getattr(view, "key", "pk")), getattr(view, "orders", {})
        given = request.query_params.getlist(ORDERING)
        if not given:
            return cls._of(key, orders, next(iter(orders), ""))
        known = names_of(view)
        if len(given) > 1 or given[0] not in known:
            raise wrong(ORDERING, f"Give one of: {', '.join(known)}.")
        name = given[0].removeprefix("-")
        if name in getattr(view, "orders_of_now", ()) and not view.moment.is_now:  # type: ignore[union-attr]
            raise wrong(
                ORDERING, f"By {name} there is no order of another day: leave out as_of and known_at."
            )
        return cls._of(key, orders, given[0])

    @classmethod
    def _of(cls, key: str, orders: dict[str, str], name: str) -> Self:
        column = orders.get(name.removeprefix("-"))
        return cls(key, None if column == key else column, name.startswith("-"), name)

    @property
    def name_in_cursors(self) -> str:
        """What a cursor of this order says, so that none is taken for one of another."""
        return self.name if self.instant or self.descending else ""

    def position_of(self, row: Any) -> Position:
        """Where a row of this order stands."""
        return Position(getattr(row, self.key), getattr(row, self.instant) if self.instant else None)

    def rows(
        self, queryset: QuerySet[Any], after: Position | None, limit: int, *, backwards: bool = False
    ) -> list[Any]:
        """The first rows after a position, or, backwards, the last before it, nearest first."""
        if self.instant is None:
            return list(self.page(queryset, after, limit, backwards))
        found: list[Any] = []
        # Those with and those without a value one after the other: each is one stretch of an index.
        for rows, columns in self._parts(queryset, after, backwards):
            found += rows.order_by(*(f"{self._sign(backwards)}{column}" for column in columns))[
                : limit - len(found)
            ]
            if len(found) == limit:
                break
        return found

    def page(
        self, queryset: QuerySet[Any], after: Position | None, limit: int, backwards: bool
    ) -> QuerySet[Any]:
        """The same as one query, where a list is ordered by its key alone."""
        ((rows, columns),) = self._parts(queryset, after, backwards)
        return rows.order_by(*(f"{self._sign(backwards)}{column}" for column in columns))[:limit]

    def _sign(self, backwards: bool) -> str:
        return "-" if self.descending != backwards else ""

    def _parts(
        self, queryset: QuerySet[Any], after: Position | None, backwards: bool
    ) -> Iterator[tuple[QuerySet[Any], list[str]]]:
        beyond = "lt" if self.descending != backwards else "gt"
        by_key = Q(**{f"{self.key}__{beyond}": after.key}) if after else Q()
        if self.instant is None:
            yield queryset.filter(by_key), [self.key]
            return
        instant, at = self.instant, after.at if after else None
        among_empty = after is not None and at is None
        empty = queryset.filter(**{f"{instant}__isnull": True})
        given = queryset.filter(**{f"{instant}__isnull": False})
        if at is not None:
            same = Q(**{f"{instant}__{beyond}": at}) | Q(**{instant: at}) & by_key
            # Said twice, so that a database finds where to begin in an index of the column.
            given = given.filter(Q(**{f"{instant}__{beyond}e": at}), same)
        parts = []
        if backwards or not among_empty:
            parts.append((given, [instant, self.key]))
        if among_empty or (not backwards and self._may_be_empty(queryset)):
            parts.append((empty.filter(by_key) if among_empty else empty, [self.key]))
        yield from reversed(parts) if backwards else parts

    def _may_be_empty(self, queryset: QuerySet[Any]) -> bool:
        return bool(queryset.model._meta.get_field(self.instant).null)


def names_of(view: APIView | None) -> list[str]:
    """What may be given as `ordering`: each order of the view and, with a minus sign, the same reversed."""
    return [f"{sign}{name}" for name in getattr(view, "orders", {}) for sign in ("", "-")]


def orders_of(view: APIView | None) -> list[dict[str, Any]]:
    """The parameter for the OpenAPI file; none where a list has one order alone."""
    names = names_of(view)
    if not names:
        return []
    meaning = "What to order by; with a minus sign the other way. Rows without it stand last."
    of_now = sorted(getattr(view, "orders_of_now", ()))
    if of_now:
        meaning += f" Of another day there is none by {', '.join(of_now)}."
    schema = {"type": "string", "enum": names, "default": names[0]}
    return [{"name": ORDERING, "in": "query", "required": False, "description": meaning, "schema": schema}]

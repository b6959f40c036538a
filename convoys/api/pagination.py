"""Pages by key: each begins after the last row of the one before, so that depth costs nothing.

A list is ordered by one unique column, or by an instant and then by that column (`ordering`). Rows that are
added while somebody walks the pages are met once or not at all, never twice, and no row is skipped.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import CharField, Model
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from convoys.api.ordering import Order, Position, orders_of
from convoys.api.parameters import LARGEST_INTEGER, is_storable, wrong
from convoys.api.problems import ApiProblem

if TYPE_CHECKING:
    from rest_framework.views import APIView

DEFAULT_PAGE_SIZE = 100
LARGEST_PAGE_SIZE = 500
LONGEST_KEY = 200
PAGING = ("cursor", "page_size")


@dataclass(frozen=True)
class Cursor:
    """Rows after `key`, or, backwards, the last rows before it.

    In a list that is ordered by an instant `order` names it and `at` is that of the row, as text.
    """

    key: str | int
    backwards: bool = False
    order: str = ""
    at: str | None = None

    def encode(self) -> str:
        parts = [int(self.backwards), self.key]
        text = json.dumps([*parts, self.order, self.at] if self.order else parts, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """Raises ValueError on whatever `encode` would not have written."""
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        direction, key, *rest = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        cursor = cls(key, bool(direction), *rest)
        if cursor.encode() != text or not _is_key(key):
            raise ValueError("not written by us")
        return cursor

    @property
    def position(self) -> Position:
        """Where it stands. Raises ValueError where the instant is none of ours."""
        if self.at is None:
            return Position(self.key)
        at = datetime.fromisoformat(self.at)
        if at.tzinfo != UTC or at.isoformat() != self.at:
            raise ValueError("not written by us")
        return Position(self.key, at)


def _is_key(key: object) -> bool:
    """Whether a list could be ordered by this; True is no number here."""
    if type(key) is int:
        return 0 <= key <= LARGEST_INTEGER
    return isinstance(key, str) and len(key) <= LONGEST_KEY and is_storable(key)


class KeysetPagination(BasePagination):
    """`page_size`, `cursor` and `ordering` in; `results`, `next` and `previous` out.

    The view names the unique column as `key`, which is never null, and other orders as `orders`.
    """

    cursor_parameter, page_size_parameter = PAGING

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        self.order = Order.asked(request, view)
        self.address = request.build_absolute_uri()
        size = self._page_size(request)
        cursor = self._cursor(request, queryset.model)
        backwards = cursor is not None and cursor.backwards
        position = cursor.position if cursor else None
        rows = self.read(queryset, position, size + 1, backwards)
        more, page = len(rows) > size, rows[:size]
        if backwards:
            page.reverse()
        # A cursor stands at a row that was shown: on that side there is always something.
        has_next, has_previous = (True, more) if backwards else (more, cursor is not None)
        self.next = self._link(page[-1], backwards=False) if page and has_next else None
        self.previous = self._link(page[0], backwards=True) if page and has_previous else None
        return page

    def read(self, queryset: Any, position: Position | None, limit: int, backwards: bool) -> list[Any]:
        """The first rows after a position, or, backwards, the last before it, nearest first."""
        return self.order.rows(queryset, position, limit, backwards=backwards)

    def _page_size(self, request: Request) -> int:
        given = _single(request, self.page_size_parameter)
        if given is None:
            return DEFAULT_PAGE_SIZE
        if given.isascii() and given.isdigit() and len(given) <= 3 and 1 <= int(given) <= LARGEST_PAGE_SIZE:
            return int(given)
        raise wrong(self.page_size_parameter, f"Give a whole number from 1 to {LARGEST_PAGE_SIZE}.")

    def _cursor(self, request: Request, model: type[Model]) -> Cursor | None:
        given = _single(request, self.cursor_parameter)
        if given is None:
            return None
        try:
            cursor = Cursor.decode(given)
            if cursor.order != self.order.name_in_cursors:
                raise ValueError("a cursor of another order")
            if isinstance(cursor.key, str) != isinstance(_field(model, self.order.key), CharField):
                raise ValueError("a key of another list")
            _ = cursor.position
        except (ValueError, TypeError, RecursionError):
            raise ApiProblem(
                "invalid-cursor",
                "Use the cursors of `next` and `previous` as they are, or start without one.",
                [{"parameter": self.cursor_parameter, "detail": "This cursor is not from this list."}],
            ) from None
        return cursor

    def _link(self, row: Any, *, backwards: bool) -> str:
        at = getattr(row, self.order.instant) if self.order.instant else None
        shown = at.astimezone(UTC).isoformat() if at else None
        cursor = Cursor(getattr(row, self.order.key), backwards, self.order.name_in_cursors, shown)
        address = remove_query_param(self.address, self.cursor_parameter)
        return replace_query_param(address, self.cursor_parameter, cursor.encode())

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.next, "previous": self.previous})

    def get_paginated_response_schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {
                "results": schema,
                "next": {**link, "description": "The page after this one; null on the last."},
                "previous": {**link, "description": "The page before this one; null on the first."},
            },
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        return [
            *orders_of(view),
            {
                "name": self.cursor_parameter,
                "in": "query",
                "required": False,
                "description": "Where a page begins: out of `next` or `previous` of an earlier answer.",
                "schema": {"type": "string"},
            },
            {
                "name": self.page_size_parameter,
                "in": "query",
                "required": False,
                "description": "Rows on a page.",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": LARGEST_PAGE_SIZE,
                    "default": DEFAULT_PAGE_SIZE,
                },
            },
        ]


class PaginationOfADay(KeysetPagination):
    """The same, with the `moment` that the answer is about; the links keep it."""

    def get_paginated_response_schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        described = super().get_paginated_response_schema(schema)
        described["required"].append("moment")
        described["properties"]["moment"] = {"$ref": "#/components/schemas/Moment"}
        return described


def _single(request: Request, name: str) -> str | None:
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise wrong(name, "Give it once.")
    return values[0] if values else None


def _field(model: type[Model], column: str) -> Any:
    field: Any = model._meta.pk if column == "pk" else model._meta.get_field(column)
    while field.remote_field is not None:  # a control point's key is its place's
        field = field.target_field
    return field

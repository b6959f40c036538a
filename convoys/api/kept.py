"""Rows of a list out of texts that are kept of them; what is missing is made by the serializer, and kept.

Why, and why none is ever stale: docs/decisions/0010-kept-representations.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from convoys.api.base import ListOfADay
from convoys.api.etags import circumstances
from convoys.api.ordering import Order, Position
from convoys.api.pagination import PAGING, PaginationOfADay
from convoys.api.rendering import FastJsonRenderer, as_it_is, json_text
from convoys.api.shaping import WHOLE
from convoys.models import Convoy, KeptText
from convoys.queries import api_convoys
from convoys.queries.compiled import Blank, Prepared
from convoys.queries.kept import ROW, VERSIONS, with_kept
from convoys.queries.visibility import Viewer
from convoys.services.keeping import keep


class Row(NamedTuple):
    """Of a convoy whose text is kept: what finds and orders it."""

    pk: int
    reference: str
    held_since: datetime | None
    last_reported_at: datetime | None
    text: str | None
    master_data: UUID


Make = Callable[[list[int]], tuple[Sequence[Convoy], Sequence[Any]]]
Listed = Callable[[Viewer], QuerySet[Convoy]]


def readable_at_once(
    convoys: QuerySet[Convoy], shape: str, circumstances: str | None = None
) -> QuerySet[Any, Any]:
    """The convoys as `Row`s, with the texts that are kept of them."""
    kept = with_kept(convoys, [shape], circumstances or circumstances_digest())
    return kept.values_list(*Row._fields, named=True)


class WholeList:
    """A list by reference that nothing narrows, as most programs ask for it. Its statement is made once for
    staff and once for partners, for each size of a page and each way to leaf through it."""

    model = Convoy
    _made: ClassVar[dict[tuple[object, ...], Prepared]] = {}

    def __init__(self, viewer: Viewer, listed: Listed) -> None:
        """`listed` gives the convoys for any viewer."""
        self.viewer, self.listed = viewer, listed

    def rows(self, order: Order, after: Position | None, limit: int, backwards: bool) -> list[Row]:
        key = (connection.vendor, self.viewer.is_staff, after is None, limit, backwards)
        prepared = self._made.get(key)
        if prepared is None:
            prepared = self._made[key] = Prepared(self._page(order, after, limit, backwards))
        found = prepared.rows(
            organisation=self.viewer.organisation or "",
            reference=str(after.key) if after else "",
            circumstances=circumstances_digest(),
        )
        return [Row._make(row) for row in found]

    def _page(self, order: Order, after: Position | None, limit: int, backwards: bool) -> QuerySet[Any, Any]:
        anybody = self.viewer if self.viewer.is_staff else Viewer(False, Blank("organisation"))
        convoys = readable_at_once(self.listed(anybody), ROW, Blank("circumstances"))
        return order.page(convoys, Position(Blank("reference")) if after else None, limit, backwards)


class PaginationOfKept(PaginationOfADay):
    """The same pages of a `WholeList`."""

    def read(self, queryset: Any, position: Position | None, limit: int, backwards: bool) -> list[Any]:
        if isinstance(queryset, WholeList):
            return queryset.rows(self.order, position, limit, backwards)
        return super().read(queryset, position, limit, backwards)


class ListOfKept(ListOfADay):
    """A list of convoys whose rows are put together from kept texts, where they are asked for as of now and
    in their usual shape; whatever narrows or orders it."""

    pagination_class = PaginationOfKept

    @property
    def is_usual(self) -> bool:
        """Whether that is what is asked for."""
        of_usual_shape = self.moment.is_now and self.shape == WHOLE
        return of_usual_shape and isinstance(self.request.accepted_renderer, FastJsonRenderer)

    def get_queryset(self) -> Any:
        if self.is_usual and not set(self.request.query_params) - set(PAGING):
            return WholeList(self.viewer, self._unnarrowed)
        return api_convoys.convoys_on_record_at(self.viewer, self.moment)

    def _unnarrowed(self, viewer: Viewer) -> QuerySet[Convoy]:
        return super().filter_queryset(api_convoys.convoys_on_record(viewer))

    def filter_queryset(self, queryset: Any) -> Any:
        if isinstance(queryset, WholeList):
            return queryset
        convoys = super().filter_queryset(queryset)
        if self.is_usual:
            return readable_at_once(convoys, ROW)
        is_read = self.moment.is_now and self.shape.wants("sponsors")
        return api_convoys.with_sponsors(convoys) if is_read else convoys

    def shown(self, page: Sequence[Any]) -> Sequence[Any]:
        return completed(page, ROW, self._made) if self.is_usual else super().shown(page)

    def _made(self, keys: list[int]) -> tuple[Sequence[Convoy], Sequence[Any]]:
        """These convoys, and as they are shown; without any that the asker has ceased to see meanwhile."""
        convoys = api_convoys.convoys_on_record(self.viewer).filter(pk__in=keys)
        rows = list(api_convoys.with_sponsors(convoys))
        return rows, super().shown(rows)


def completed(page: Iterable[Any], shape: str, make: Make) -> list[Any]:
    """A page of `readable_at_once` as its answer has it. `make` reads convoys by their keys, after the page
    was read, and shows them; one that it does not find any more is left out."""
    page = list(page)
    missing = {row.pk: row.master_data for row in page if row.text is None}
    if not missing:
        return [as_it_is(row.text) for row in page]
    convoys, shown = make(list(missing))
    made = {
        convoy.pk: text_of(convoy, shape, missing[convoy.pk], row)
        for convoy, row in zip(convoys, shown, strict=True)
    }
    keep(made.values())
    texts = {row.pk: made[row.pk].text if row.pk in made else row.text for row in page}
    return [as_it_is(text) for text in texts.values() if text is not None]


def text_of(convoy: Convoy, shape: str, master_data: UUID, shown: Any) -> KeptText:
    """What is shown of a convoy that was read before it was shown, and after this stamp of master data."""
    return KeptText(
        convoy_id=convoy.pk,
        shape=shape,
        version=getattr(convoy, VERSIONS[shape]) or 0,
        master_data=master_data,
        circumstances=circumstances_digest(),
        text=json_text(shown).decode(),
    )


def circumstances_digest() -> str:
    return _digest(circumstances())


@cache
def _digest(told: tuple[Any, ...]) -> str:
    return hashlib.sha256(repr(told).encode()).hexdigest()[:32]

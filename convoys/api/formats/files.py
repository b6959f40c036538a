"""The whole of a list as one file, of one moment, at constant memory.

It is made before the first byte is sent: what fails on the way is a problem document and never half a file,
and no slow reader holds a connection to the database (docs/decisions/0011-tables.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import Any

from django.http import FileResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from convoys.api.etags import RowsSeen, Unchanged, is_named
from convoys.api.formats.columns import Row
from convoys.api.formats.renderers import FileRenderer
from convoys.api.ordering import Order, Position
from convoys.api.pagination import LARGEST_PAGE_SIZE, KeysetPagination
from convoys.api.parameters import wrong
from convoys.clocks import instance_zone
from convoys.queries.snapshot import snapshot

IN_MEMORY = 1 << 20  # bytes; what is larger goes to a temporary file without a name
FORMAT = "format"
# A minute and a half of work, and a hundred megabytes of disk for as long as it is read.
MOST_ROWS = 250_000
ONE_PAGE = (KeysetPagination.cursor_parameter, KeysetPagination.page_size_parameter)


class WholeFile(FileResponse):
    block_size = 1 << 16


def is_file(request: Request) -> bool:
    return isinstance(request.accepted_renderer, FileRenderer)


def is_whole_file(request: Request) -> bool:
    """Whether all rows are asked for at once, and not one page of them."""
    return is_file(request) and not any(name in request.query_params for name in ONE_PAGE)


def whole_file(view: Any) -> WholeFile:
    """Every row of a view's pages in one file."""
    renderer = view.request.accepted_renderer
    with ExitStack() as unsent:
        out = unsent.enter_context(SpooledTemporaryFile(IN_MEMORY))
        rows = _not_too_many(chain.from_iterable(view.pages()))
        seen = RowsSeen()
        with snapshot():
            renderer.write(out, view, seen.passing(rows) if view.tag is None else rows)
        if view.tag is None:
            view.tag = seen.tag(renderer.media_type, view.has_hashtags)
            if is_named(view.request, view.tag):
                raise Unchanged
        out.seek(0)
        charset = f"; charset={renderer.charset}" if renderer.charset else ""
        unsent.pop_all()  # from here on it is the response that closes it
        return WholeFile(out, content_type=f"{renderer.media_type}{charset}")


def _not_too_many(rows: Iterable[Row]) -> Iterator[Row]:
    """The same rows. Raises a problem where they are more than one file may have."""
    for number, row in enumerate(rows):
        if number == MOST_ROWS:
            most = f"A file has {MOST_ROWS:,} rows at most: narrow the list, or ask for pages by `page_size`."
            raise wrong(FORMAT, most)
        yield row


def pages_of(view: Any) -> Iterator[Sequence[Row]]:
    """A list's rows as JSON has them, page by page."""
    queryset = view.filter_queryset(view.get_queryset())
    order = Order.asked(view.request, view)
    position: Position | None = None
    is_backfilled = False
    while page := order.rows(queryset, position, LARGEST_PAGE_SIZE):
        position = order.position_of(page[-1])
        yield view.shown(page)
        # Of all that was shown, not of the last page alone.
        is_backfilled = view.is_backfilled = is_backfilled or view.is_backfilled
        if len(page) < LARGEST_PAGE_SIZE:
            return


def describe(view: Any, response: Any) -> None:
    """Name a file so that it can be told from others, and say where the next page of it is."""
    if not is_file(view.request):
        return
    response.headers["Content-Disposition"] = f'attachment; filename="{_name(view)}"'
    data = response.data if isinstance(response, Response) else None
    links = [
        f'<{data[name]}>; rel="{relation}"'
        for name, relation in (("next", "next"), ("previous", "prev"))
        if isinstance(data, dict) and data.get(name)
    ]
    if links:
        response.headers["Link"] = ", ".join(links)


def _name(view: Any) -> str:
    """`convoys-2026-11-24.csv`; of another day `convoys-as-of-2023-09-01.csv`."""
    asked = [
        (word, at) for word, at in (("as-of", view.moment.as_of), ("known-at", view.moment.known_at)) if at
    ]
    days = [f"{word}-{at.astimezone(instance_zone()):%Y-%m-%d}" for word, at in asked]
    today = f"{timezone.now().astimezone(instance_zone()):%Y-%m-%d}"
    name = view.table.name if view.table else view.features.name
    return f"{'-'.join([name, *(days or [today])])}.{view.request.accepted_renderer.format}"

"""The change feed: every entry that the asker may see, once, in the order of the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import Http404
from django.http.response import HttpResponseBase
from drf_spectacular.utils import (
    OpenApiParameter,
    PolymorphicProxySerializer,
    extend_schema,
    inline_serializer,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from convoys.api.base import ReadView
from convoys.api.etags import Basis
from convoys.api.filters import a_reference, exercises
from convoys.api.formats import files, tables
from convoys.api.formats.columns import Row
from convoys.api.pagination import DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE
from convoys.api.parameters import (
    BadValueError,
    Parameter,
    a_whole_number,
    on_record,
    one_of,
    taken,
    whole_number,
    within,
    wrong,
)
from convoys.api.serializers.feed import SERIALIZERS, shown
from convoys.models import Agreement, ControlPoint
from convoys.queries import api_record, feed
from convoys.queries.api_convoys import convoys_on_record
from convoys.queries.api_ledger import head_told
from convoys.queries.api_names import Names
from convoys.queries.visibility import Viewer
from convoys.vocabulary import KINDS

AFTER = "after"
SUBJECTS = ("convoy", "control_point", "agreement")


def _size(given: list[str]) -> int:
    size = a_whole_number(given)
    if not 1 <= size <= LARGEST_PAGE_SIZE:
        raise BadValueError(f"Give a whole number from 1 to {LARGEST_PAGE_SIZE}.")
    return size


# Read, each by itself; what they come to is `feed.Asked`, not a narrowed list.
PARAMETERS = (
    whole_number(AFTER, "Only entries after this sequence: `cursor` of an earlier answer.", "sequence__gt"),
    Parameter(
        "page_size",
        "Rows on a page.",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE_SIZE, "default": DEFAULT_PAGE_SIZE},
        _size,
        within("sequence"),
    ),
    a_reference(within("convoy")),
    on_record(
        "control_point", "Codes of control points that entries are about.", "control_point", ControlPoint
    ),
    on_record("agreement", "Codes of agreements that entries are about.", "agreement", Agreement),
    one_of("kind", "Kinds of event, divided by commas: only events of these.", "kind", KINDS),
    exercises(),
)

PAGE = inline_serializer(
    "Feed",
    {
        "results": PolymorphicProxySerializer(
            component_name="FeedRow",
            serializers=dict(SERIALIZERS),
            resource_type_field_name="type",
            many=True,
        ),
        "next": serializers.URLField(
            allow_null=True, help_text="The page after this one; null at the end of the feed."
        ),
        "cursor": serializers.IntegerField(help_text="Ask for what comes `after` it, now or any time later."),
    },
)


class EventFeed(ReadView):
    """What was recorded, entry by entry in the order of recording, oldest first: the change feed.

    A row for every entry that you may read (`event`, `claim`, `erasure`), corrections and retractions
    included, and for every other that changed what you may see (`visibility`), each once for each
    cursor. `visible` names convoys to fetch anew and `withdrawn` those to forget, so that a copy can be
    kept true by the feed alone. No entry ever appears before a cursor that you were given.

    Entries are shown as they may be read now. Exercises are left out unless you ask for them. A feed
    that is narrowed keeps no copy true. At its end `results` is empty and `cursor` stays good.
    """

    basis = Basis.RECORD
    table = tables.EVENTS

    def valid_parameters(self) -> Iterable[str]:
        return [parameter.name for parameter in PARAMETERS]

    @extend_schema(
        operation_id="events_list",
        responses=PAGE,
        parameters=[
            OpenApiParameter(one.name, dict(one.schema), description=one.description) for one in PARAMETERS
        ],
    )
    def get(self, request: Request) -> HttpResponseBase:
        after, size, asked = self._asked()
        if files.is_whole_file(request):
            return files.whole_file(self)
        page = feed.page_of(self.viewer, after, size, asked)
        address = replace_query_param(request.build_absolute_uri(), AFTER, str(page.cursor))
        return Response(
            {
                "results": self._shown(page),
                "next": None if page.is_last else address,
                "cursor": page.cursor,
            }
        )

    def pages(self) -> Iterator[Sequence[Row]]:
        """All of the feed after the sequence that was given, as rows of JSON."""
        after, _, asked = self._asked()
        is_last = False
        while not is_last:
            page = feed.page_of(self.viewer, after, LARGEST_PAGE_SIZE, asked)
            yield self._shown(page)
            after, is_last = page.cursor, page.is_last

    def _asked(self) -> tuple[int, int, feed.Asked]:
        """After which sequence, how many rows on a page, and of what. Raises a problem."""
        values = {parameter.name: value for parameter, value in taken(self.request, PARAMETERS)}
        after = values.get(AFTER, 0)
        if after > head_told().size:
            raise wrong(AFTER, "No entry has this sequence yet: give the `cursor` of an earlier answer.")
        asked = _asked(self.viewer, values, is_for_all="exercise" not in self.request.query_params)
        return after, values.get("page_size", DEFAULT_PAGE_SIZE), asked

    def _shown(self, page: feed.FeedPage) -> list[dict[str, Any]]:
        events = [row for row in page.rows if isinstance(row, feed.EventRow)]
        claims = [row for row in page.rows if isinstance(row, feed.ClaimRow)]
        context = {"names": Names(api_record.named_in(events, claims)), "viewer": self.viewer}
        return shown(page.rows, context)


def _asked(viewer: Viewer, values: dict[str, Any], is_for_all: bool) -> feed.Asked:
    """Exercises come along where their subject is named and nothing is said of them."""
    is_named = any(name in values for name in SUBJECTS)
    return feed.Asked(
        convoy=_key_of(viewer, values["convoy"]) if "convoy" in values else None,
        control_points=frozenset(values.get("control_point", ())),
        agreements=frozenset(values.get("agreement", ())),
        kinds=frozenset(values.get("kind", ())),
        exercises=None if is_named and is_for_all else values["exercise"],
    )


def _key_of(viewer: Viewer, reference: str) -> int:
    """A convoy that the asker may not see answers as one that does not exist."""
    convoys = convoys_on_record(viewer).filter(reference=reference) if reference else None
    found = convoys.values_list("pk", flat=True).first() if convoys is not None else None
    if found is None:
        raise Http404
    return int(found)

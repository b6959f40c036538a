"""What every resource has in common: who may ask, which parameters are known, how answers are kept.

An answer carries a tag by which the asker can have it confirmed instead of sent again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from django.utils.cache import patch_vary_headers
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from convoys.api.etags import READING, Basis, Unchanged, is_named, tag_beforehand, tag_by_body, tags_named
from convoys.api.formats import files, negotiation
from convoys.api.formats.columns import Row, Table
from convoys.api.formats.geojson import Features
from convoys.api.moments import ASKED, moment_of, moment_shown
from convoys.api.ordering import ORDERING
from convoys.api.pagination import KeysetPagination, PaginationOfADay
from convoys.api.parameters import Parameter, TableOfParameters, refuse_unknown_parameters
from convoys.api.shaping import WHOLE, Shape, names_taken, shape_of
from convoys.queries.as_of import Moment
from convoys.queries.visibility import Viewer, viewer_of


class ReadView(APIView):
    """A resource that is read. An unknown parameter is an error; answers are private to the asker.

    Where `is_of_a_day` it can be asked about another moment, and answers with `moment`; where `is_sparse`
    for single keys; and to show whole what is `expandable`.

    It can be asked for as a `table`, and as `features` for maps.

    `basis` is what the answer depends on. While the moment asked about is now, figures grow where it
    `runs_on`, and where it `goes_by_now` rows are those that have begun.
    """

    is_of_a_day: ClassVar[bool] = False
    is_sparse: ClassVar[bool] = False
    expandable: ClassVar[Sequence[str]] = ()
    basis: ClassVar[Basis] = Basis.ANSWER
    runs_on: ClassVar[bool] = False
    goes_by_now: ClassVar[bool] = False
    parameters: ClassVar[Sequence[Parameter]] = ()
    table: ClassVar[Table | None] = None
    features: ClassVar[Features | None] = None
    has_hashtags = False
    shape: Shape = WHOLE
    tag: str | None = None
    moment: Moment = Moment()
    is_backfilled = False

    @property
    def viewer(self) -> Viewer:
        return viewer_of(self.request.user)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        of_a_day = ASKED if self.is_of_a_day else ()
        shaping = (*names_taken(self), *negotiation.names_taken(self))
        refuse_unknown_parameters(request, [*self.valid_parameters(), *shaping, *of_a_day])
        self.has_hashtags = negotiation.wants_hashtags(self)
        self.shape = negotiation.shape_in_format(self, shape_of(request, self))
        if self.is_of_a_day:
            self.moment = moment_of(request)
        if request.method in READING:
            is_of_now = self.moment.as_of is None
            by_now = is_of_now and (self.goes_by_now or self.moment.known_at is not None)
            runs_on = is_of_now and (self.runs_on or self._is_by_clock())
            self.tag = tag_beforehand(request, Basis.ANSWER if runs_on else self.basis, self.moment, by_now)
            if self.tag and is_named(request, self.tag):
                raise Unchanged

    def get_renderers(self) -> list[BaseRenderer]:
        return [*super().get_renderers(), *negotiation.renderers_of(self)]

    def _is_by_clock(self) -> bool:
        """Whether the query gives a parameter that the clock has a say in."""
        return any(row.by_clock and row.name in self.request.query_params for row in self.parameters)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, Unchanged):
            return Response(status=304)
        response: Response = super().handle_exception(exc)
        return response

    def moment_shown(self) -> dict[str, Any]:
        """What goes with an answer about a moment."""
        return {"moment": moment_shown(self.moment, self.is_backfilled)} if self.is_of_a_day else {}

    def valid_parameters(self) -> Iterable[str]:
        return ()

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        if response.status_code == 200 and request.method in READING:
            files.describe(self, response)
            if self.tag and tags_named(request) == ["*"]:  # known only now: there is something to have
                response = Response(status=304)
            elif self.tag is None and isinstance(response, Response):
                response.add_post_render_callback(tag_by_body(request))
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.tag and response.status_code in (200, 304):
            response["ETag"] = self.tag
        response.headers.setdefault("Cache-Control", "private, no-cache")
        patch_vary_headers(response, ["Accept", "Authorization", "Cookie"])
        return response


class ListView(ReadView, ListAPIView):
    """A page of rows in order of `key`, narrowed by `parameters`. `context_of` gathers what the rows name.

    `orders` are those that can be asked for besides, by name the column; the first is the default. Those in
    `orders_of_now` say nothing of another day.
    """

    key: ClassVar[str] = "pk"
    orders: ClassVar[Mapping[str, str]] = {}
    orders_of_now: ClassVar[frozenset[str]] = frozenset()
    filter_backends = (TableOfParameters,)
    pagination_class = KeysetPagination
    serializer_class: type[BaseSerializer]

    def valid_parameters(self) -> Iterable[str]:
        paging = (KeysetPagination.cursor_parameter, KeysetPagination.page_size_parameter)
        ordering = (ORDERING,) if self.orders else ()
        return [*(parameter.name for parameter in self.parameters), *ordering, *paging]

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if files.is_whole_file(request):
            return files.whole_file(self)  # type: ignore[return-value]  # the stubs know no files
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        response = self.get_paginated_response(self.shown(page))
        response.data.update(self.moment_shown())
        return response

    def pages(self) -> Iterator[Sequence[Row]]:
        """All of the list, as rows of JSON."""
        return files.pages_of(self)

    def shown(self, page: Sequence[Any]) -> Sequence[Any]:
        """A page's rows as the answer has them."""
        rows = self.rows_of(page)
        serializer = self.serializer_class(rows, many=True, context=self.context_of(rows))
        data: Sequence[Any] = self.shape.cut(serializer).data
        return data

    def rows_of(self, page: Sequence[Any]) -> Sequence[Any]:
        """What the serializer shows of a page's rows; the rows themselves unless a view says otherwise."""
        return page

    def context_of(self, rows: Sequence[Any]) -> dict[str, Any]:
        return {}


class ListOfADay(ListView):
    """A list that can be asked about another moment: what stands on the page is what was so then."""

    is_of_a_day = True
    pagination_class = PaginationOfADay


class DetailView(ReadView, GenericAPIView):
    """One thing by its code. What the asker may not see is not found."""

    lookup_field = "code"
    filter_backends = ()
    pagination_class = None
    serializer_class: type[BaseSerializer]

    def get(self, request: Request, **kwargs: str) -> Response:
        found, context = self.find(**kwargs)
        shown = self.serializer_class(found, context=context | self.moment_shown())
        return Response(self.shape.cut(shown).data)

    def find(self, code: str) -> tuple[Any, dict[str, Any]]:
        """The thing and what its serializer needs besides. Raises Http404."""
        raise NotImplementedError

"""What every resource has in common: who may ask, which parameters are known, how answers are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.utils.cache import patch_vary_headers
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

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
    """

    is_of_a_day: ClassVar[bool] = False
    is_sparse: ClassVar[bool] = False
    expandable: ClassVar[Sequence[str]] = ()
    shape: Shape = WHOLE
    moment: Moment = Moment()
    is_backfilled = False

    @property
    def viewer(self) -> Viewer:
        return viewer_of(self.request.user)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        of_a_day = ASKED if self.is_of_a_day else ()
        refuse_unknown_parameters(request, [*self.valid_parameters(), *names_taken(self), *of_a_day])
        self.shape = shape_of(request, self)
        if self.is_of_a_day:
            self.moment = moment_of(request)

    def moment_shown(self) -> dict[str, Any]:
        """What goes with an answer about a moment."""
        return {"moment": moment_shown(self.moment, self.is_backfilled)} if self.is_of_a_day else {}

    def valid_parameters(self) -> Iterable[str]:
        return ()

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        patch_vary_headers(response, ["Authorization", "Cookie"])
        return response


class ListView(ReadView, ListAPIView):
    """A page of rows in order of `key`, narrowed by `parameters`. `context_of` gathers what the rows name.

    `orders` are those that can be asked for besides, by name the column; the first is the default. Those in
    `orders_of_now` say nothing of another day.
    """

    key: ClassVar[str] = "pk"
    orders: ClassVar[Mapping[str, str]] = {}
    orders_of_now: ClassVar[frozenset[str]] = frozenset()
    parameters: ClassVar[Sequence[Parameter]] = ()
    filter_backends = (TableOfParameters,)
    pagination_class = KeysetPagination
    serializer_class: type[BaseSerializer]

    def valid_parameters(self) -> Iterable[str]:
        paging = (KeysetPagination.cursor_parameter, KeysetPagination.page_size_parameter)
        ordering = (ORDERING,) if self.orders else ()
        return [*(parameter.name for parameter in self.parameters), *ordering, *paging]

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        rows = self.rows_of(page)
        shown = self.serializer_class(rows, many=True, context=self.context_of(rows))
        response = self.get_paginated_response(self.shape.cut(shown).data)
        response.data.update(self.moment_shown())
        return response

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

"""A NUL in an address: PostgreSQL cannot even be asked about it, and that is the asker's mistake."""

from __future__ import annotations

from collections.abc import Callable

from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import get_resolver


class NulIsABadRequestMiddleware:
    """Answer 400 where a query fails for a NUL: forms refuse one before, lists and keys do not."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        if not isinstance(exception, DataError | ValueError) or "NUL" not in str(exception):
            return None
        page: Callable[..., HttpResponseBase] = get_resolver().resolve_error_handler(400)
        return page(request, exception=exception)

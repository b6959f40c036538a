"""Pages of allauth that this tracker does not offer."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse


def closed(request: HttpRequest) -> HttpResponse:
    """Not here. Raises Http404, whoever asks."""
    raise Http404

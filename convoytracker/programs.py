"""What answers to programs need on their way out, and pages for people do not."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

# Compressed in itself; a second time would cost time and save nothing.
PACKED = frozenset({"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"})


class ProgramsMiddleware(GZipMiddleware):
    """Compress what is asked for with a token; say nothing of the length of what is not sent.

    Answers to a session are never compressed. Whoever can make a browser ask and see how long the
    answers are could try, letter by letter, what stands in them (BREACH): a browser sends its cookies
    by itself, but a token never.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not request.path.startswith("/api/"):
            return response
        patch_vary_headers(response, ["Accept-Encoding"])
        if response.status_code == 304:
            del response["Content-Length"]  # it would be that of the whole answer, or nothing at all
            return response
        if response.headers.get("Content-Type") in PACKED:
            return response
        if request.META.get("HTTP_AUTHORIZATION", "")[:7].lower() != "bearer ":
            return response
        return super().process_response(request, response)

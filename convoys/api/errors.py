"""Turns every error into a problem document: those of REST framework, and those of Django itself."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.encoding import iri_to_uri
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings

from convoys.api.problems import PROBLEM_JSON, PROBLEM_KINDS, ApiProblem, Errors, ProblemKind, problem_body

# By class, most special first. The sentence is REST framework's own unless one stands here.
KIND_OF: tuple[tuple[type[Exception], str, str], ...] = (
    (exceptions.NotAuthenticated, "not-authenticated", "Send a token: Authorization: Bearer ct_…"),
    (exceptions.AuthenticationFailed, "invalid-token", ""),
    (exceptions.PermissionDenied, "forbidden", ""),
    (DjangoPermissionDenied, "forbidden", "This account may not do this."),
    (exceptions.NotFound, "not-found", "Nothing that you may see is here."),
    (Http404, "not-found", "Nothing that you may see is here."),
    (exceptions.MethodNotAllowed, "method-not-allowed", ""),
    (exceptions.NotAcceptable, "not-acceptable", ""),
    (exceptions.UnsupportedMediaType, "unsupported-media-type", ""),
    (exceptions.Throttled, "too-many-requests", ""),
    (exceptions.ValidationError, "invalid-parameter", ""),
    (SuspiciousOperation, "bad-request", "The request cannot be read."),
    (exceptions.APIException, "bad-request", ""),
)


def problem_response(exc: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's exception handler. None for what is our own fault, which Django then logs."""
    found = _kind_of(exc)
    if found is None:
        return None
    kind, detail, errors = found
    headers = {}
    if getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = str(exc.auth_header)  # type: ignore[attr-defined]
    if getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(exc.wait))  # type: ignore[attr-defined]
    body = problem_body(kind, detail, _path_of(context["request"]), errors)
    return Response(body, status=kind.status, headers=headers, content_type=PROBLEM_JSON)


def _kind_of(exc: Exception) -> tuple[ProblemKind, str, Errors] | None:
    if isinstance(exc, ApiProblem):
        return exc.kind, str(exc.detail), exc.errors
    for cls, code, sentence in KIND_OF:
        if isinstance(exc, cls):
            kind = PROBLEM_KINDS[code]
            if isinstance(exc, exceptions.ValidationError):
                errors = _errors_of(exc)
                return kind, " ".join(f"{e['parameter']}: {e['detail']}" for e in errors), errors
            return kind, sentence or str(getattr(exc, "detail", "")) or kind.title, ()
    return None


def _errors_of(exc: exceptions.ValidationError) -> Errors:
    detail = exc.detail
    if not isinstance(detail, dict):
        detail = {api_settings.NON_FIELD_ERRORS_KEY: detail}
    return [
        {"parameter": str(name), "detail": str(sentence)}
        for name, sentences in detail.items()
        for sentence in (sentences if isinstance(sentences, list) else [sentences])
    ]


def _path_of(request: Any) -> str:
    return str(iri_to_uri(request.path))


def _is_for_programs(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def plain_problem(request: HttpRequest, code: str, detail: str) -> JsonResponse:
    """A problem document outside of any API view."""
    kind = PROBLEM_KINDS[code]
    body = problem_body(kind, detail, _path_of(request))
    response = JsonResponse(
        body, status=kind.status, content_type=PROBLEM_JSON, json_dumps_params={"ensure_ascii": False}
    )
    response["Cache-Control"] = "no-store"
    return response


# Django's own error pages (handler400 and so on of the project's urls): problem documents under
# /api/, the usual pages elsewhere.


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if _is_for_programs(request):
        return plain_problem(request, "bad-request", "The request cannot be read.")
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if _is_for_programs(request):
        return plain_problem(request, "forbidden", "This account may not do this.")
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if _is_for_programs(request):
        return nowhere(request)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    if _is_for_programs(request):
        return plain_problem(request, "internal-error", "Something failed on our side. It was logged.")
    return defaults.server_error(request)


@csrf_exempt  # a problem document for every method, not the page for forms without a token
def nowhere(request: HttpRequest, **_: str) -> HttpResponse:
    """Whatever else is asked for under /api/."""
    return plain_problem(request, "not-found", "No resource has this address. See /api/v1 for all.")

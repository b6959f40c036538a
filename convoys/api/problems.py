"""What can go wrong when a program asks, each kind with a stable address (RFC 9457).

Every error under `/api/` is one of these kinds, as `application/problem+json`; its `type` leads to
the page that explains it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.conf import settings
from rest_framework.exceptions import APIException

from convoytracker.logs import request_id

PROBLEM_JSON = "application/problem+json"
PROBLEMS_PATH = "/api/v1/problems/"
# What went wrong where: {"parameter": ..., "detail": ...}.
Errors = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class ProblemKind:
    """One kind of error: its code never changes its meaning."""

    code: str
    status: HTTPStatus
    title: str
    description: str

    @property
    def type_uri(self) -> str:
        return f"{settings.SITE_URL}{PROBLEMS_PATH}{self.code}"


PROBLEM_KINDS: dict[str, ProblemKind] = {
    kind.code: kind
    for kind in (
        ProblemKind(
            "bad-request",
            HTTPStatus.BAD_REQUEST,
            "The request cannot be read",
            "The request as a whole is not well formed, for instance because it has thousands of parameters.",
        ),
        ProblemKind(
            "unknown-parameter",
            HTTPStatus.BAD_REQUEST,
            "A parameter is not known here",
            "The address has a query parameter that this resource does not know. `errors` names it, and"
            " `detail` the ones that are valid. Nothing is ignored in silence: a misspelt filter would "
            "answer another question.",
        ),
        ProblemKind(
            "invalid-parameter",
            HTTPStatus.BAD_REQUEST,
            "A parameter has a value that cannot be taken",
            "`errors` names each parameter and what is wrong with its value: a code that nothing on "
            "record has, a state that does not exist, a page size out of range.",
        ),
        ProblemKind(
            "invalid-cursor",
            HTTPStatus.BAD_REQUEST,
            "The cursor is not one of ours",
            "Cursors come from `next` and `previous` of an earlier answer and are used as they are. "
            "Start again without one.",
        ),
        ProblemKind(
            "not-authenticated",
            HTTPStatus.UNAUTHORIZED,
            "Who is asking?",
            "Send a token as `Authorization: Bearer ct_…`. Make one, signed in, on the page "
            "`/tokens`, or ask the desk for one.",
        ),
        ProblemKind(
            "invalid-token",
            HTTPStatus.UNAUTHORIZED,
            "The token is not valid",
            "The token is unknown, expired or revoked, or its account was closed. Make another on the page "
            "`/tokens`, or ask the desk.",
        ),
        ProblemKind(
            "forbidden",
            HTTPStatus.FORBIDDEN,
            "The account may not do this",
            "The account is known but has neither a staff role nor an organisation, or what it asks "
            "is for others to do.",
        ),
        ProblemKind(
            "missing-scope",
            HTTPStatus.FORBIDDEN,
            "The token does not open this",
            "A token opens what its scopes say: `read` whatever is asked for, `manage` what changes "
            "subscriptions, webhooks and accounts, `tokens` making and revoking tokens. `detail` names "
            "the one that is missing. A sign-in by browser only reads.",
        ),
        ProblemKind(
            "not-found",
            HTTPStatus.NOT_FOUND,
            "Nothing is here",
            "Nothing on record that this account may see has this address. What it may not see answers "
            "the same.",
        ),
        ProblemKind(
            "method-not-allowed",
            HTTPStatus.METHOD_NOT_ALLOWED,
            "This method is not allowed here",
            "The header `Allow` lists what is possible. Of convoys and their record version 1 only reads.",
        ),
        ProblemKind(
            "not-acceptable",
            HTTPStatus.NOT_ACCEPTABLE,
            "No such format",
            "The resource has no format that `Accept` or `format` allows; `detail` names those that it has. "
            "All have `application/json`; errors are `application/problem+json`.",
        ),
        ProblemKind(
            "uri-too-long",
            HTTPStatus.REQUEST_URI_TOO_LONG,
            "The query is too long",
            "A query may have 8,000 characters. Ask in several requests.",
        ),
        ProblemKind(
            "unsupported-media-type",
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "The body's format is not known",
            "A body is JSON: `Content-Type: application/json`.",
        ),
        ProblemKind(
            "body-too-large",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "The body is too large",
            "A body may have 64 KiB.",
        ),
        ProblemKind(
            "unknown-field",
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "A field is not known here",
            "The body has a field that this resource does not know. `errors` names it, and `detail` the "
            "ones that are valid. Nothing is ignored in silence.",
        ),
        ProblemKind(
            "invalid-field",
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "A field has a value that cannot be taken",
            "`errors` names each field and what is wrong with it; nothing was written.",
        ),
        ProblemKind(
            "conflict",
            HTTPStatus.CONFLICT,
            "It does not stand so any more",
            "What the request would change has changed meanwhile, or is over. Look at it again.",
        ),
        ProblemKind(
            "key-reused",
            HTTPStatus.CONFLICT,
            "The key was used for something else",
            "The same `Idempotency-Key` came before with other contents. Nothing was written. Make a key "
            "for each thing that you send, and keep it for sending the same again.",
        ),
        ProblemKind(
            "too-many-requests",
            HTTPStatus.TOO_MANY_REQUESTS,
            "Too many requests",
            "Each token may ask a number of times a minute. `Retry-After` says in how many seconds to go on; "
            "`RateLimit` says with every answer how many requests are left, and for how many seconds.",
        ),
        ProblemKind(
            "internal-error",
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "Something failed on our side",
            "The fault is ours and was logged under `request_id`, which is also the answer's "
            "`X-Request-ID`. Try again; if it stays, tell the desk that number.",
        ),
    )
}


class ApiProblem(APIException):
    """Raise one of the kinds with a sentence about this case, and which parameters are at fault."""

    def __init__(self, code: str, detail: str, errors: Errors = ()) -> None:
        super().__init__(detail, code)
        self.kind = PROBLEM_KINDS[code]
        self.status_code = self.kind.status
        self.errors = list(errors)


def problem_body(kind: ProblemKind, detail: str, path: str, errors: Errors = ()) -> dict[str, Any]:
    """The document's members; `errors` is always there, so that programs need not ask."""
    return {
        "type": kind.type_uri,
        "title": kind.title,
        "status": int(kind.status),
        "detail": detail,
        "instance": path,
        "code": kind.code,
        "request_id": request_id.get(),
        "errors": [dict(error) for error in errors],
    }

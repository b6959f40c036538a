"""What drf-spectacular cannot see for itself: our tokens, and that every error is a problem document."""

from __future__ import annotations

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import force_instance
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS

from accounts.models import TokenScope
from convoys.api import moments, shaping
from convoys.api.bodies import Body
from convoys.api.formats import negotiation
from convoys.api.formats.schemas import SCHEMAS
from convoys.api.permissions import needed_scope
from convoys.api.problems import PROBLEM_JSON, PROBLEM_KINDS


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "convoys.api.authentication.BearerAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token `ct_…`, which is shown once when it is made. Operations that take "
            "more than its scope `read` name the scope.",
        }


class FaultSerializer(serializers.Serializer):
    parameter = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer):
    """An error (RFC 9457). `type` leads to what it means; `code` is its last part, for programs."""

    type = serializers.URLField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="About this case, for people.")
    instance = serializers.CharField(help_text="The path that was asked for.")
    code = serializers.ChoiceField(choices=list(PROBLEM_KINDS))
    request_id = serializers.CharField(help_text="The same as `X-Request-ID`: tell the desk.")
    errors = FaultSerializer(  # type: ignore[assignment]  # a serializer's own `errors` is another thing
        many=True, help_text="Which parameters or fields are at fault; empty where none is."
    )


# Beside what a resource answers. A detail without parameters still refuses unknown ones.
PROBLEMS = {
    400: "A parameter is unknown or has a value that cannot be taken.",
    401: "No token, or one that is not valid.",
    403: "The account has neither a staff role nor an organisation, or the token lacks the scope.",
    404: "Nothing that you may see is here.",
    406: "The resource has no such format.",
    414: "The query is too long.",
    429: "Too many requests; `Retry-After` says in how many seconds to go on.",
    500: "Something failed on our side.",
}
# Beside them, of what is written.
PROBLEMS_OF_WRITING = {
    409: "It has changed meanwhile, or the key was used for something else.",
    413: "The body is too large.",
    415: "A body is JSON.",
    422: "A field is unknown or has a value that cannot be taken.",
}


class ProblemAwareSchema(AutoSchema):
    """Adds the problem documents to every operation, and the moment to those that can be asked for one."""

    def get_auth(self) -> list[dict[str, list[str]]]:
        """What changes something takes a token; the scope that it needs stands beside it."""
        ways: list[dict[str, list[str]]] = super().get_auth()
        needed = needed_scope(self.view, self.method)
        if needed is None or needed == TokenScope.READ:
            return ways
        return [{BearerScheme.name: [str(needed)]}]

    def _map_serializer(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        schema = super()._map_serializer(serializer, direction, bypass_extensions)
        if isinstance(force_instance(serializer), Body):
            schema["additionalProperties"] = False
        if getattr(force_instance(serializer), "is_sparse", False):
            schema.pop("required", None)  # whoever asks for some keys gets no others
        return schema

    def _get_response_for_code(
        self, serializer: Any, status_code: str, media_types: Any = None, direction: Any = "response"
    ) -> dict[str, Any]:
        """What is a file has the shape of its format, and not that of the JSON it is made from."""
        response: dict[str, Any] = super()._get_response_for_code(
            serializer, status_code, media_types, direction
        )
        for media_type in SCHEMAS.keys() & response.get("content", {}).keys():
            response["content"][media_type] = {"schema": SCHEMAS[media_type]}
        return response

    def get_override_parameters(self) -> list[Any]:
        of_a_day = moments.PARAMETERS if getattr(self.view, "is_of_a_day", False) else []
        formats = negotiation.parameters_of(self.view) if hasattr(self.view, "table") else []
        return [*of_a_day, *shaping.parameters_of(self.view), *formats]

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        is_public = not self.view.authentication_classes
        writes = {} if self.method in SAFE_METHODS else PROBLEMS_OF_WRITING
        for status, description in sorted((PROBLEMS | writes).items()):
            if is_public and status in (401, 403, 429):
                continue
            answer = OpenApiResponse(ProblemSerializer, description=description)
            bodies[str(status)] = self._get_response_for_code(answer, str(status), [PROBLEM_JSON])
        return bodies

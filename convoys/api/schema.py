"""What drf-spectacular cannot see for itself: our tokens, and that every error is a problem document."""

from __future__ import annotations

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from convoys.api import moments
from convoys.api.problems import PROBLEM_JSON, PROBLEM_KINDS


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "convoys.api.authentication.BearerAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token `ct_…`, which the desk makes and shows once.",
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
    errors = FaultSerializer(  # type: ignore[assignment]  # a serializer's own `errors` is another thing
        many=True, help_text="Which parameters are at fault; empty where none is."
    )


# Beside what a resource answers. A detail without parameters still refuses unknown ones.
PROBLEMS = {
    400: "A parameter is unknown or has a value that cannot be taken.",
    401: "No token, or one that is not valid.",
    403: "The account has neither a staff role nor an organisation.",
    404: "Nothing that you may see is here.",
    406: "Only JSON is to be had.",
    414: "The query is too long.",
    429: "Too many requests; `Retry-After` says in how many seconds to go on.",
    500: "Something failed on our side.",
}


class ProblemAwareSchema(AutoSchema):
    """Adds the problem documents to every operation, and the moment to those that can be asked for one."""

    def get_override_parameters(self) -> list[Any]:
        return moments.PARAMETERS if getattr(self.view, "is_of_a_day", False) else []

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        is_public = not self.view.authentication_classes
        for status, description in PROBLEMS.items():
            if is_public and status in (401, 403, 429):
                continue
            answer = OpenApiResponse(ProblemSerializer, description=description)
            bodies[str(status)] = self._get_response_for_code(answer, str(status), [PROBLEM_JSON])
        return bodies

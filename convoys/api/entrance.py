"""The way in: the index of resources, the kinds of error explained, the OpenAPI file and its viewer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema, inline_serializer
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from convoys.api.base import ReadView
from convoys.api.errors import plain_problem
from convoys.api.etags import Basis
from convoys.api.permissions import IsReader
from convoys.api.problems import PROBLEM_KINDS, ProblemKind
from convoys.api.rendering import FastJsonRenderer

RESOURCES = (
    "convoys",
    "episodes",
    "events",
    "routes",
    "control-points",
    "organisations",
    "agreements",
    "tonne-days",
    "held-now",
    "durations",
    "ledger-head",
    "vocabulary",
    "claims",
    "subscriptions",
    "webhooks",
    "tokens",
    "me",
    "openapi.json",
    "problems",
)


class Index(ReadView):
    """Addresses of the resources of version 1."""

    scope_to_read = None
    basis = Basis.RELEASE

    @extend_schema(
        responses=inline_serializer("Index", {name: serializers.URLField() for name in RESOURCES}),
        operation_id="index",
        tags=["index"],
    )
    def get(self, request: Request) -> Response:
        return Response({name: reverse(f"api:{name}", request=request) for name in RESOURCES})


class ProblemKindSerializer(serializers.Serializer):
    """A kind of error: `type` is what problem documents of this kind carry."""

    type = serializers.URLField(source="type_uri")
    code = serializers.CharField()
    status = serializers.IntegerField()
    title = serializers.CharField()
    description = serializers.CharField()


class ProblemPageRenderer(BaseRenderer):
    """The same for people who follow the `type` of a problem: a page with nothing of whoever asks."""

    media_type = "text/html"
    format = "html"
    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> str | bytes:
        if data is None:
            return b""
        if (renderer_context or {})["response"].exception:
            return FastJsonRenderer().render(data)
        one = data if isinstance(data, Mapping) else None
        return render_to_string("api/problems.html", {"kinds": [one] if one else data, "one": one})


class ProblemView(ReadView):
    """What errors mean, for programs and for people; whoever asks needs no token."""

    basis = Basis.RELEASE
    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get_renderers(self) -> list[BaseRenderer]:
        return [*super().get_renderers(), ProblemPageRenderer()]


class ProblemList(ProblemView):
    """Every kind of error that the API answers with."""

    @extend_schema(responses=ProblemKindSerializer(many=True), operation_id="problems_list", auth=[])
    def get(self, request: Request) -> Response:
        return Response(ProblemKindSerializer(PROBLEM_KINDS.values(), many=True).data)


class ProblemDetail(ProblemView):
    """What one kind of error means, and what to do."""

    @extend_schema(responses=ProblemKindSerializer, operation_id="problems_retrieve", auth=[])
    def get(self, request: Request, code: str) -> Response:
        kind: ProblemKind | None = PROBLEM_KINDS.get(code)
        if kind is None:
            raise Http404
        return Response(ProblemKindSerializer(kind).data)


class OpenApi(ReadView, SpectacularJSONAPIView):
    """This description, for programs."""

    basis = Basis.RELEASE
    permission_classes = (IsReader,)
    serve_public = True

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().get(request, *args, **kwargs)
        return response


@csrf_exempt
def viewer(request: HttpRequest) -> HttpResponse:
    """The OpenAPI file to read and try, with the scripts of our own server alone."""
    if request.method not in ("GET", "HEAD"):
        response: HttpResponse = plain_problem(request, "method-not-allowed", "This page is only read.")
        response["Allow"] = "GET, HEAD"
        return response
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    return render(request, "api/viewer.html", {"section": "data"})

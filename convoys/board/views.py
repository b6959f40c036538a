"""The pages for readers. Everything is narrowed to the viewer in the queries; strangers sign in first."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from convoys.board.convoy import convoy_context
from convoys.board.rows import rows_of
from convoys.board.situation import situation_context
from convoys.models import Convoy, Route
from convoys.queries.board import with_places
from convoys.queries.convoy_page import convoy_of
from convoys.queries.visibility import viewer_of, visible_convoys
from convoys.vocabulary import State

PER_PAGE = 50


@login_required
@require_safe
def situation(request: HttpRequest) -> HttpResponse:
    """What is held, stopped and on the road now."""
    context = situation_context(viewer_of(request.user), timezone.now())
    template = "board/situation.html" if context["has_convoys"] else "board/empty.html"
    return render(request, template, {"section": "situation", **context})


@login_required
@require_safe
def convoy_list(request: HttpRequest) -> HttpResponse:
    """Every convoy this viewer may know of, found by reference, sponsor, place, state or route."""
    viewer = viewer_of(request.user)
    found = _found(visible_convoys(viewer).exclude(status=""), request)
    page = Paginator(
        with_places(found).order_by("is_exercise", "-registered_at", "reference"), PER_PAGE
    ).get_page(request.GET.get("page"))
    asked = {key: value for key, value in request.GET.items() if key != "page" and value}
    return render(
        request,
        "board/convoys.html",
        {
            "section": "convoys",
            "page": page,
            "rows": rows_of(page.object_list, timezone.now(), in_order=True),
            "asked": asked,
            "query": urlencode(asked),
            "states": State.choices,
            "routes": Route.objects.filter(convoys__in=visible_convoys(viewer)).distinct(),
        },
    )


def _found(convoys: QuerySet[Convoy], request: HttpRequest) -> QuerySet[Convoy]:
    words = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    if words:
        convoys = convoys.filter(
            Q(reference__icontains=words)
            | Q(other_references__number__icontains=words)
            | Q(organisations__organisation__name__icontains=words)
            | Q(origin__names__name__icontains=words)
            | Q(destination__names__name__icontains=words)
            | Q(stands_at__names__name__icontains=words)
        ).distinct()
    state = request.GET.get("status", "")
    if state in State.values:
        convoys = convoys.filter(status=state)
    route = request.GET.get("route", "").replace("\x00", "")
    if route:
        convoys = convoys.filter(route=route)
    return convoys


@login_required
@require_safe
def convoy_page(request: HttpRequest, reference: str) -> HttpResponse:
    """One convoy; another's gets the same answer as one that does not exist."""
    viewer = viewer_of(request.user)
    convoy = convoy_of(viewer, reference) if "\x00" not in reference else None
    if convoy is None:
        raise Http404
    return render(
        request, "board/convoy.html", {"section": "convoys", **convoy_context(viewer, convoy, timezone.now())}
    )


@login_required
@require_safe
def data(request: HttpRequest) -> HttpResponse:
    """Where programs find the same record."""
    return render(request, "board/data.html", {"section": "data"})
